# The packages that apply.sh will ask for, on descriptor 3.
# shellcheck shell=sh disable=SC1091
set -eu
. ./lib/step.sh
. ./tunnel.sh

is_debian_like || exit 0
choose_programs
printf '%s\n' "$PROGRAMS" >&3
