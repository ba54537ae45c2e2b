import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BridgeRules, networkRules } from "../../constructs/network-rules";
import { absentPrograms, inNetworkWorld } from "../support/network-world";
import { temporaryFolder } from "../support/run-step";
import { describeInSandbox } from "../support/sandbox";
import { itUnless } from "../support/skip";

/**
 * A node between three networks: its guests a and b (10.0.100.0/24, vmbr1), management (10.0.200.0/24, vmbr0), and its uplink
 * to a router, which is the Internet (203.0.113.9) and a neighbour of the node at once and knows the way to the guests.
 */
const WORLD = `
set -eu
rules=$1 node=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /run
for host in node a b manager router; do ip netns add $host; ip -n $host link set lo up; done
in_node() { ip netns exec node "$@"; }
for bridge in vmbr0 vmbr1; do ip -n node link add $bridge type bridge; ip -n node link set $bridge up; done
plug() { ip link add eth0 netns $1 type veth peer name $2 netns node; ip -n node link set $2 master $3; ip -n node link set $2 up; ip -n $1 link set eth0 up; ip -n $1 address add $4 dev eth0; }
plug a veth100i0 vmbr1 10.0.100.100/24
plug b veth101i0 vmbr1 10.0.100.101/24
plug manager eno2 vmbr0 10.0.200.5/24
ip link add eth0 netns router type veth peer name eno1 netns node
ip -n router link set eth0 up; ip -n router address add 192.168.1.1/24 dev eth0; ip -n router address add 203.0.113.9/32 dev lo
ip -n router route add 10.0.100.0/24 via 192.168.1.10
ip -n node link set eno1 up; ip -n node address add 192.168.1.10/24 dev eno1
ip -n node address add 10.0.200.1/24 dev vmbr0; ip -n node address add 10.0.100.1/24 dev vmbr1
ip -n node route add default via 192.168.1.1
for guest in a b; do ip -n $guest route add default via 10.0.100.1; done
ip -n manager route add default via 10.0.200.1
in_node sysctl -q -w net.ipv4.ip_forward=1

ping() { if ip netns exec $2 busybox ping -q -c 1 -W 1 $3 >/dev/null 2>&1; then echo "$1: reached"; else echo "$1: nothing"; fi; }
listen() { ip netns exec $1 "$node" -e 'require("net").createServer((s) => { s.write(s.remoteAddress); s.end(); }).listen(+process.argv[1])' $2 & }
web() { said=$(ip netns exec $2 "$node" -e '
  const s = require("net").connect(+process.argv[2], process.argv[1]);
  setTimeout(() => process.exit(1), 1500);
  s.on("data", (d) => { process.stdout.write(String(d).replace(/^::ffff:/, "")); process.exit(0); });
  s.on("error", () => process.exit(1))' $3 $4 2>/dev/null) && echo "$1: from $said" || echo "$1: nothing"; }
listen a 8123; listen node 22; listen router 80; listen a 9000
in_node nft add table inet of_others; in_node nft add chain inet of_others x '{ type filter hook forward priority 0; policy accept; }'
sleep 1
ping 'no rules: management' a 10.0.200.5
ping 'no rules: other guest' a 10.0.100.101

in_node nft -f $rules
web 'the Internet, under the address of the node' a 203.0.113.9 80
ping 'other guest' a 10.0.100.101
ping 'management' a 10.0.200.5
web 'the node, by its own bridge' a 10.0.100.1 22
web 'the node, by its management address' a 10.0.200.1 22
web 'the node, by its uplink' a 192.168.1.10 22
ping 'the node, allowed' a 10.0.100.1
ping 'the uplink of the node, a neighbour' a 192.168.1.1
web 'forwarded port' router 192.168.1.10 8123
web 'port that is not forwarded' router 192.168.1.10 9000
web 'guest, past the node' router 10.0.100.100 8123
web 'the node to a guest' node 10.0.100.100 8123
web 'management to a guest' manager 10.0.100.100 8123
web 'management to the node' manager 10.0.200.1 22
in_node nft -f $rules
web 'loaded twice' a 203.0.113.9 80
in_node nft list tables | sort | while read -r table; do echo "table $table: there"; done
kill $(jobs -p) 2>/dev/null || :
`;

const VMBR1: BridgeRules = {
  name: "vmbr1",
  range: "10.0.100.0/24",
  uplink: "eno1",
  isolatedFrom: [
    { name: "vmbr0", ranges: ["10.0.200.0/24"] },
    { name: "eno1", ranges: ["192.168.1.0/24"] },
  ],
  nodeServices: ["ping"],
  isolateGuests: true,
  forwards: [{ protocol: "tcp", port: 8123, to: "10.0.100.100", toPort: 8123, source: "192.168.1.0/24" }],
};

/** Debian's and Proxmox VE's kernels know a frame's bridge (CONFIG_NFT_BRIDGE_META); this machine's may not. */
const knowsBridges =
  spawnSync("unshare", [
    "--net",
    "nft",
    "table bridge x { chain y { type filter hook forward priority 0; meta ibrname z drop; }; }",
  ]).status === 0;
if (!knowsBridges)
  process.stderr.write("note: without meta ibrname, which this kernel lacks: rules of all bridges are one's\n");
const known = (rules: string) => (knowsBridges ? rules : rules.replaceAll(/meta ibrname "[^"]+"/g, ""));

const accepted = (bridges: readonly BridgeRules[]) => {
  const file = join(temporaryFolder(), "network.nft");
  writeFileSync(file, known(networkRules(bridges)));
  return { file, check: spawnSync("unshare", ["--net", "nft", "-c", "-f", file], { encoding: "utf8" }) };
};

const missing = absentPrograms(["nft", "ip", "busybox"]);

describeInSandbox("a node's rules between real networks", () => {
  const lack = missing.length > 0 ? `no ${missing.join(", ")}` : "";
  itUnless(
    lack,
    "lets guests out, and nobody in but by a forwarded port",
    () => {
      const args = [accepted([VMBR1]).file, process.execPath];
      expect(inNetworkWorld(WORLD, ...args)).toEqual({
        "no rules: management": "reached",
        "no rules: other guest": "reached",
        "the Internet, under the address of the node": "from 192.168.1.10",
        "other guest": "nothing",
        management: "nothing",
        "the node, by its own bridge": "nothing",
        "the node, by its management address": "nothing",
        "the node, by its uplink": "nothing",
        "the node, allowed": "reached",
        "the uplink of the node, a neighbour": "nothing",
        "forwarded port": "from 192.168.1.1",
        "port that is not forwarded": "nothing",
        "guest, past the node": "nothing",
        "the node to a guest": "from 10.0.100.1",
        "management to a guest": "from 10.0.200.5",
        "management to the node": "from 10.0.200.5",
        "loaded twice": "from 192.168.1.10",
        "table table bridge proxmox_lab": "there",
        "table table inet of_others": "there",
        "table table inet proxmox_lab": "there",
      });
    },
    90_000,
  );

  it.each<[string, BridgeRules]>([
    ["nothing", { name: "vmbr1" }],
    ["isolation alone", { name: "vmbr1", isolatedFrom: [{ name: "vmbr0", ranges: [] }] }],
    ["a bridge with a port", { name: "vmbr1", isolateGuests: true, ports: ["eno2", "eno3.20"] }],
    ["IPv6 ranges", { name: "vmbr1", isolatedFrom: [{ name: "vmbr0", ranges: ["fd00::/64", "10.0.0.0/8"] }] }],
    [
      "every service",
      { name: "v", isolatedFrom: [{ name: "vmbr0", ranges: [] }], nodeServices: ["dhcp", "dns", "ping", "metrics"] },
    ],
    ["udp", { ...VMBR1, forwards: [{ protocol: "udp", port: 51820, to: "10.0.100.9", toPort: 51821 }] }],
  ])("nft accepts %s", (_, bridge) => {
    if (missing.length > 0) return;
    expect(accepted([bridge, VMBR1]).check).toMatchObject({ status: 0, stderr: "" });
  });
});
