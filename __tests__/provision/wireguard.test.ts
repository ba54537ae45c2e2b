import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { allRoles } from "../../provision/registry";
import role from "../../provision/wireguard/role";
import { container, hosts, load, removeLabFolders, told } from "../support/lab-folder";
import { describeInSandbox, Sandbox } from "../support/sandbox";

/** Plays systemd: a tunnel that is started records what it was started with, as the role's drop-in has it. */
const SYSTEMCTL = `
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
const key = (letter: string) => `${letter.repeat(42)}A=`;
const found = (program: string) => !spawnSync(program, ["--version"]).error;
const COMMANDS = {
  "dpkg-query": 'echo "installed 1.0"',
  systemctl: SYSTEMCTL,
  nft: found("nft") ? NFT : NFT.replace("exec unshare --net /usr/sbin/nft", ": no nft here:"),
  ip: 'case "$*" in *"type wireguard") exit 0 ;; esac',
  sysctl: 'echo "sysctl $*" >>/run/calls',
  wg: `echo "wg $*" >>/run/calls
    case $1 in
      pubkey) read -r private; [ "$private" != ${key("s")} ] || echo ${key("O")} ;;
      show) case $3 in listen-port) echo 40404 ;; fwmark) echo 0xca6c ;; esac ;;
      syncconf) cp "$3" /run/synced ;;
    esac`,
};
const FILES = {
  "run/systemd/system/.keep": "",
  "sys/class/net/lo/uevent": "",
  "sys/class/net/eth0/uevent": "INTERFACE=eth0\n",
  "sys/class/net/eth1/uevent": "INTERFACE=eth1\n",
};
const SECRETS = { wireguard_private_key: key("s"), wireguard_peers_0_preshared_key: key("p") };
const PEER = { public_key: key("B"), endpoint: "vpn.example.com:51820", allowed_ips: ["0.0.0.0/0"], keepalive: 25 };
const TUNNEL = { wireguard_address: ["10.8.0.2/32"], wireguard_peers: [PEER] };
const BAD = { wireguard_peers: [{ ...PEER, endpoint: "5.6.7.8:1" }] };
const GATEWAY = {
  interface: "eth1",
  networks: ["10.10.10.0/24"],
  publish: [{ port: 8080, to: "10.10.10.2:8080" }],
};
const makeGuest = (commands = {}) => new Sandbox({ commands: { ...COMMANDS, ...commands }, files: FILES });
const apply = (guest: Sandbox, settings: object = TUNNEL, action = "apply", secrets = SECRETS) =>
  guest.apply("wireguard", settings as never, action, secrets);
const calls = (guest: Sandbox) => guest.read("run/calls");

describeInSandbox("the wireguard role", () => {
  it("writes a tunnel for root alone, which wg-quick accepts, and brings it up", () => {
    const guest = makeGuest();
    const { output, status } = apply(guest);
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(guest.read("etc/wireguard/wg0.conf")).toBe(
      `[Interface]\nPrivateKey = ${key("s")}\nAddress = 10.8.0.2/32\n\n[Peer]\nPublicKey = ${key("B")}\nPresharedKey = ${key("p")}\nEndpoint = vpn.example.com:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n`,
    );
    expect((statSync(join(guest.root, "etc/wireguard/wg0.conf")).mode & 0o777).toString(8)).toBe("600");
    expect(calls(guest)).toMatch(/systemctl restart wg-quick@wg0\n(.*\n)*systemctl enable --no-reload wg-quick@wg0\n/);
    expect(output + calls(guest)).not.toMatch(/s{42}|p{42}/);
    if (!found("wg-quick")) {
      process.stderr.write("skipped: no wg-quick to read the tunnel with\n");
      return;
    }
    const stripped = spawnSync("wg-quick", ["strip", join(guest.root, "etc/wireguard/wg0.conf")], { encoding: "utf8" });
    expect(stripped.stdout).toContain(`PrivateKey = ${key("s")}`);
    expect(stripped.stdout).not.toContain("Address");
  });

  it.each([
    ["a tunnel", TUNNEL],
    ["a gateway", { ...TUNNEL, wireguard_gateway: GATEWAY }],
  ])("changes nothing the second time, and a check agrees: %s", (_, settings) => {
    const guest = makeGuest();
    const untouched = guest.digest();
    expect(apply(guest, settings, "check").status).toBe(2);
    expect(guest.digest()).toBe(untouched);
    apply(guest, settings);
    const applied = guest.digest();
    expect(apply(guest, settings).output).toMatch(/done: [01] changed/);
    expect(apply(guest, settings, "check").output).toMatch(/0 would change|forwarding/);
    expect(guest.digest()).toBe(applied);
  });

  it("brings up a tunnel that runs with an older file, as after a run that was killed", () => {
    const guest = makeGuest();
    apply(guest);
    writeFileSync(join(guest.root, "run/proxmox-lab-wg0.sha256"), "another  -\n");
    expect(apply(guest, TUNNEL, "check")).toMatchObject({ status: 2, output: expect.stringContaining("wg0 up") });
    expect(apply(guest).output).toContain("changed: wg0 up");
  });

  it("puts back the tunnel as it was when the new one does not come up, and says why", () => {
    const guest = makeGuest();
    apply(guest);
    const before = guest.read("etc/wireguard/wg0.conf");
    const { output, status } = apply(guest, { ...TUNNEL, wireguard_peers: [{ ...PEER, endpoint: "5.6.7.8:1" }] });
    expect(status).toBe(1);
    expect(output).toContain(
      "wg0 does not come up: RTNETLINK answers: Permission denied; the tunnel as it was is back",
    );
    expect(guest.read("etc/wireguard/wg0.conf")).toBe(before);
    expect(apply(guest).output).toContain("done: 0 changed");
  });

  it("takes away the tunnel of a former name, when the new one is up", () => {
    const guest = makeGuest();
    apply(guest);
    const renamed = { ...TUNNEL, wireguard_interface: "vpn" };
    expect(apply(guest, renamed).output).toMatch(/changed: vpn up\n.*changed: wg0 removed/);
    expect(calls(guest)).toMatch(
      /stop wg-quick@wg0\n(.*\n)*systemctl restart wg-quick@vpn\n(.*\n)*.*disable .*wg-quick@wg0\n/,
    );
    expect(() => guest.read("etc/wireguard/wg0.conf")).toThrow();
    expect(guest.read("etc/wireguard/.proxmox-lab")).toBe("vpn\n");
    expect(apply(guest, renamed).output).toContain("done: 0 changed");
  });

  it("keeps the tunnel of a former name when the new one does not come up", () => {
    const guest = makeGuest();
    const gateway = { ...TUNNEL, wireguard_gateway: GATEWAY };
    apply(guest, gateway);
    const { output, status } = apply(guest, { ...gateway, ...BAD, wireguard_interface: "vpn" });
    expect({ output, status }).toMatchObject({
      status: 1,
      output: expect.stringMatching(/vpn does not come up: .*is back/),
    });
    expect(calls(guest)).toMatch(/systemctl restart wg-quick@wg0\n$/);
    expect(guest.read("etc/wireguard/gateway.nft")).toContain('oifname "wg0"');
    expect(() => guest.read("etc/wireguard/vpn.conf")).toThrow();
    expect(apply(guest, gateway).output).toMatch(/done: [01] changed/);
  });

  it.each(["", "vpn"])("puts back what worked, not what a killed run had begun: under %j", (wireguard_interface) => {
    const guest = makeGuest();
    apply(guest);
    const before = guest.read("etc/wireguard/wg0.conf");
    const name = wireguard_interface || "wg0";
    const bad = { ...TUNNEL, ...BAD, wireguard_interface: name };
    const kill = `case $* in "restart wg-quick@${name}") kill -9 "$(sed -n "s/^PPid:[^0-9]*//p" /proc/$PPID/status)"; exit 1 ;; esac\n`;
    const stub = join(guest.root, "stand-ins/systemctl");
    writeFileSync(stub, `#!/bin/sh\n${kill}${SYSTEMCTL}`);
    expect(apply(guest, bad).status).not.toBe(0);
    expect(guest.read(`etc/wireguard/${name}.conf`)).toContain("5.6.7.8");
    writeFileSync(stub, `#!/bin/sh\n${SYSTEMCTL}`);
    expect(apply(guest, bad).output).toContain("the tunnel as it was is back");
    expect(guest.read("etc/wireguard/wg0.conf")).toBe(before);
    expect(apply(guest).output).toContain("done: 0 changed");
    expect(readdirSync(join(guest.root, "etc/wireguard")).sort()).toEqual([".proxmox-lab", "wg0.conf"]);
  });

  it("leaves nothing of a first tunnel that does not come up", () => {
    const guest = makeGuest();
    expect(apply(guest, { ...TUNNEL, ...BAD }).output).toMatch(
      /wg0 does not come up: RTNETLINK answers: Permission denied\n/,
    );
    expect(readdirSync(join(guest.root, "etc/wireguard"))).toEqual([]);
    expect(calls(guest)).not.toContain("enable ");
  });

  it("changes peers without ending the sessions of others, with the port and the mark that were chosen", () => {
    const guest = makeGuest();
    apply(guest);
    const more = { ...TUNNEL, wireguard_peers: [PEER, { public_key: key("C"), allowed_ips: ["10.9.0.0/24"] }] };
    expect(apply(guest, more, "check").output).toContain("would change: wg0 peers");
    expect(apply(guest, more).output).toContain("changed: wg0 peers");
    expect(guest.read("run/synced")).toBe(
      `[Interface]\nListenPort = 40404\nFwMark = 0xca6c\nPrivateKey = ${key("s")}\n\n[Peer]\nPublicKey = ${key("B")}\nPresharedKey = ${key("p")}\nEndpoint = vpn.example.com:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n\n[Peer]\nPublicKey = ${key("C")}\nAllowedIPs = 10.9.0.0/24\n`,
    );
    expect(calls(guest).match(/restart wg-quick/g)).toHaveLength(1);
    expect(apply(guest, more).output).toContain("done: 0 changed");
    expect(readdirSync(join(guest.root, "etc/wireguard")).sort()).toEqual([".proxmox-lab", "wg0.conf"]);
  });

  it.each([
    ["an endpoint", { wireguard_peers: [{ ...PEER, endpoint: "other.example.com:1" }] }],
    ["all addresses", { wireguard_peers: [{ ...PEER, allowed_ips: ["10.0.0.0/8"] }] }],
    ["an address", { wireguard_address: ["10.8.0.3/32"] }],
  ])("brings the tunnel up anew for %s", (_, settings) => {
    const guest = makeGuest();
    apply(guest);
    expect(apply(guest, { ...TUNNEL, ...settings }).output).toContain("changed: wg0 up");
  });

  it.each([
    ["the tunnel's name is a card's", { wireguard_interface: "eth0" }, "eth0 is another interface of this guest"],
    [
      "no card is called so",
      { wireguard_gateway: { ...GATEWAY, interface: "eth7" } },
      "this guest has no eth7; expected its card on the clients' network, one of eth0, eth1, lo, wg0;",
    ],
    ["a peer is the guest itself", { wireguard_peers: [{ ...PEER, public_key: key("O") }] }, "is this guest's own"],
  ])("changes nothing when %s", (_, settings, says) => {
    const guest = makeGuest();
    apply(guest);
    const before = [guest.digest(), calls(guest).replaceAll(/^wg .*\n/gm, "")];
    const { output, status } = apply(guest, { ...TUNNEL, ...settings });
    expect({ output, status }).toMatchObject({ status: 1, output: expect.stringContaining(says) });
    expect([guest.digest(), calls(guest).replaceAll(/^wg .*\n/gm, "")]).toEqual(before);
  });

  it("raises the guard before the tunnel and before it forwards", () => {
    const guest = makeGuest();
    const { output, status } = apply(guest, { ...TUNNEL, wireguard_gateway: GATEWAY });
    expect({ output, status }).toMatchObject({ status: 0 });
    const order = ["/etc/wireguard/gateway.nft", "the gateway's rules", "wg0 up"];
    const places = order.map((what) => output.indexOf(what));
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(places).not.toContain(-1);
  });

  it("sees rules that someone took away", () => {
    const guest = makeGuest();
    const settings = { ...TUNNEL, wireguard_gateway: GATEWAY };
    apply(guest, settings);
    spawnSync("sh", ["-c", `rm -f '${guest.root}'/run/nft-*`]);
    expect(apply(guest, settings, "check").output).toContain("would change: the gateway's rules");
  });

  it("touches nothing when nft refuses the rules", () => {
    const guest = makeGuest({ nft: "echo 'Error: conflicting intervals specified' >&2; exit 1" });
    const { output, status } = apply(guest, { ...TUNNEL, wireguard_gateway: GATEWAY });
    expect({ output, status }).toMatchObject({ status: 1, output: expect.stringContaining("conflicting intervals") });
    expect(() => guest.read("etc/wireguard/gateway.nft")).toThrow();
  });

  it("lets the clients' card through Docker's chain, and no other any more", () => {
    const iptables = `echo "iptables $*" >>/run/calls
      case "$1 $2" in "-S FORWARD") echo "-P FORWARD DROP" ;; "-C DOCKER-USER") grep -qxF -e "$*" /run/passed ;;
        "-I DOCKER-USER") shift; echo "-C $*" >>/run/passed ;; "-D DOCKER-USER") shift; sed -i "/^-C $*$/d" /run/passed ;; esac`;
    const guest = makeGuest({ iptables });
    const passed = () => guest.read("run/passed").match(/eth\d/g);
    const gateway = (settings = {}) => ({ ...TUNNEL, wireguard_gateway: { ...GATEWAY, ...settings } });
    apply(guest, gateway());
    expect(passed()).toEqual(["eth1", "eth1"]);
    expect(apply(guest, gateway({ publish: [] })).output).not.toContain("DOCKER-USER");
    const [rules, let1] = [guest.read("etc/wireguard/gateway.nft"), guest.read("run/passed")];
    apply(guest, gateway({ interface: "eth0" }));
    expect(passed()).toEqual(["eth0", "eth0"]);
    // As a run leaves it that was killed once the new rules were written.
    const before = join(guest.root, "etc/wireguard/.gateway.nft.before");
    writeFileSync(before, rules);
    writeFileSync(join(guest.root, "run/passed"), let1);
    apply(guest, gateway({ interface: "eth0" }));
    expect(passed()).toEqual(["eth0", "eth0"]);
    expect(existsSync(before)).toBe(false);
    apply(guest);
    expect(passed()).toBeNull();
  });

  it("takes the gateway down, forwarding first", () => {
    const guest = makeGuest();
    apply(guest, { ...TUNNEL, wireguard_gateway: GATEWAY });
    const { output, status } = apply(guest);
    expect({ output, status }).toMatchObject({
      status: 0,
      output: expect.stringContaining("changed: the gateway removed"),
    });
    expect(calls(guest)).toContain("systemctl disable --now wireguard-gateway");
    expect(() => guest.read("etc/wireguard/gateway.nft")).toThrow();
    expect(apply(guest).output).toContain("done: 0 changed");
  });

  it.each([
    ["", "empty"],
    ["x", "short"],
    [`${"s".repeat(43)}B`, "without its end"],
    [`${"s".repeat(40)}$(A=`, "with shell in it"],
    [`${key("s")}\nPostUp = touch /run/pwned`, "with another line"],
  ])("refuses a private key that is none, and does not show it: %j (%s)", (value) => {
    const guest = makeGuest();
    const { output, status } = apply(guest, TUNNEL, "apply", { ...SECRETS, wireguard_private_key: value });
    expect({ output, status }).toMatchObject({ status: 1, output: expect.stringContaining("is no WireGuard key") });
    expect(output).not.toMatch(/s{40}|PostUp/);
    expect(() => guest.read("etc/wireguard/wg0.conf")).toThrow();
  });

  it("knows that it does not know Alpine", () => {
    const guest = new Sandbox({ osRelease: 'ID=alpine\nPRETTY_NAME="Alpine 3.22"\n' });
    expect(apply(guest).output).toContain("this role knows Debian and Ubuntu, this is Alpine 3.22");
  });
});

describe("settings of wireguard", () => {
  const valid = { ...TUNNEL, wireguard_private_key: { secret: "wg_key" } };
  const accepts = (value: object) => role.variables.safeParse({ ...valid, ...value }).success;

  it.each([
    {},
    { wireguard_gateway: GATEWAY },
    { wireguard_address: ["10.8.0.2/32", "fd00::2/128"] },
    {
      wireguard_peers: [
        { ...PEER, endpoint: "[2001:db8::1]:51820", allowed_ips: ["::/0"], preshared_key: { secret: "psk" } },
      ],
    },
  ])("accept %j", (value) => expect(accepts(value)).toBe(true));

  it.each([
    { wireguard_private_key: key("s") },
    { wireguard_interface: "-wg0" },
    { wireguard_address: ["::1::2/64"] },
    { wireguard_address: ["fd00::2/129"] },
    { wireguard_address: ["10.8.0.2/024"] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com:99999" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com:0" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "1.2.3.999:51820" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "[1::2::3]:51820" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "[1.2.3.4]:51820" }] },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "10.10.10.2:70000" }] } },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "host:80" }] } },
    { wireguard_interface: "wg0; reboot" },
    { wireguard_address: ["10.8.0.2"] },
    { wireguard_address: ["10.8.0.256/24"] },
    { wireguard_peers: [{ ...PEER, public_key: "short" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com" }] },
    { wireguard_peers: [{ ...PEER, allowed_ips: ["all"] }] },
    { wireguard_gateway: { ...GATEWAY, networks: [] } },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "10.10.10.2" }] } },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));

  const issues = (value: object) =>
    (role.variables.safeParse({ ...valid, ...value }).error?.issues ?? []).map(({ message, path }) => [
      path.join("."),
      message,
    ]);
  const second = { public_key: key("C"), allowed_ips: ["10.1.0.0/16"] };

  it.each([
    ["an address", { wireguard_address: ["fd00::2/64", "FD00:0::2/128"] }, "wireguard_address.1", /in the list twice/],
    [
      "a public key",
      { wireguard_peers: [PEER, { ...second, public_key: PEER.public_key }] },
      "wireguard_peers.1.public_key",
      /key of wireguard_peers\.0, too/,
    ],
    [
      "a network",
      {
        wireguard_peers: [
          { ...PEER, allowed_ips: ["10.0.0.0/24"] },
          { ...second, allowed_ips: ["::/0", "10.0.0.5/24"] },
        ],
      },
      "wireguard_peers.1.allowed_ips.1",
      /^10\.0\.0\.0\/24 belongs to wireguard_peers\.0, too/,
    ],
    [
      "a published port",
      {
        wireguard_gateway: {
          ...GATEWAY,
          publish: [
            { port: 1, to: "10.10.10.2:1" },
            { port: 1, to: "10.10.10.3:1", protocol: "tcp" },
          ],
        },
      },
      "wireguard_gateway.publish.1.port",
      /port 1 of tcp leads to 10\.10\.10\.2:1 already/,
    ],
  ])("say what is there twice: %s", (_, value, path, message) => {
    expect(issues(value)).toEqual([[path, expect.stringMatching(message)]]);
  });

  it("leave overlapping networks to WireGuard, which takes the longest prefix, and one port to two protocols", () => {
    const inside = { ...second, allowed_ips: ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.7/24"] };
    const publish = (["tcp", "udp"] as const).map((protocol) => ({ port: 1, to: "10.10.10.2:1", protocol }));
    expect(issues({ wireguard_peers: [PEER, inside], wireguard_gateway: { ...GATEWAY, publish } })).toEqual([]);
  });

  describe("in a lab", () => {
    afterAll(removeLabFolders);
    const gateway = (rest = "") => `wireguard_gateway: { interface: eth1, networks: [10.9.0.0/24]${rest} }`;
    it.each([
      ["wireguard_interface: lan0", /wireguard_interface: lan0 is a network card of vpn/],
      ["wireguard_interface: eth1", /wireguard_interface: eth1 is a network card of vpn/],
      [`wireguard_interface: eth2\n${gateway().replace("eth1", "eth2")}`, /interface: eth2 is the tunnel/],
      [`wireguard_address: [fd00::2/64]\n${gateway()}`, /wireguard_address: .* has no IPv4 address/],
      [
        `wireguard_listen_port: 5000\n${gateway(", publish: [{ port: 5000, to: '10.9.0.2:1', protocol: udp }]")}`,
        /publish\.0\.port: 5000 is the tunnel's own port/,
      ],
      [`wireguard_listen_port: 5000\n${gateway(", publish: [{ port: 5000, to: '10.9.0.2:1' }]")}`, /^$/],
    ])("%j", (lines, expected) => {
      const settings = {
        wireguard_address: "[10.8.0.2/32]",
        wireguard_private_key: "{ secret: wg_key }",
        wireguard_peers: `[{ public_key: "${key("B")}", allowed_ips: [0.0.0.0/0] }]`,
      };
      const others = Object.entries(settings).filter(([name]) => !lines.includes(`${name}:`));
      const nets = "networks: [{ name: lan0, ip: dhcp }, { ip: dhcp }]";
      const result = load(
        {
          "hosts.yml": hosts({ wireguard_hosts: ["vpn"], guests: ["vpn"] }),
          "host_vars/vpn.yml": `${container("vmid: 302", nets)}${others.map((each) => `${each.join(": ")}\n`).join("")}${lines}\n`,
        },
        allRoles(),
      );
      expect(told(result, "role-setting").join("\n")).toMatch(expected);
      expect(result.lab === undefined).toBe(expected.source !== "^$");
    });
  });

  it("let no text through that could end its line, its string or its word", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .constantFrom("\n", "$(id)", '"', "{", ";", "--help", " ")
        .chain((odd) => fc.constantFrom(`wg${odd}`, `${odd}1`, `1.2.3.4${odd}`)),
    );
    fc.assert(
      fc.property(text, (odd) => {
        for (const value of [
          { wireguard_interface: odd },
          { wireguard_address: [odd] },
          { wireguard_peers: [{ ...PEER, endpoint: odd }] },
          { wireguard_peers: [{ ...PEER, public_key: odd }] },
          { wireguard_peers: [{ ...PEER, allowed_ips: [odd] }] },
          { wireguard_gateway: { ...GATEWAY, interface: odd } },
          { wireguard_gateway: { ...GATEWAY, networks: [odd] } },
          { wireguard_gateway: { ...GATEWAY, publish: [{ port: 1, to: odd }] } },
        ]) {
          if (accepts(value)) expect(odd).toMatch(/^[\w.:/[\]+=-]+$/);
          if (accepts(value)) expect(odd).not.toMatch(/^-/);
        }
      }),
      { numRuns: 200 },
    );
  });
});
