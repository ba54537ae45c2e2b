import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BridgeRules, networkRules } from "../../constructs/network-rules";
import { settingsFile } from "../../constructs/settings-file";
import type { Setting } from "../../constructs/step";
import { temporaryFolder } from "../support/run-step";
import { describeInSandbox } from "../support/sandbox";

/** The role's scripts in a network namespace and over folders of their own: `run ACTION SETTINGS` says how it ended. */
const WORLD = `
cd "$1"
mount --make-rprivate /
for folder in /run /var/lib /etc/sysctl.d /etc/systemd/system; do mount -t tmpfs tmpfs $folder; done
export PATH="$1/bin:$PATH" NETWORK_RULES=/run/network.nft NETWORK_INTERFACES=/run/interfaces HOSTNAME=pve1
ip link set lo up
echo "iface eno1 inet manual" >/run/interfaces
run() { rm -f report; sh -euc '. "./$2"; . "./$1.sh"' role "$1" "$2.settings" >out 2>&1; echo "$1 $2: $? $(grep -E '^(changed|would|error|ok)' out | cut -c 1-120 | paste -s -d '|' -)"; }
tables() { nft list tables | grep -c proxmox_lab; }
`;

function world(script: string, settings: { readonly [name: string]: { readonly [name: string]: Setting } }) {
  const folder = temporaryFolder();
  cpSync("provision/network-guard/apply.sh", join(folder, "guard.sh"));
  cpSync("provision/node-network", folder, { recursive: true });
  cpSync("provision/lib", join(folder, "lib"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  const commands = {
    "dpkg-query": 'echo "installed 1.0"',
    ifreload: "echo reloaded >>/run/reloads",
    pvesh:
      '[ "$1" = set ] && echo "$@" >>/run/pvesh || echo \'{"cidr":"10.0.200.1/24","autostart":1,"comments":"old\\\\n"}\'',
  };
  for (const [name, text] of Object.entries(commands))
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  for (const [name, each] of Object.entries(settings))
    writeFileSync(join(folder, `${name}.settings`), settingsFile({ ...DEFAULTS, ...each }).text);
  const args = ["--mount", "--net", "--pid", "--kill-child", "--fork", "--mount-proc", "sh", "-c", WORLD + script];
  const done = spawnSync("unshare", [...args, "world", folder], { encoding: "utf8", timeout: 60_000 });
  return done.stdout + done.stderr;
}

const DEFAULTS = { network_rules: "", network_forwarding: false, network_confirm_seconds: 60, network_rewrite: [] };
const rules = (more: Partial<BridgeRules> = {}) => ({
  network_rules: networkRules([
    { name: "vmbr1", range: "10.0.100.0/24", uplink: "eno1", isolatedFrom: [{ name: "vmbr0", ranges: [] }], ...more },
  ]),
  network_forwarding: true,
});

const missing = ["nft", "ip"].filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
const itWithNft = missing.length === 0 ? it : it.skip;
if (missing.length > 0) process.stderr.write(`skipped: no ${missing.join(", ")}\n`);

describeInSandbox("a node's network, applied", () => {
  itWithNft("is kept when it is confirmed, and then as wanted", () => {
    const said = world(
      `
run check one; run apply one
echo "unconfirmed: $(ls /run/network.nft 2>&1 | grep -c 'No such') $(tables)"
run confirm one; run apply one; run check one
echo "kept: $(cat /etc/sysctl.d/*) $(grep -c network.nft /etc/systemd/system/proxmox-lab-network.service)"
nft flush chain inet proxmox_lab routed; run check one; run apply one; run confirm one; run check one
run apply none; echo "gone: $(tables) $(ls /etc/systemd/system | wc -l)"; run apply none`,
      { one: rules(), none: {} },
    );
    expect(said.trim().split("\n")).toEqual([
      expect.stringMatching(/^check one: 2 would change: rules of the node's network; forwarding between networks/),
      expect.stringMatching(/^apply one: 0 .*changed: rules of the node's network; forwarding between networks/),
      "unconfirmed: 1 2",
      expect.stringMatching(/^confirm one: 0 ok: the network's rules is kept/),
      expect.stringMatching(/^apply one: 0 ok: .*ok: rules of the node's network$/),
      expect.stringMatching(/^check one: 0 /),
      "kept: net.ipv4.ip_forward = 1 2",
      expect.stringMatching(/^check one: 2 would change: .*changed by hand/),
      expect.stringMatching(/^apply one: 0 .*changed: .*changed by hand/),
      expect.stringMatching(/^confirm one: 0 /),
      expect.stringMatching(/^check one: 0 /),
      expect.stringMatching(/^apply none: 0 changed: rules taken away/),
      "gone: 0 0",
      expect.stringMatching(/^apply none: 0$/),
    ]);
  });

  itWithNft("is taken back when nobody comes", () => {
    const said = world(
      `
run apply one; run confirm one
nft -s list table inet proxmox_lab >/run/first
run apply two; nft -s list table inet proxmox_lab | cmp -s - /run/first || echo "other rules"
sleep 2.5
nft -s list table inet proxmox_lab | cmp - /run/first && echo "the former rules"
run confirm two; run apply two; run confirm two; run check two`,
      { one: rules(), two: { ...rules({ nodeServices: ["ping"] }), network_confirm_seconds: 1 } },
    );
    expect(said.trim().split("\n")).toEqual([
      expect.stringMatching(/^apply one: 0/),
      expect.stringMatching(/^confirm one: 0/),
      expect.stringMatching(/^apply two: 0/),
      "other rules",
      "the former rules",
      expect.stringMatching(/^confirm two: 1 error: network: the node was out of reach/),
      expect.stringMatching(/^apply two: 0/),
      expect.stringMatching(/^confirm two: 0/),
      expect.stringMatching(/^check two: 0/),
    ]);
  });

  itWithNft("refuses rules that nft refuses, and changes nothing", () => {
    const said = world('run apply bad; echo "tables: $(tables)"', { bad: { network_rules: "table inet {" } });
    expect(said).toMatch(/apply bad: 1 .*error: network: nft refuses the rules, nothing was changed/);
    expect(said).toContain("tables: 0");
  });

  itWithNft("rewrites the management bridge only where it differs, and brings its file back", () => {
    const rewrite = (options: { readonly [name: string]: Setting }) => ({
      network_confirm_seconds: 1,
      network_rewrite: [{ name: "vmbr0", options }],
    });
    const said = world(
      `
run apply same; run apply other; echo "asked: $(cat /run/pvesh | sed "s/$(hostname)/pve1/" | paste -s -d '|' -)"
echo changed >/run/interfaces; sleep 2.5; echo "file: $(cat /run/interfaces), $(cat /run/reloads)"; run confirm other`,
      {
        same: rewrite({ autostart: 1, cidr: "10.0.200.1/24", comments: "old", bridge_vlan_aware: 0 }),
        other: rewrite({ autostart: 1, cidr: "10.0.200.2/24" }),
      },
    );
    expect(said.trim().split("\n")).toEqual([
      expect.stringMatching(/^apply same: 0 $/),
      expect.stringMatching(/^apply other: 0 changed: vmbr0: cidr 10.0.200.1\/24 becomes 10.0.200.2\/24/),
      "asked: set /nodes/pve1/network/vmbr0 --type bridge --autostart 1 --cidr 10.0.200.2/24|set /nodes/pve1/network",
      "file: iface eno1 inet manual, reloaded",
      expect.stringMatching(/^confirm other: 1 error: network: the node was out of reach/),
    ]);
  });

  itWithNft("takes rules away beside a rewrite, and keeps none that a killed run left unconfirmed", () => {
    const rewrite = { network_rewrite: [{ name: "vmbr0", options: { cidr: "10.0.200.2/24" } }] };
    const said = world(
      `
run apply one; run confirm one; run apply two; rm /var/lib/proxmox-lab/rollback/network.armed
run apply bridge; run confirm bridge; echo "gone: $(tables) $(ls /run/network.nft* 2>/dev/null) $(ls /etc/systemd/system | wc -l)"`,
      { one: rules(), two: rules({ nodeServices: ["ping"] }), bridge: rewrite },
    );
    expect(said.trim().split("\n")).toEqual([
      expect.stringMatching(/^apply one: 0/),
      expect.stringMatching(/^confirm one: 0/),
      expect.stringMatching(/^apply two: 0/),
      expect.stringMatching(/^apply bridge: 0 changed: vmbr0: cidr .*\|changed: rules taken away/),
      expect.stringMatching(/^confirm bridge: 0 ok: the network's rules is kept/),
      "gone: 0  0",
    ]);
  });

  itWithNft("before a bridge is made, arms the timer; a port that is in use is refused", () => {
    const guard = (port: string) => ({ network_guard_seconds: 1, network_bridges: [{ name: "vmbr1", ports: [port] }] });
    const said = world(
      `
ip link add eno1 type veth peer name x1; ip address add 192.168.1.5/24 dev eno1; ip link add eno2 type veth peer name x2
ip link add vmbr9 type bridge; ip link add eno3 type veth peer name x3; ip link set eno3 master vmbr9
run guard used; cat out | tail -n 3; run guard owned; run guard free; echo new >/run/interfaces; echo pending >/run/interfaces.new
sleep 2.5; echo "file: $(cat /run/interfaces) $(ls /run/interfaces.new 2>/dev/null)"
run guard free; run confirm free; sleep 2; wc -l </run/reloads`,
      { used: guard("eno1"), owned: guard("eno3"), free: guard("eno2") },
    );
    expect(said).toMatch(/guard used: 1 error: network: this could cut the node off/);
    expect(said).toContain("eno1 is to be a port of vmbr1, but carries 192.168.1.5/24");
    expect(said).toMatch(/guard owned: 1 error/);
    expect(said).toMatch(/guard free: 0 ok: the former network comes back in 1 s/);
    expect(said).toContain("file: iface eno1 inet manual \n");
    expect(said).toMatch(/confirm free: 0 ok: the network configuration is kept[^\n]*\n1\n$/);
  });
});
