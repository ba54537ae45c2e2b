# Packages of Debian, Ubuntu and Alpine.
# shellcheck shell=sh

# packages NAME…: installs those that are missing. On Debian and Ubuntu NAME=VERSION asks for that version.
packages() {
  missing=
  for package in "$@"; do
    package_present "$package" || missing="$missing $package"
  done
  if [ -z "$missing" ]; then
    ok "packages $*"
  else
    # shellcheck disable=SC2086
    change "packages$missing" install_packages $missing
    # shellcheck disable=SC2086
    [ -n "$STEP_CHECK" ] || really_present $missing
  fi
}

# apt-get takes a name that no package has for the one that provides it, or for an order; the next run would ask for it again.
really_present() {
  for package in "$@"; do
    package_present "$package" || fail "package $package: it is still not there after its installation$(other_names "${package%%=*}");" \
      "name the package itself: $(if is_debian_like; then echo "apt-cache policy"; else echo "apk search -e"; fi) ${package%%=*}"
  done
}

# other_names NAME: what provides it, in words.
other_names() {
  is_debian_like || return 0
  provided_by=$(apt-cache showpkg "$1" 2>/dev/null | awk '/^Reverse Provides:/ { found = 1; next } found && !seen[$1]++ { printf " %s", $1 }')
  [ -z "$provided_by" ] || printf '%s' ", for no package has that name; it is what these provide:$provided_by"
}

package_present() {
  if is_debian_like; then
    # A line of each architecture of which dpkg knows one.
    present=",$(dpkg-query -W -f '${db:Status-Status} ${Version},' "${1%%=*}" 2>/dev/null)," || return 1
    case $1 in *=*) wanted="${1#*=}," ;; *) wanted= ;; esac
    case $present in *",installed $wanted"*) return 0 ;; *) return 1 ;; esac
  else
    apk info -e "$1" >/dev/null 2>&1
  fi
}

# package_gone NAME: but for its configuration files. What a killed run has unpacked, or removed by half, is not.
package_gone() {
  if is_debian_like; then
    for package_state in $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null); do
      case $package_state in not-installed | config-files) ;; *) return 1 ;; esac
    done
  else
    ! package_present "$1"
  fi
}

install_packages() {
  if has_command apt-get && is_debian_like; then
    finish_packages
    lists_fresh || refresh_lists
    install_ahead "$@" || apt_get install "$@" || install_in_parts "$@"
  elif has_command apk; then
    retry "installation of $*" apk add --no-progress "$@"
  else
    fail "packages $*: neither apt-get nor apk is here; this role knows Debian, Ubuntu and Alpine"
  fi
}

# install_ahead NAME…: these, and along with them what later steps of this guest want: each call of apt-get takes seconds.
# Whatever speaks against it, those steps find out, and explain.
install_ahead() {
  ahead=
  for ahead_step in ./ahead/*/; do
    [ ! -f "${ahead_step}ahead.sh" ] || ask_ahead || :
  done
  sed -n '/^changed: /p' ./ahead/*/report 2>/dev/null | while read -r ahead_line; do report "$ahead_line"; done
  rm -rf ./ahead
  [ -n "$ahead" ] || return 1
  # shellcheck disable=SC2086
  if apt_get install "$@" $ahead; then
    report "changed: packages for later steps:$ahead"
  else
    forget_ahead
    return 1
  fi
}

# The names come on descriptor 3, in a file: a service that is started meanwhile may keep it open.
ask_ahead() {
  ln -s ../../lib "${ahead_step}lib" &&
    (cd "$ahead_step" && exec sh -euc '. ./settings.sh; . ./ahead.sh' ahead 3>./names >./said 2>&1) || return 1
  ahead_names=$(cat "${ahead_step}names")
  for ahead_name in $ahead_names; do
    package_present "$ahead_name" || ahead="$ahead $ahead_name"
  done
}

# A package whose own script failed would fail every call of apt-get.
forget_ahead() {
  set --
  for ahead_name in $ahead; do
    case $(dpkg-query -W -f '${db:Status-Status}' "${ahead_name%%=*}" 2>/dev/null) in
      unpacked | half-*) set -- "$@" "${ahead_name%%=*}" ;;
    esac
  done
  [ $# -eq 0 ] || apt_get remove "$@"
}

# apt-get has every file before it unpacks the first: a mirror that fails leaves every package as it was.
# After a failure, whose reason is one of these: an unknown name, what does not fit together, a mirror, or the package itself.
install_in_parts() {
  known_packages "$@"
  fitting_packages "$@"
  retry "download of $*" apt_get install --download-only "$@"
  apt_get install "$@"
}

# A run that was killed may have left packages unpacked and not configured.
finish_packages() {
  past_lock dpkg --configure -a || fail "dpkg --configure -a cannot finish what an earlier run has left; what it says is above"
}

# past_lock COMMAND…: what a killed run had begun may still have dpkg's lock, for whose end only apt-get waits. Says what fails.
past_lock() {
  for lock_pause in 1 2 4 8 15 30 60 60 60 60 last; do
    if "$@" >./past-lock 2>&1; then return 0; fi
    if [ "$lock_pause" = last ] || ! grep -q 'lock was locked' ./past-lock; then
      cat ./past-lock
      return 1
    fi
    sleep "$lock_pause"
  done
}

# A name that no list has will not be there at the next try either.
known_packages() {
  for package in "$@"; do
    known_package "$package" || {
      refresh_lists
      known_package "$package" || fail "package $package: the package lists of this $(os_release PRETTY_NAME)" \
        "have none of that name and version$(other_names "${package%%=*}"); look at: apt-cache policy ${package%%=*}"
    }
  done
}

# What does not fit together will not do so at the next try either.
fitting_packages() {
  apt_get --simulate install "$@" >./simulated 2>&1 || {
    sed '/^Reading\|^Building/d' ./simulated
    fail "packages $*: apt cannot install them here; what it says is above"
  }
}

known_package() {
  case $1 in
    *=*) apt-cache madison "${1%%=*}" | awk -F ' *[|] *' -v version="${1#*=}" '$2 == version { found = 1 } END { exit !found }' ;;
    *) apt-cache show --no-all-versions "$1" >/dev/null 2>&1 ;;
  esac
}

# candidates NAME…: `NAME VERSION` of each that the package lists have.
candidates() {
  apt-cache policy "$@" 2>/dev/null | awk '/^[^ ].*:$/ { name = substr($1, 1, length($1) - 1) } $1 == "Candidate:" && $2 != "(none)" { print name, $2 }'
}

# Pattern-Only: a name with a dot or a plus that no list has is not taken for a regular expression.
apt_get() {
  apt-get -qy -o APT::Cmd::Pattern-Only=true -o DPkg::Lock::Timeout=300 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --no-install-recommends \
    --allow-downgrades --allow-change-held-packages "$@"
}

# Without Error-Mode, apt-get update succeeds even when no mirror answered. Translations, the long descriptions that apt
# shows, take a quarter of its time and 35 MB, and no installation reads them: the guest's own updates fetch them.
refresh_lists() { retry "package lists" apt_get -o APT::Update::Error-Mode=any -o Acquire::Languages=none update; }

lists_fresh() { [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin -1440 2>/dev/null | head -n 1)" ]; }

# retry WHAT COMMAND…: five tries in about a minute; mirrors pause, and another apt may hold the lists.
retry() {
  retry_what=$1
  shift
  for retry_pause in 2 5 15 30 last; do
    if "$@"; then return 0; fi
    [ "$retry_pause" != last ] || break
    echo "$retry_what failed; next try in $retry_pause s: $*"
    sleep "$retry_pause"
    # The mirror may have changed since the lists were fetched, and have other versions now.
    case $* in "apt_get install "*) apt_get update || : ;; esac
  done
  fail "$retry_what failed five times: $*; does this guest reach its mirror and name server?"
}
