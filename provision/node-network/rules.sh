# Our two tables of nftables. Nothing else is touched: pve-firewall, whether by iptables or nftables, has its own.
# shellcheck shell=sh disable=SC2154
RULES=${NETWORK_RULES:-/etc/proxmox-lab/network.nft}
UNIT=proxmox-lab-network.service
FORWARDING=/etc/sysctl.d/60-proxmox-lab-network.conf
: >./todo

has_rules() { [ -n "$(setting network_rules)" ]; }

# What the kernel has of ours, without handles and counters; nothing when it has nothing.
loaded_rules() {
  for family in inet bridge; do nft -s list table "$family" proxmox_lab 2>/dev/null || :; done
}

find_rules() {
  has_rules || return 0
  [ -n "$STEP_CHECK" ] || packages nftables
  printf '%s' "$network_rules" >./rules.nft
  if has_command nft; then
    said=$(nft -c -f ./rules.nft 2>&1) || fail "network: nft refuses the rules, nothing was changed: $said"
    loaded_rules >./loaded
  else
    : >./loaded
  fi
  if ! file_is ./rules.nft "$RULES" 644 root:root; then
    echo "rules of the node's network" >>./todo
  elif ! remembered network-loaded | cmp -s - ./loaded; then
    echo "rules of the node's network, which were changed by hand" >>./todo
  fi
  forwarding_is_on || echo "forwarding between networks" >>./todo
}

forwarding_is_on() {
  [ "${network_forwarding:-false}" = true ] || return 0
  [ -f "$FORWARDING" ] && [ "$(sysctl -n net.ipv4.ip_forward)" = 1 ]
}

# What brings the former state back, for the timer.
former_rules() {
  printf 'nft -f - <<"RULES"\n'
  for family in inet bridge; do printf 'table %s proxmox_lab\ndelete table %s proxmox_lab\n' "$family" "$family"; done
  cat ./loaded
  printf 'RULES\n'
  printf 'sysctl -q -w net.ipv4.ip_forward=%s\n' "$(sysctl -n net.ipv4.ip_forward)"
}

load_rules() {
  # Those of a run that was never confirmed: confirm.sh would keep them now.
  rm -f "$RULES.unconfirmed"
  has_rules || return 0
  nft -f ./rules.nft
  [ "${network_forwarding:-false}" != true ] || sysctl -q -w net.ipv4.ip_forward=1
  # Only confirm.sh puts it where the next boot finds it.
  put_file_from ./rules.nft "$RULES.unconfirmed"
}

put_file_from() {
  cp "$1" ./content
  put_file "$2" 644 root:root
}

# Called by confirm.sh.
keep_rules() {
  [ -f "$RULES.unconfirmed" ] || return 0
  mv -f "$RULES.unconfirmed" "$RULES"
  loaded_rules | remember network-loaded
  install_file "/etc/systemd/system/$UNIT" 644 <<UNIT
[Unit]
Description=Rules of the node's network
# Whoever flushes all rules, as /etc/nftables.conf does, brings ours back with the next start.
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f $RULES
ExecReload=/usr/sbin/nft -f $RULES

[Install]
WantedBy=multi-user.target
UNIT
  [ "$STEP_LAST" = ok ] || ! has_systemd || systemctl daemon-reload
  ! has_systemd || run_service "$UNIT"
  [ "${network_forwarding:-false}" != true ] || printf 'net.ipv4.ip_forward = 1\n' | install_file "$FORWARDING" 644
}

take_rules_away() {
  ! has_systemd || systemctl disable --now "$UNIT" 2>/dev/null || :
  for family in inet bridge; do nft delete table "$family" proxmox_lab 2>/dev/null || :; done
  rm -f "$RULES" "$FORWARDING" "/etc/systemd/system/$UNIT"
  ! has_systemd || systemctl daemon-reload
  remember network-loaded </dev/null
  note "forwarding stays on until the next boot, for guests of others may need it"
}
