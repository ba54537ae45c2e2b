# systemd units of the inventory. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./verify.sh
. ./running.sh

UNITS=/etc/systemd/system
DROP_IN=60-proxmox-lab.conf
# Units that this role has started since the boot.
RAN=/run/proxmox-lab-started

# stage ENTRY: writes what is wanted to ./units, and lists the files in ./wanted.
stage() {
  name=$(setting "$1_name")
  if [ -n "$(setting "$1_content")" ]; then
    setting "$1_content" >"./units/$name"
    printf '%s\n' "$name" >>./wanted
  fi
  if [ -n "$(setting "$1_drop_in")" ]; then
    mkdir "./units/$name.d"
    setting "$1_drop_in" >"./units/$name.d/$DROP_IN"
    printf '%s\n' "$name.d/$DROP_IN" >>./wanted
  fi
}

is_installed() { file_is "./units/$1" "$UNITS/$1" 644 root:root; }

# The unit that a file belongs to.
unit_of() { printf '%s' "${1%%.d/"$DROP_IN"}"; }

install_units() {
  while IFS= read -r file <&3; do
    if ! is_installed "$file"; then
      owe_change "$file"
      same_install_section "$file" || owe systemd-owed "enable-anew $unit"
      remember_found "$file"
      remember_also systemd-units "$file"
    fi
    make_parent "$UNITS/${file%/*}"
    install_file "$UNITS/$file" 644 <"./units/$file"
  done 3<./wanted
}

# owe_change FILE: leaves in $unit whose it is.
owe_change() {
  unit=$(unit_of "$1")
  owe systemd-owed reload-manager
  owe systemd-owed "changed $unit"
}

# A unit of that name which somebody else has put there. Drop-ins have a name of their own.
remember_found() {
  if [ "$unit" != "$1" ] || { [ ! -e "$UNITS/$1" ] && [ ! -L "$UNITS/$1" ]; }; then return 0; fi
  ! remembered systemd-units | grep -qxF -e "$1" || return 0
  note "$UNITS/$1 was there before, and is written anew; it will stay when it leaves the inventory"
  remember_also systemd-found "$1"
}

make_parent() { [ ! -d "./units/${1##*/}" ] || [ -d "$1" ] || change "$1" install -d -m 755 "$1"; }

same_install_section() {
  [ -f "$UNITS/$1" ] || return 0
  sed -n '/^\[Install\]/,$p' "$UNITS/$1" >./install-before
  sed -n '/^\[Install\]/,$p' "./units/$1" | cmp -s ./install-before -
}

remove_units() {
  remembered systemd-units >./before
  remembered systemd-found >./found
  : >./after
  while IFS= read -r file <&3; do
    if grep -qxF -e "$file" ./wanted; then
      printf '%s\n' "$file" >>./after
    else
      remove_unit "$file" 3<&-
    fi
  done 3<./before
  remember systemd-units <./after
  [ ! -s ./found ] || sort ./after ./found | uniq -d | remember systemd-found
}

# A unit that nothing else brings is stopped before its file goes.
remove_unit() {
  unit=$(unit_of "$1")
  if grep -qxF -e "$1" ./found; then
    note "$unit is no longer in the inventory; it was there before, and stays as it is"
  elif [ "$unit" = "$1" ] && ! comes_with_package "$unit"; then
    change "$unit stopped and removed" forget_unit "$unit"
  elif [ -e "$UNITS/$1" ]; then
    owe_change "$1"
    [ "$unit" != "$1" ] || owe systemd-owed "enable-anew $unit"
    remove_file "$UNITS/$1"
    [ -n "$STEP_CHECK" ] || [ "$unit" = "$1" ] || rmdir "$UNITS/$unit.d" 2>/dev/null || :
  fi
}

# systemd.unit(5), "Unit File Load Path": what is behind a file in /etc, be it a template, or what a generator makes of
# /etc/fstab and of scripts in /etc/init.d.
comes_with_package() {
  for folder in /usr/local/lib /usr/lib /lib; do
    [ ! -e "$folder/systemd/system/$1" ] && [ ! -e "$folder/systemd/system/${1%%@*}@.${1##*.}" ] || return 0
  done
  for folder in /run/systemd/generator /run/systemd/generator.late; do
    [ ! -e "$folder/$1" ] || return 0
  done
  return 1
}

# Whatever of it is gone already is no error.
forget_unit() {
  case $1 in
    *@.*) systemctl stop "${1%%@.*}@*.${1##*.}" ;;
    *) systemctl stop "$1" 2>/dev/null || ! service_active "$1" || fail "$1 cannot be stopped" ;;
  esac
  systemctl disable --quiet "$1" 2>/dev/null || :
  rm -f "$UNITS/$1"
  systemctl daemon-reload
  systemctl reset-failed "$1" 2>/dev/null || :
}

reload_manager() {
  owed systemd-owed reload-manager || return 0
  change "units loaded anew" systemctl daemon-reload
  paid systemd-owed reload-manager
}

[ -n "$STEP_CHECK" ] || has_systemd || fail "systemd-unit: systemd does not run here"
mkdir ./units
: >./wanted
: >./entries
: >./watched
entries systemd_units stage
verify_units
remove_units
install_units
reload_manager
entries systemd_units set_running
settle
