# Before bridges are made: looks whether that can be right, and arms a timer that brings the former network back.
# Settings: network_bridges, a list of {name, ports, …}; network_guard_seconds. The role node-network disarms it.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/rollback.sh

INTERFACES=${NETWORK_INTERFACES:-/etc/network/interfaces}

# A port's own address is lost when it joins a bridge, and with it who is connected through it.
look_at_port() {
  addresses=$(ip -o -4 address show dev "$1" 2>/dev/null | awk '{ print $4 }')
  [ -z "$addresses" ] || printf '%s is to be a port of %s, but carries %s\n' "$1" "$bridge" "$addresses"
  master=$(ip -o link show dev "$1" 2>/dev/null | sed -n 's/.* master \([^ ]*\) .*/\1/p')
  case $master in
    '' | "$bridge") ;;
    *) printf '%s is to be a port of %s, but belongs to %s\n' "$1" "$bridge" "$master" ;;
  esac
}

look_at_bridge() {
  bridge=$(setting "$1_name")
  each "$1_ports" look_at_port
}

arm_guard() {
  cp -p "$INTERFACES" "$ROLLBACK/interfaces.before"
  arm_rollback interfaces "$network_guard_seconds" <<SCRIPT
cp -p '$ROLLBACK/interfaces.before' '$INTERFACES'
rm -f '$INTERFACES.new'
ifreload -a
SCRIPT
}

refused=$(entries network_bridges look_at_bridge)
[ -z "$refused" ] || fail "network: this could cut the node off, so nothing was changed:
$refused
Give each port to one bridge only, and none that carries an address of the node."

if [ -n "$STEP_CHECK" ]; then
  ok "bridges of $(hostname)"
elif [ ! -f "$INTERFACES" ]; then
  fail "network: there is no $INTERFACES, which Proxmox VE writes the network to; is this a node?"
else
  (umask 077 && mkdir -p "$ROLLBACK")
  arm_guard
  ok "the former network comes back in $network_guard_seconds s unless the node is reached again"
fi
