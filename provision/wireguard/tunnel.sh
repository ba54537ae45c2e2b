# The tunnel: /etc/wireguard/<interface>.conf, which wg-quick@<interface> brings up.
# shellcheck shell=sh disable=SC2016,SC2154

# The values come from outside of the inventory, so no schema has seen them.
check_keys() {
  is_key "$(setting wireguard_private_key)" ||
    fail "wireguard_private_key: the secret's value is no WireGuard key; it looks like what wg genkey prints, 44 characters"
  entries wireguard_peers check_peer
}

# check_peer SETTING
check_peer() {
  shared=$(setting "$1_preshared_key")
  [ -z "$shared" ] || is_key "$shared" ||
    fail "$1_preshared_key: the secret's value is no WireGuard key; it looks like what wg genpsk prints, 44 characters"
}

is_key() {
  [ "${#1}" -eq 44 ] || return 1
  case $1 in
    *[!A-Za-z0-9+/=]* | *=?*) return 1 ;;
    *[AEIMQUYcgkosw048]=) return 0 ;;
    *) return 1 ;;
  esac
}

# choose_programs: leaves the names of the packages in PROGRAMS.
choose_programs() {
  slow=
  PROGRAMS="wireguard-tools iproute2"
  [ -z "$(setting wireguard_gateway_interface)" ] || PROGRAMS="$PROGRAMS nftables"
  if has_kernel_wireguard; then
    ok "WireGuard in the kernel"
  elif [ -c /dev/net/tun ]; then
    slow=1
    PROGRAMS="$PROGRAMS wireguard-go"
  else
    fail "wireguard: this guest has neither the kernel's WireGuard nor /dev/net/tun;" \
      "load the module on the node (modprobe wireguard, and a line wireguard in /etc/modules-load.d/wireguard.conf)," \
      "or hand the device through: proxmox_lxc.devices: [{path: /dev/net/tun}]"
  fi
}

set_programs() {
  choose_programs
  # shellcheck disable=SC2086
  packages $PROGRAMS
  if [ -n "$slow" ] && [ ! -f "/etc/wireguard/$INTERFACE.conf" ]; then
    note "the node's kernel has no WireGuard: the tunnel runs in user space, which is slower; on the node: modprobe wireguard"
  fi
}

# In a network namespace that is gone afterwards.
has_kernel_wireguard() { unshare --net ip link add name probe type wireguard 2>/dev/null; }

write_tunnel() {
  printf '[Interface]\n'
  printf 'PrivateKey = %s\n' "$wireguard_private_key"
  each wireguard_address address_line
  line ListenPort wireguard_listen_port
  line MTU wireguard_mtu
  entries wireguard_peers write_peer
}

# write_peer SETTING
write_peer() {
  printf '\n[Peer]\n'
  line PublicKey "$1_public_key"
  line PresharedKey "$1_preshared_key"
  line Endpoint "$1_endpoint"
  each "$1_allowed_ips" allowed_line
  line PersistentKeepalive "$1_keepalive"
}

address_line() { printf 'Address = %s\n' "$1"; }

allowed_line() { printf 'AllowedIPs = %s\n' "$1"; }

# line KEY SETTING
line() {
  line_value=$(setting "$2")
  [ -z "$line_value" ] || printf '%s = %s\n' "$1" "$line_value"
}

# wg-quick wants a file that is named after its interface.
accepted_by_wg_quick() {
  has_command wg-quick || return 0
  mkdir -p ./accepted
  cp ./tunnel "./accepted/$INTERFACE.conf"
  wg-quick strip "$PWD/accepted/$INTERFACE.conf" >/dev/null 2>./refused ||
    fail "wg-quick refuses what would be written to /etc/wireguard/$INTERFACE.conf"
}

set_tunnel() {
  cp "/etc/wireguard/$INTERFACE.conf" ./before 2>/dev/null || : >./before
  install_file "/etc/wireguard/$INTERFACE.conf" 600 <./tunnel
  # What the tunnel was brought up with: whoever brings it up, and also when a run was killed halfway.
  install_file /etc/systemd/system/wg-quick@.service.d/proxmox-lab.conf 644 <<'CONF'
[Service]
ExecStartPost=/bin/sh -c 'umask 077; sha256sum </etc/wireguard/%i.conf >/run/proxmox-lab-%i.sha256'
CONF
  remove_other_tunnels
  if tunnel_up; then
    ok "$INTERFACE is up"
  else
    change "$INTERFACE up" bring_up
  fi
}

tunnel_up() {
  systemctl is-enabled --quiet "wg-quick@$INTERFACE" 2>/dev/null || return 1
  systemctl is-active --quiet "wg-quick@$INTERFACE" || return 1
  ip link show dev "$INTERFACE" >/dev/null 2>&1 || return 1
  [ "$(sha256sum <./tunnel)" = "$(cat "/run/proxmox-lab-$INTERFACE.sha256" 2>/dev/null)" ]
}

# With what was there before, when it does not come up with what is wanted. Debian's unit would look for the address of an
# endpoint for ever, which is right when the guest starts and wrong here.
bring_up() {
  [ "$(systemctl show --property NeedDaemonReload --value "wg-quick@$INTERFACE")" = no ] || systemctl daemon-reload
  systemctl enable --no-reload "wg-quick@$INTERFACE"
  systemctl reset-failed "wg-quick@$INTERFACE" 2>/dev/null || :
  why=
  if timeout 45 systemctl restart "wg-quick@$INTERFACE"; then
    listens && return 0
    why="port $(setting wireguard_listen_port): Address already in use; "
  fi
  why=$why$(systemctl status --no-pager --lines 8 "wg-quick@$INTERFACE" 2>&1 | sed -n 's/.*wg-quick\[[0-9]*\]: //p' | tail -n 3 | paste -s -d , - | sed 's/,/, /g')
  systemctl stop "wg-quick@$INTERFACE" || true
  if [ -s ./before ]; then
    cp ./before ./content
    put_file "/etc/wireguard/$INTERFACE.conf" 600 root:root
    timeout 45 systemctl restart "wg-quick@$INTERFACE" || true
    why="$why; the tunnel as it was is back"
  fi
  fail "$INTERFACE does not come up: $why"
}

# wireguard-go keeps to itself that it could not have its port, where the interface was up only after it had been told.
listens() {
  port=$(setting wireguard_listen_port)
  [ -n "$slow" ] && [ -n "$port" ] && has_command ss || return 0
  tries=0
  until ss -Hlunp "sport = :$port" | grep -q '"wireguard-go"'; do
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || return 1
    sleep 0.2
  done
}

# Under a former wireguard_interface. Only files that this role wrote are looked at: the list says which.
remove_other_tunnels() {
  if [ -f /etc/wireguard/.proxmox-lab ]; then
    while read -r former; do
      [ "$former" = "$INTERFACE" ] || change "$former removed" take_down "$former"
    done </etc/wireguard/.proxmox-lab
  fi
  printf '%s\n' "$INTERFACE" | install_file /etc/wireguard/.proxmox-lab 600
}

take_down() {
  systemctl disable --now "wg-quick@$1" </dev/null
  rm -f "/etc/wireguard/$1.conf" "/run/proxmox-lab-$1.sha256"
}
