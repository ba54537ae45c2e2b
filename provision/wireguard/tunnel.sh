# The tunnel: /etc/wireguard/<interface>.conf, which wg-quick@<interface> brings up.
# shellcheck shell=sh disable=SC2016,SC2154

# Names of the tunnels that this role made: one, but while it takes the place of another.
OURS=/etc/wireguard/.proxmox-lab

# Other interfaces than WireGuard's are neither taken down nor taken for one.
check_interface() {
  if [ -e "/sys/class/net/$INTERFACE" ] && [ ! -S "/run/wireguard/$INTERFACE.sock" ] &&
    ! grep -qsx DEVTYPE=wireguard "/sys/class/net/$INTERFACE/uevent"; then
    fail "wireguard_interface: $INTERFACE is another interface of this guest; expected a name that none has, such as wg0:" \
      "$(interfaces) are taken"
  fi
}

interfaces() {
  set -- /sys/class/net/*
  printf '%s' "${1##*/}"
  shift
  for card in "$@"; do printf ', %s' "${card##*/}"; done
}

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
      "or hand the device through: proxmox_lxc.devices: [{path: /dev/net/tun}];" \
      "one that was added while the guest ran is there after its next start (pct reboot VMID, on the node)"
  fi
}

set_programs() {
  choose_programs
  # shellcheck disable=SC2086
  packages $PROGRAMS
  if [ -n "$slow" ] && [ ! -f "$CONF" ]; then
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

# acceptable: what is there already was looked at before.
acceptable() {
  if cmp -s ./tunnel "$CONF" || ! has_command wg-quick; then return 0; fi
  # wg-quick wants a file that is named after its interface.
  mkdir -p ./accepted
  cp ./tunnel "./accepted/$INTERFACE.conf"
  wg-quick strip "$PWD/accepted/$INTERFACE.conf" >/dev/null 2>./refused ||
    fail "wg-quick refuses what would be written to $CONF"
  own_key=$(printf '%s\n' "$wireguard_private_key" | wg pubkey)
  entries wireguard_peers check_other
}

# WireGuard leaves out a peer that is itself, and says nothing.
check_other() {
  [ "$(setting "$1_public_key")" != "$own_key" ] ||
    fail "$1_public_key: $own_key is this guest's own, of wireguard_private_key; expected the public key of the other end"
}

set_tunnel() {
  keep_before
  { cat ./formers && printf '%s\n' "$INTERFACE"; } | install_file "$OURS" 600
  install_file "$CONF" 600 <./tunnel
  # What the tunnel was brought up with: whoever brings it up, and also when a run was killed halfway.
  install_file /etc/systemd/system/wg-quick@.service.d/proxmox-lab.conf 644 <<'CONF'
[Service]
ExecStartPost=/bin/sh -c 'umask 077; sha256sum </etc/wireguard/%i.conf >/run/proxmox-lab-%i.sha256'
CONF
  if [ ! -f ./before ] && runs ./tunnel; then
    ok "$INTERFACE is up"
  elif [ -f ./before ] && runs ./before && only_peers_differ; then
    change "$INTERFACE peers" change_peers
  else
    change "$INTERFACE up" bring_up
  fi
  remove_formers
}

# keep_before: leaves the former names in ./formers, and the file that is about to be replaced in ./before and BEFORE.
keep_before() {
  grep -vxF -e "$INTERFACE" "$OURS" >./formers 2>/dev/null || :
  if [ -f "$BEFORE" ]; then
    cp "$BEFORE" ./before
  elif [ -f "$CONF" ] && ! cmp -s ./tunnel "$CONF" && was_up "$INTERFACE"; then
    cp "$CONF" ./before
    [ -n "$STEP_CHECK" ] || copy_file ./before "$BEFORE"
  fi
}

# A tunnel is enabled once it has come up.
was_up() { systemctl is-enabled --quiet "wg-quick@$1" 2>/dev/null || systemctl is-active --quiet "wg-quick@$1"; }

copy_file() {
  cp "$1" ./content
  put_file "$2" 600 root:root
}

# runs FILE: whether the tunnel is up as this file has it, and comes up when the guest starts.
runs() {
  systemctl is-enabled --quiet "wg-quick@$INTERFACE" 2>/dev/null || return 1
  systemctl is-active --quiet "wg-quick@$INTERFACE" || return 1
  has_interface_of "$1" || return 1
  [ "$(sha256sum <"$1")" = "$(cat "/run/proxmox-lab-$INTERFACE.sha256" 2>/dev/null)" ]
}

# has_interface_of FILE: up, with its peers, whatever was done to it by hand.
has_interface_of() {
  flags=$(cat "/sys/class/net/$INTERFACE/flags" 2>/dev/null) || return 1
  [ $((flags & 1)) -eq 1 ] || return 1
  [ "$(wg show "$INTERFACE" peers | sort -u)" = "$(sed -n 's/^PublicKey = //p' "$1" | sort -u)" ]
}

# Not so an endpoint, which the MTU may follow from, and which a peer that had one keeps otherwise; and all addresses, for which
# wg-quick has rules of its own.
only_peers_differ() {
  for side in before tunnel; do
    sed -n -e '/^\[Interface\]/,/^$/p' -e '/^Endpoint = /p' -e '/^AllowedIPs = .*\/0$/p' "./$side" >"./frame-$side"
    sed -n -e '/^PublicKey = /p' -e '/^Endpoint = /p' "./$side" >"./ends-$side"
  done
  cmp -s ./frame-before ./frame-tunnel && ends_stay
}

# ends_stay: whether every peer of both files has its endpoint in both.
ends_stay() {
  awk '
    $1 == "PublicKey" { key = $3; if (NR == FNR) before[key] = ""; else now[key] = "" }
    $1 == "Endpoint" { if (NR == FNR) before[key] = $3; else now[key] = $3 }
    END { for (key in now) if (key in before && before[key] != now[key]) exit 1 }
  ' ./ends-before ./ends-tunnel
}

# WireGuard's way to say that there is none: 32 bytes of zero.
NO_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

# The sessions of the other peers go on. What the file does not say of the interface, wg sets to nothing: the mark and the port that
# were chosen stay. What it does not say of a peer that stays, wg leaves as it was.
change_peers() {
  {
    printf '[Interface]\nListenPort = %s\nFwMark = %s\n' "$(wg show "$INTERFACE" listen-port)" "$(wg show "$INTERFACE" fwmark)"
    sed -e '/^\[Interface\]$/d' -e '/^Address = /d' -e '/^ListenPort = /d' -e '/^MTU = /d' \
      -e "s/^\[Peer\]\$/&\nPresharedKey = $NO_KEY\nPersistentKeepalive = off/" ./tunnel
  } >./peers
  if timeout 45 wg syncconf "$INTERFACE" ./peers && set_routes; then
    (umask 077 && sha256sum <"$CONF" >"/run/proxmox-lab-$INTERFACE.sha256")
    rm -f "$BEFORE"
  else
    bring_up
  fi
}

# As wg-quick makes them: the longest prefix first, none where a route into the tunnel leads there already. Called in a condition.
set_routes() {
  wg show "$INTERFACE" allowed-ips | tr '[:blank:]' '\n' | grep -xE '[0-9a-f:.]+/[1-9][0-9]*' | sort -t / -k 2,2nr >./routes
  for family in -4 -6; do
    ip $family route show dev "$INTERFACE" proto boot | while read -r to _; do
      case $to in */*) ;; *:*) to=$to/128 ;; *) to=$to/32 ;; esac
      grep -qxF -e "$to" ./routes || ip $family route del "$to" dev "$INTERFACE" || exit 1
    done || return 1
  done
  while read -r to; do
    case $to in *:*) family=-6 ;; *) family=-4 ;; esac
    [ -n "$(ip $family route show dev "$INTERFACE" match "$to")" ] || ip $family route add "$to" dev "$INTERFACE" || return 1
  done <./routes
}

# With what was there before, when it does not come up with what is wanted. Debian's unit would look for the address of an
# endpoint for ever, which is right when the guest starts and wrong here.
bring_up() {
  [ "$(systemctl show --property NeedDaemonReload --value "wg-quick@$INTERFACE")" = no ] || systemctl daemon-reload
  systemctl reset-failed "wg-quick@$INTERFACE" 2>/dev/null || :
  # It may have the same addresses and the same port.
  while read -r former; do systemctl stop "wg-quick@$former" </dev/null; done <./formers
  why=
  if timeout 45 systemctl restart "wg-quick@$INTERFACE"; then
    if listens; then
      systemctl enable --no-reload "wg-quick@$INTERFACE"
      rm -f "$BEFORE"
      return 0
    fi
    why="port $(setting wireguard_listen_port): Address already in use; "
  fi
  why=$why$(systemctl status --no-pager --lines 8 "wg-quick@$INTERFACE" 2>&1 | sed -n 's/.*wg-quick\[[0-9]*\]: //p' | tail -n 3 | paste -s -d , - | sed 's/,/, /g')
  systemctl stop "wg-quick@$INTERFACE" || true
  put_back
  fail "$INTERFACE does not come up: $why"
}

# put_back: as before this run, which $why goes on to say.
put_back() {
  if [ -f ./before ]; then
    copy_file ./before "$CONF"
    set -- "$INTERFACE"
  else
    rm -f "$CONF"
    set --
    while read -r former; do if was_up "$former"; then set -- "$@" "$former"; fi; done <./formers
    if [ $# -gt 0 ]; then copy_file ./formers "$OURS"; else rm -f "$OURS"; fi
  fi
  [ $# -gt 0 ] || return 0
  guard_back
  back="the tunnel as it was is back"
  for each in "$@"; do
    timeout 45 systemctl restart "wg-quick@$each" || back="nor does $each as it was; look in the guest: systemctl status wg-quick@$each"
  done
  why="$why; $back"
  rm -f "$BEFORE"
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

# Under a former wireguard_interface, now that the tunnel is up under its new one.
remove_formers() {
  [ -s ./formers ] || return 0
  while read -r former; do change "$former removed" take_down "$former"; done <./formers
  printf '%s\n' "$INTERFACE" | install_file "$OURS" 600
}

take_down() {
  systemctl disable --now --no-reload "wg-quick@$1" </dev/null
  rm -f "/etc/wireguard/$1.conf" "/etc/wireguard/.$1.conf.before" "/run/proxmox-lab-$1.sha256"
}
