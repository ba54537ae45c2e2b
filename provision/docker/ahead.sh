# The packages that apply.sh will ask for first, on descriptor 3, when nothing speaks against installing them.
# shellcheck shell=sh disable=SC1091
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./traps.sh
. ./engine.sh

is_debian_like || exit 0
if [ "$SOURCE" = docker ]; then
  printf '%s\n' "$REPOSITORY_PROGRAMS" >&3
elif ! has_command dockerd && [ ! -e /etc/apt/sources.list.d/docker.sources ] && ! foreign; then
  look_for_traps
  distribution_packages
  set_daemon
  printf '%s\n' "$ENGINE" >&3
fi
