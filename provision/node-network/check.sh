# What apply.sh would change, by the same look. Exit status: 0 nothing, 2 something.
# shellcheck shell=sh disable=SC1091,SC2034
set -eu
STEP_CHECK=1
. ./apply.sh
finish_check
