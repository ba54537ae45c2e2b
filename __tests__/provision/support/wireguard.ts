import { spawnSync } from "node:child_process";
import { Sandbox } from "../../support/sandbox";

/** Plays systemd: a tunnel that is started records what it was started with, as the role's drop-in has it. */
export const SYSTEMCTL = `
echo "systemctl $*" >>/run/calls
quiet=; for last; do :; done
case $* in
  "is-enabled"*) [ -e "/run/enabled-$last" ] ;;
  "is-active"*) [ -e "/run/active-$last" ] ;;
  "enable --now"*) touch "/run/enabled-$last" "/run/active-$last" ;;
  "enable"*) touch "/run/enabled-$last" ;;
  "disable"*) rm -f "/run/enabled-$last" "/run/active-$last"; rm -rf "/sys/class/net/\${last#wg-quick@}" ;;
  "stop"*) rm -f "/run/active-$last"; rm -rf "/sys/class/net/\${last#wg-quick@}" ;;
  "restart"*)
    name=\${last#wg-quick@}
    ! grep -q 5.6.7.8 "/etc/wireguard/$name.conf" || exit 1
    mkdir -p "/sys/class/net/$name"; echo DEVTYPE=wireguard >"/sys/class/net/$name/uevent"
    echo 0x91 >"/sys/class/net/$name/flags"; cp "/etc/wireguard/$name.conf" /run/told
    touch "/run/active-$last"; sha256sum <"/etc/wireguard/$name.conf" >"/run/proxmox-lab-$name.sha256" ;;
  "status"*) echo "Nov 21 host wg-quick[7]: RTNETLINK answers: Permission denied" ;;
esac
`;
/** The real nft where it only checks; what is loaded is kept for each network namespace. */
const NFT = `
loaded=/run/nft-$(readlink /proc/self/ns/net)
case $1 in
  --check) exec unshare --net /usr/sbin/nft "$@" ;;
  --file) cp "$2" "$loaded" ;;
  list) cat "$loaded" ;;
  delete) rm -f "$loaded" ;;
esac
`;
export const key = (letter: string) => `${letter.repeat(42)}A=`;
export const found = (program: string) => !spawnSync(program, ["--version"]).error;
const COMMANDS = {
  "dpkg-query": 'echo "installed 1.0"',
  systemctl: SYSTEMCTL,
  nft: found("nft") ? NFT : NFT.replace("exec unshare --net /usr/sbin/nft", ": no nft here:"),
  ip: 'case "$*" in *"type wireguard") exit 0 ;; esac',
  sysctl: 'echo "sysctl $*" >>/run/calls; case $* in *ip_forward=*) echo "${*##*=}" >/run/forwarding ;; esac',
  // Whether this machine forwards is nobody's business here.
  cat: 'case $* in /proc/sys/net/ipv4/ip_forward) set -- /run/forwarding ;; esac; exec /bin/cat "$@"',
  wg: `echo "wg $*" >>/run/calls
    case $1 in
      pubkey) read -r private; [ "$private" != ${key("s")} ] || echo ${key("O")} ;;
      show) case $3 in listen-port) echo 40404 ;; fwmark) echo 0xca6c ;; peers) sed -n "s/^PublicKey = //p" /run/told ;; esac ;;
      syncconf) cp "$3" /run/synced; cp "$3" /run/told ;;
    esac`,
};
const FILES = {
  "run/systemd/system/.keep": "",
  "run/forwarding": "0\n",
  "sys/class/net/lo/uevent": "",
  "sys/class/net/eth0/uevent": "INTERFACE=eth0\n",
  "sys/class/net/eth1/uevent": "INTERFACE=eth1\n",
};
export const SECRETS = { wireguard_private_key: key("s"), wireguard_peers_0_preshared_key: key("p") };
export const PEER = {
  public_key: key("B"),
  endpoint: "vpn.example.com:51820",
  allowed_ips: ["0.0.0.0/0"],
  keepalive: 25,
};
export const TUNNEL = { wireguard_address: ["10.8.0.2/32"], wireguard_peers: [PEER] };
export const BAD = { wireguard_peers: [{ ...PEER, endpoint: "5.6.7.8:1" }] };
export const GATEWAY = {
  interface: "eth1",
  networks: ["10.10.10.0/24"],
  publish: [{ port: 8080, to: "10.10.10.2:8080" }],
};
export const makeGuest = (commands = {}) => new Sandbox({ commands: { ...COMMANDS, ...commands }, files: FILES });
export const apply = (guest: Sandbox, settings: object = TUNNEL, action = "apply", secrets = SECRETS) =>
  guest.apply("wireguard", settings as never, action, secrets);
export const calls = (guest: Sandbox) => guest.read("run/calls");
