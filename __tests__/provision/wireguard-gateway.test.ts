import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { absentPrograms, inNetworkWorld } from "../support/network-world";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { describeUnless } from "../support/skip";

/**
 * Four hosts in network namespaces of their own: a client that knows no way but the gateway; the gateway; a neighbour in another
 * network of the gateway; and a router, which is the Internet (203.0.113.9) and the far end of the tunnel at once, and knows the
 * ways to the client and, through the tunnel, to the neighbour. Whatever the gateway lets through on any way is therefore answered.
 */
const WORLD = `
set -eu
etc=$1 server_key=$2 gateway_public=$3 node=$4
mount --make-rprivate /
mount -t tmpfs tmpfs /run
for host in client gateway neighbour router; do ip netns add $host; ip -n $host link set lo up; done
ip link add eth0 netns client type veth peer name eth1 netns gateway
ip link add eth0 netns gateway type veth peer name eth0 netns router
ip link add eth0 netns neighbour type veth peer name eth2 netns gateway
ip -n neighbour address add 192.168.9.2/24 dev eth0; ip -n gateway address add 192.168.9.1/24 dev eth2
ip -n client address add 10.10.10.2/24 dev eth0; ip -n gateway address add 10.10.10.1/24 dev eth1
ip -n gateway address add 192.168.0.2/24 dev eth0; ip -n router address add 192.168.0.1/24 dev eth0
ip -n router address add 203.0.113.9/32 dev lo
for end in client:eth0 gateway:eth0 gateway:eth1 gateway:eth2 neighbour:eth0 router:eth0; do ip -n \${end%:*} link set \${end#*:} up; done
ip -n client route add default via 10.10.10.1
ip -n gateway route add default via 192.168.0.1
ip -n neighbour route add default via 192.168.9.1
ip -n router route add 10.10.10.0/24 via 192.168.0.2
in_router() { ip netns exec router "$@"; }
in_gateway() { ip netns exec gateway "$@"; }
in_router ip link add wg1 type wireguard 2>/dev/null || in_router wireguard-go wg1 2>/dev/null
printf '[Interface]\\nPrivateKey = %s\\nListenPort = 51820\\n[Peer]\\nPublicKey = %s\\nAllowedIPs = 10.8.0.2/32, 192.168.9.0/24\\n' "$server_key" "$gateway_public" >/run/server.conf
in_router wg setconf wg1 /run/server.conf
ip -n router address add 10.8.0.1/24 dev wg1; ip -n router link set wg1 up; ip -n router route add 192.168.9.0/24 dev wg1
reach() { reach_from client "$@"; }
reach_from() { if ip netns exec $1 busybox ping -q -c 1 -W \${4:-1} $3 >/dev/null 2>&1; then echo "$2: reached"; else echo "$2: nothing"; fi; }
ip netns exec client "$node" -e 'require("net").createServer((socket) => socket.end()).listen(8080)' &
web() { if in_router "$node" -e 'require("net").connect(8080, "192.168.0.2").setTimeout(2000, () => process.exit(1)).on("connect", () => process.exit(0))' 2>/dev/null; then echo "$1: reached"; else echo "$1: nothing"; fi; }

in_gateway sysctl -q -w net.ipv4.ip_forward=1
reach 'no rules, no tunnel' 203.0.113.9
in_gateway nft --file $etc/gateway.nft
reach 'no tunnel' 203.0.113.9
in_gateway wg-quick up $etc/wg0.conf >/run/quick 2>&1 || cat /run/quick
reach 'tunnel' 203.0.113.9 5
reach 'the network of the gateway' 192.168.0.1
reach_from router 'a neighbour, from the far end' 192.168.9.2
reach_from neighbour 'the far end, from a neighbour' 10.8.0.1 5
web 'published port'
in_gateway nft --file $etc/gateway.nft
reach 'rules loaded again' 203.0.113.9
ip -n client address add 10.10.99.2/24 dev eth0
if ip netns exec client busybox ping -q -c 1 -W 1 -I 10.10.99.2 203.0.113.9 >/dev/null 2>&1; then echo 'another sender: reached'; else echo 'another sender: nothing'; fi
ip -n router link set wg1 down
reach 'the far end is gone' 203.0.113.9
in_gateway wg-quick down $etc/wg0.conf >/dev/null 2>&1
reach 'tunnel down' 203.0.113.9
web 'published port, tunnel down'
in_gateway nft delete table inet wireguard_gateway
reach 'rules taken away' 203.0.113.9
`;

const NEEDED = ["wg", "wg-quick", "nft", "ip", "busybox"];
const absent = absentPrograms(NEEDED);
const kernel = spawnSync("unshare", ["--net", "ip", "link", "add", "name", "probe", "type", "wireguard"]).status === 0;
const user = spawnSync("sh", ["-c", "command -v wireguard-go && test -c /dev/net/tun"]).status === 0;
const missing = [...absent, ...(kernel || user ? [] : ["WireGuard, in the kernel or as wireguard-go"])];
const text = (program: string, args: string[], input = "") =>
  spawnSync(program, args, { input, encoding: "utf8" }).stdout.trim();

const lack = missing.length > 0 ? `no ${missing.join(", ")}` : "";

describeInSandbox("a gateway", () => {
  describeUnless(lack, "between real networks", () => {
    it("lets clients out through the tunnel, and nowhere when there is none", () => {
      const [own, server] = [text("wg", ["genkey"]), text("wg", ["genkey"])];
      const settings = {
        wireguard_address: ["10.8.0.2/32"],
        wireguard_peers: [
          { public_key: text("wg", ["pubkey"], server), endpoint: "192.168.0.1:51820", allowed_ips: ["0.0.0.0/0"] },
        ],
        wireguard_gateway: {
          interface: "eth1",
          networks: ["10.10.10.0/24"],
          publish: [{ port: 8080, to: "10.10.10.2:8080" }],
        },
      };
      const guest = new Sandbox({
        commands: { "dpkg-query": 'echo "installed 1.0"', systemctl: ":", nft: ":", ip: ":", sysctl: ":" },
        files: { "run/systemd/system/.keep": "", "sys/class/net/eth1/uevent": "" },
      });
      const applied = guest.apply("wireguard", settings, "apply", { wireguard_private_key: own });
      expect(applied).toMatchObject({ status: 0 });
      const args = [join(guest.root, "etc/wireguard"), server, text("wg", ["pubkey"], own), process.execPath];
      expect(inNetworkWorld(WORLD, ...args)).toEqual({
        "no rules, no tunnel": "reached",
        "no tunnel": "nothing",
        tunnel: "reached",
        "the network of the gateway": "nothing",
        "a neighbour, from the far end": "nothing",
        "the far end, from a neighbour": "reached",
        "published port": "reached",
        "rules loaded again": "reached",
        "another sender": "nothing",
        "the far end is gone": "nothing",
        "tunnel down": "nothing",
        "published port, tunnel down": "reached",
        "rules taken away": "reached",
      });
    }, 60_000);
  });
});
