# dnsmasq as DHCP server. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh

CONFIG=/etc/dnsmasq.d/proxmox-lab.conf

accepted() {
  has_command dnsmasq || return 0
  said=$(dnsmasq --test --conf-file=./config 2>&1) || fail "dnsmasq refuses what would be written: $said"
}

restart() { restart_service dnsmasq; }

setting dhcp_config >./config
accepted
file_is ./config "$CONFIG" 644 root:root || owe dhcp restart
# Before the package, whose own settings would make it answer DNS on every network as soon as it is there.
install_file "$CONFIG" 644 <./config
packages dnsmasq
accepted
run_service dnsmasq
pay dhcp restart
