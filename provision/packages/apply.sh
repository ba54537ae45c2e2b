# Packages that are installed, held or absent. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/holds.sh

add_pinned() { case $1 in *=*) printf '%s\n' "${1%%=*}" ;; esac; }

set_absent() {
  items packages_absent >./absent
  gone=
  for package in $(items packages_absent); do
    if package_gone "$package"; then ok "$package absent"; else gone="$gone $package"; fi
  done
  [ -n "$gone" ] || return 0
  ! is_debian_like || refuse_others
  change "packages removed:$gone" remove_packages
}

# Removing one package must not take along others that nobody named.
refuse_others() {
  # shellcheck disable=SC2086
  apt_get --simulate remove $gone >./simulated 2>&1 || {
    cat ./simulated
    fail "packages_absent: apt cannot remove$gone; what it says is above"
  }
  others=$(awk '$1 == "Remv" || $1 == "Purg" { print $2 }' ./simulated | grep -vxF -f ./absent | tr '\n' ' ')
  [ -z "$others" ] || fail "packages_absent: removing$gone would also remove ${others% }; nothing was removed." \
    "Add them to packages_absent if they may go"
}

remove_packages() {
  half=
  ! is_debian_like || half=$(not_whole)
  # shellcheck disable=SC2086
  if ! is_debian_like; then
    apk del --no-progress $gone
  elif [ -n "$half" ]; then
    finish_removal
  else
    finish_packages
    apt_get remove $gone
  fi
  for package in $gone; do
    package_gone "$package" || fail "packages_absent: $package is still there, for another package needs it"
  done
}

not_whole() {
  for package in $gone; do package_present "$package" || printf ' %s' "$package"; done
}

# What a killed run has removed by half cannot be configured, nor can what needs it; apt-get would want that first.
finish_removal() {
  # shellcheck disable=SC2086
  past_lock dpkg --remove --force-remove-reinstreq $gone ||
    fail "packages_absent: an earlier run has left$half half installed, and dpkg cannot remove$gone; what it says is above"
  finish_packages
}

set_installed() {
  [ "${packages_install_COUNT:-0}" -gt 0 ] || return 0
  # shellcheck disable=SC2046
  packages $(items packages_install)
  is_debian_like || unpin
}

# apk keeps a version that was asked for, until the name is asked for without one.
unpin() {
  for package in $(items packages_install); do
    case $package in *=*) continue ;; esac
    if grep -q "^$package=" /etc/apk/world 2>/dev/null; then
      change "$package no longer pinned" apk add --no-progress "$package"
    fi
  done
}

set_held() {
  if is_debian_like; then
    HOLD_SETTING=packages_hold
    # shellcheck disable=SC2046
    hold_packages packages $(each packages_install add_pinned) $(items packages_hold)
  elif [ "${packages_hold_COUNT:-0}" -gt 0 ]; then
    skip "packages_hold" "apk holds nothing back; write name=version in packages_install"
  fi
}

set_absent
set_installed
set_held
