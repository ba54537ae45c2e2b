# systemd's own opinion on units, before any of them is installed.
# shellcheck shell=sh disable=SC2154

# A drop-in alone makes no unit. One whose file is there already was accepted before.
expect_units() {
  unknown=
  while IFS= read -r file <&3; do
    unit=$(unit_of "$file")
    if [ "$unit" = "$file" ] || is_installed "$file" || is_unit "$unit"; then continue; fi
    unknown="$unknown $unit"
  done 3<./wanted
  [ -n "$unknown" ] || return 0
  # In a check what brings them may not have been done yet.
  if [ -n "$STEP_CHECK" ]; then
    note "a drop_in is for what is no unit here as things are:$unknown"
  else
    fail "systemd_units: a drop_in is for what is no unit here:$unknown. Nothing was installed. Correct the name" \
      "(systemctl list-unit-files shows those that are here), add its package to packages_install, or give the unit's content"
  fi
}

is_unit() {
  case $1 in
    # What a drop-in says of all units whose names begin so, systemd.unit(5).
    *-."${1##*.}") return 0 ;;
    *@.*) [ -f "./units/$1" ] || systemctl cat "$1" >/dev/null 2>&1 ;;
    *) [ -f "./units/$1" ] || [ -f "./units/${1%%@*}@.${1##*.}" ] || service_known "$1" ;;
  esac
}

verify_units() {
  expect_units
  : >./refused
  while IFS= read -r file <&3; do
    if is_installed "$file" || ! has_command systemd-analyze; then continue; fi
    if accepted "$file"; then continue; fi
    # Paths of this run mean nothing to the operator.
    sed "s|$PWD/units/||g" ./said >>./refused
  done 3<./wanted
  [ -s ./refused ] || return 0
  awk '!said[$0]++' ./refused
  # In a check what units refer to may not have been installed yet.
  if [ -n "$STEP_CHECK" ]; then
    note "systemd would refuse units as things are: $(head -n 1 ./refused)"
  else
    fail "systemd refuses units, so none was installed; what it says is above"
  fi
}

# accepted FILE: without a warning about this file either, such as a key that systemd does not know and would leave out.
accepted() {
  if [ "$(unit_of "$1")" = "$1" ]; then
    analyze "$PWD/units/$1" && no_warning "$1"
  elif analyze "$(unit_of "$1")"; then
    no_warning "$1"
  else
    # The package's own unit may be wrong already.
    no_warning "$1" && ! systemd-analyze verify --man=no "$(unit_of "$1")" >/dev/null 2>&1
  fi
}

analyze() { SYSTEMD_UNIT_PATH="$PWD/units:" systemd-analyze verify --man=no "$1" >./said 2>&1; }

no_warning() { ! grep -qF -e "$PWD/units/$1:" ./said; }
