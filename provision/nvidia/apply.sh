# The user-space part of NVIDIA's driver, for the kernel module that the node has loaded. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/holds.sh
. ./lib/nvidia.sh
. ./cards.sh
. ./driver.sh
. ./toolkit.sh

RUNFILE=$(setting nvidia_cfg_runfile_version)
DRIVER=$(setting nvidia_cfg_driver)
[ -n "$DRIVER" ] || DRIVER=$([ -n "$RUNFILE" ] && echo runfile || echo distribution)

is_debian_like || fail "nvidia: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
if [ "$DRIVER" = none ]; then
  let_go
  skip "nvidia" "nvidia_cfg.driver is none, so no driver is installed"
elif other_vendor; then
  let_go
  skip "nvidia" "not applicable: the graphics card handed to this guest is not NVIDIA's; its drivers are Mesa's, packages of the distribution"
else
  look_at_node
  set_driver
  set_toolkit
fi
