# What every role's apply.sh begins with: `. ./lib/step.sh`.
#
# A role looks, then acts: each thing it wants ends in `ok` when it is so, in `change` when it is not. With STEP_CHECK set
# nothing is changed, and `change` only says what would. Afterwards STEP_LAST is "ok" or "changed" (in a check, too).
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
STEP_CHECK=${STEP_CHECK:-}
STEP_LAST=ok
STEP_DOING=
STEP_COMMAND=

. ./lib/system.sh
. ./lib/files.sh
. ./lib/packages.sh
. ./lib/services.sh

# One line for the operator, the same line in the output that is shown when the step fails.
report() {
  printf '%s\n' "$*"
  printf '%s\n' "$*" >>./report
}

# ok WHAT
ok() {
  STEP_LAST=ok
  report "ok: $*"
}

# skip WHAT WHY: it does not apply here.
skip() {
  STEP_LAST=ok
  report "skipped: $1: $2"
}

# note TEXT: something that the operator should know or do.
note() { report "note: $*"; }

# fail TEXT: ends the step.
fail() {
  STEP_DOING=
  printf 'error: %s\n' "$*"
  exit 1
}

# change WHAT COMMAND [ARGUMENT…]: the command runs bare, so that under set -e its failure ends the step.
change() {
  STEP_LAST=changed
  STEP_DOING=$1
  if [ -n "$STEP_CHECK" ]; then
    report "would change: $STEP_DOING"
  else
    shift
    STEP_COMMAND=$*
    "$@"
    report "changed: $STEP_DOING"
  fi
  STEP_DOING=
}

# The last line of check.sh: 0 nothing would change, 2 something would.
finish_check() {
  : >./finished
  ! grep -q '^would change: ' ./report || exit 2
  exit 0
}

# each LIST FUNCTION: calls FUNCTION with every item of a list setting.
each() {
  eval "each_count=\${${1}_COUNT:-0}"
  each_index=0
  while [ "$each_index" -lt "$each_count" ]; do
    eval "each_item=\$${1}_$each_index"
    each_index=$((each_index + 1))
    "$2" "$each_item"
  done
}

# items LIST: one a line.
items() { each "$1" print_item; }
print_item() { printf '%s\n' "$1"; }

# setting NAME: the value of the setting of that name, empty when it is not set.
setting() { eval "printf '%s' \"\${$1:-}\""; }

# step_ended STATUS: says what a command was for that ended the step.
step_ended() { [ "$1" -eq 0 ] || [ -z "$STEP_DOING" ] || printf 'error: %s: %s ended with status %s\n' "$STEP_DOING" "$STEP_COMMAND" "$1"; }
trap 'step_ended $?' EXIT
