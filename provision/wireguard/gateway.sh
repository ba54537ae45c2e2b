# The gateway: clients get out through the tunnel or not at all.
# shellcheck shell=sh disable=SC2016,SC2154

GUARD=/etc/wireguard/gateway.nft
GUARD_UNIT=/etc/systemd/system/wireguard-gateway.service
# The rules that are about to be replaced, until all that hangs on them is done: a run that was killed is finished with them.
GUARD_BEFORE=/etc/wireguard/.gateway.nft.before
# Of former releases: it let the guest forward at boot also when the rules could not be loaded.
FORWARDING=/etc/sysctl.d/60-wireguard-gateway.conf

check_gateway() {
  card=$(setting wireguard_gateway_interface)
  [ -z "$card" ] || [ -e "/sys/class/net/$card" ] ||
    fail "wireguard_gateway.interface: this guest has no $card; expected its card on the clients' network, one of $(interfaces);" \
      "correct it, or give the guest the card in its networks"
}

set_guard() {
  write_guard >./guard
  if has_command nft; then
    said=$(nft --check --file ./guard 2>&1) || fail "nft refuses what would be written to $GUARD: $said"
  fi
  keep_guard_before
  install_file "$GUARD" 600 <./guard
  # Without rules nothing is forwarded, also where forwarding was on before, as in containers of a node that forwards.
  # Nothing takes the rules away when it stops. Whose own rules begin with "flush ruleset" comes first.
  install_file "$GUARD_UNIT" 644 <<'UNIT'
[Unit]
Description=Clients behind the WireGuard gateway get out through the tunnel only
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target nftables.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/sysctl -q -w net.ipv4.ip_forward=0
ExecStart=/usr/sbin/nft --file /etc/wireguard/gateway.nft
ExecStart=/usr/sbin/sysctl -q -w net.ipv4.ip_forward=1
ExecReload=/usr/sbin/nft --file /etc/wireguard/gateway.nft

[Install]
WantedBy=sysinit.target
UNIT
  if guard_stands; then
    ok "the gateway's rules"
  else
    change "the gateway's rules" raise_guard
  fi
  run_service wireguard-gateway
}

keep_guard_before() {
  if [ -f "$GUARD_BEFORE" ]; then
    cp "$GUARD_BEFORE" ./guard-before
  elif [ -f "$GUARD" ] && ! cmp -s ./guard "$GUARD"; then
    cp "$GUARD" ./guard-before
    [ -n "$STEP_CHECK" ] || copy_file ./guard-before "$GUARD_BEFORE"
  fi
}

# One transaction: the old rules hold until the new ones do.
raise_guard() { nft --file "$GUARD"; }

# guard_back: for the tunnel as it was, when there was a gateway.
guard_back() {
  [ -s ./guard-before ] || return 0
  copy_file ./guard-before "$GUARD"
  raise_guard
  rm -f "$GUARD_BEFORE"
}

# As nft itself prints what is wanted, in a network namespace that is gone afterwards.
guard_stands() {
  has_command nft || return 1
  nft list table inet wireguard_gateway >./stands 2>/dev/null || return 1
  unshare --net sh -c 'nft --file ./guard && nft list table inet wireguard_gateway' >./wanted 2>/dev/null || return 1
  cmp -s ./stands ./wanted
}

write_guard() {
  clients=$(each wireguard_gateway_networks echo | paste -s -d , -)
  entries wireguard_gateway_publish write_forward >./forwards
  cat <<NFT
# Written by proxmox-lab. Table and delete together make loading it again a replacement.
table inet wireguard_gateway
delete table inet wireguard_gateway
table inet wireguard_gateway {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "$wireguard_gateway_interface" ip saddr { $clients } oifname "$INTERFACE" tcp flags syn tcp option maxseg size set rt mtu
    iifname "$wireguard_gateway_interface" ip saddr { $clients } oifname "$INTERFACE" accept
    iifname "$INTERFACE" oifname "$wireguard_gateway_interface" ct state established,related accept
    iifname != { "$wireguard_gateway_interface", "$INTERFACE" } oifname "$wireguard_gateway_interface" ct status dnat accept
    iifname "$wireguard_gateway_interface" ct status dnat ct direction reply accept
    iifname "$wireguard_gateway_interface" drop
    oifname "$wireguard_gateway_interface" drop
    iifname "$INTERFACE" ct state established,related accept
    iifname "$INTERFACE" drop
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "$wireguard_gateway_interface" ct state established,related accept
    iifname "$wireguard_gateway_interface" icmp type echo-request accept
    iifname "$wireguard_gateway_interface" drop
    iifname "$INTERFACE" ct state established,related accept
    iifname "$INTERFACE" drop
  }
  chain destinations {
    type nat hook prerouting priority dstnat; policy accept;
$(cat ./forwards)
  }
  chain sources {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr { $clients } oifname "$INTERFACE" masquerade
  }
}
NFT
}

# write_forward SETTING
write_forward() {
  protocol=$(setting "$1_protocol")
  printf '    iifname != { "%s", "%s" } fib daddr type local %s dport %s dnat ip to %s\n' \
    "$wireguard_gateway_interface" "$INTERFACE" "${protocol:-tcp}" "$(setting "$1_port")" "$(setting "$1_to")"
}

set_forwarding() {
  [ ! -e "$FORWARDING" ] || remove_file "$FORWARDING"
  if [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]; then
    ok "forwarding"
  else
    change "forwarding" sysctl -q -w net.ipv4.ip_forward=1
  fi
  pass_docker
  [ -n "$STEP_CHECK" ] || [ ! -e "$GUARD_BEFORE" ] || rm -f "$GUARD_BEFORE"
}

# Docker sets the policy of its FORWARD chain to drop when it was Docker that turned forwarding on, and leaves DOCKER-USER to us.
pass_docker() {
  has_command iptables || return 0
  if [ -s ./guard-before ] && [ -z "$STEP_CHECK" ]; then stop_passing_docker ./guard-before; fi
  iptables -S FORWARD 2>/dev/null | grep -qx -e '-P FORWARD DROP' || return 0
  iptables -n -L DOCKER-USER >/dev/null 2>&1 || return 0
  docker_rule -i "$wireguard_gateway_interface"
  docker_rule -o "$wireguard_gateway_interface"
}

docker_rule() {
  if iptables -C DOCKER-USER "$@" -j ACCEPT 2>/dev/null; then
    ok "DOCKER-USER $*"
  else
    change "DOCKER-USER $*" iptables -I DOCKER-USER "$@" -j ACCEPT
  fi
}

# stop_passing_docker RULES: for the card that these rules of ours are about, unless it still is the one.
stop_passing_docker() {
  has_command iptables || return 0
  card=$(sed -n 's/^    oifname "\(.*\)" drop$/\1/p' "$1" 2>/dev/null) || :
  [ "${card:-$(setting wireguard_gateway_interface)}" != "$(setting wireguard_gateway_interface)" ] || return 0
  for way in -i -o; do
    iptables -D DOCKER-USER "$way" "$card" -j ACCEPT 2>/dev/null || :
  done
}

# Forwarding ends before the rules do. Where Docker is, which needs it, it stays.
remove_gateway() {
  if [ ! -e "$GUARD_UNIT" ] && [ ! -e "$GUARD" ] && [ ! -e "$GUARD_BEFORE" ] && [ ! -e "$FORWARDING" ]; then return 0; fi
  change "the gateway removed" take_guard_down
  ! has_command docker || note "forwarding stays on, for Docker needs it: give the former clients another gateway"
}

take_guard_down() {
  rm -f "$FORWARDING"
  has_command docker || sysctl -q -w net.ipv4.ip_forward=0
  stop_passing_docker "$GUARD_BEFORE"
  stop_passing_docker "$GUARD"
  [ ! -e "$GUARD_UNIT" ] || systemctl disable --now wireguard-gateway
  nft delete table inet wireguard_gateway 2>/dev/null || true
  rm -f "$GUARD_UNIT" "$GUARD" "$GUARD_BEFORE"
  systemctl daemon-reload
}
