# A WireGuard tunnel, and what makes it the only way out for others. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./tunnel.sh
. ./gateway.sh

INTERFACE=${wireguard_interface:-wg0}
CONF=/etc/wireguard/$INTERFACE.conf
# What CONF was before, until the tunnel is up as it is wanted: a run that is killed on the way leaves it to the next.
BEFORE=/etc/wireguard/.$INTERFACE.conf.before

is_debian_like || fail "wireguard: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
check_keys
check_interface
check_gateway
set_programs
write_tunnel >./tunnel
acceptable
install_folder /etc/wireguard 700
# The guard comes first, and goes last: at no time do packets take another way.
if [ -n "$(setting wireguard_gateway_interface)" ]; then set_guard; fi
set_tunnel
if [ -n "$(setting wireguard_gateway_interface)" ]; then
  set_forwarding
else
  remove_gateway
fi
