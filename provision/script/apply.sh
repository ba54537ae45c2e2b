# Scripts of the operator's own. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh

STEP=$PWD

set_snippet() {
  entry=$1
  name=$(setting "$1_name")
  shell=$(setting "$1_shell")
  has_command "${shell:-sh}" || [ -n "$STEP_CHECK" ] || fail "$name: there is no ${shell} here; add it to packages_install"
  write_values
  if is_done; then
    ok "$name"
  else
    change "$name" apply_snippet
  fi
}

# Settings are read anew from where they lie, quoted already: a value is never text of a script.
write_values() {
  {
    echo ". '$STEP/settings.sh'"
    # shellcheck disable=SC2016
    echo "[ ! -f '$STEP/secrets.sh' ] || . '$STEP/secrets.sh'"
    entries "${entry}_values" write_value
  } >./values
}

# A name of the environment, such as USER, would be exported with its new value.
write_value() {
  value_name=$(setting "$1_name")
  # shellcheck disable=SC2016
  printf 'unset -v %s; %s=$%s_value\n' "$value_name" "$value_name" "$1"
}

# run PART: in a shell and an empty folder of its own, with the rights for files that an operator expects.
# shellcheck disable=SC2016
run() {
  setting "${entry}_$1" >"./$entry.$1"
  work=$(mktemp -d ./work.XXXXXX)
  set -- -euc '. "$0/values"; . "$1"' "$STEP" "$STEP/$entry.$1"
  # What bash finds when it thinks that a connection started it is written for people, and is no part of this script.
  [ "$shell" != bash ] || set -- --norc --noprofile "$@"
  ran=0
  (cd "$work" && umask 022 && unset -v BASH_ENV && exec "${shell:-sh}" "$@" </dev/null) || ran=$?
  rm -rf "$work"
  return "$ran"
}

# is_done: leaves what is missing in $missing.
is_done() {
  missing=
  path=$(setting "${entry}_creates")
  if [ -n "$path" ] && [ ! -e "$path" ] && [ ! -L "$path" ]; then
    missing="creates: there is no $path"
    return 1
  fi
  passes unless && passes check
}

passes() {
  [ -n "$(setting "${entry}_$1")" ] || return 0
  passed=0
  run "$1" || passed=$?
  missing="$1: it ends with status $passed"
  return "$passed"
}

apply_snippet() {
  ran=0
  run apply || ran=$?
  [ "$ran" -eq 0 ] || fail "$name: its apply ends with status $ran; what it said is above"
  is_done || fail "$name: its apply ended well, but it is still not done: $missing"
}

entries script_snippets set_snippet
