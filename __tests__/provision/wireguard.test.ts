import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import role from "../../provision/wireguard/role";
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
  "disable"*) rm -f "/run/enabled-$last" "/run/active-$last" ;;
  "restart"*)
    name=\${last#wg-quick@}
    ! grep -q 5.6.7.8 "/etc/wireguard/$name.conf" || exit 1
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
const found = (program: string) => !spawnSync(program, ["--version"]).error;
const COMMANDS = {
  "dpkg-query": 'echo "installed 1.0"',
  systemctl: SYSTEMCTL,
  nft: found("nft") ? NFT : NFT.replace("exec unshare --net /usr/sbin/nft", ": no nft here:"),
  ip: 'case "$*" in *"type wireguard") exit 0 ;; esac',
  sysctl: 'echo "sysctl $*" >>/run/calls',
};
const FILES = { "run/systemd/system/.keep": "", "etc/sysctl.d/.keep": "" };
const key = (letter: string) => `${letter.repeat(42)}A=`;
const SECRETS = { wireguard_private_key: key("s"), wireguard_peers_0_preshared_key: key("p") };
const PEER = { public_key: key("B"), endpoint: "vpn.example.com:51820", allowed_ips: ["0.0.0.0/0"], keepalive: 25 };
const TUNNEL = { wireguard_address: ["10.8.0.2/32"], wireguard_peers: [PEER] };
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
    expect(calls(guest)).toMatch(/systemctl enable --no-reload wg-quick@wg0\n(.*\n)*systemctl restart wg-quick@wg0\n/);
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

  it("takes away the tunnel of a former name", () => {
    const guest = makeGuest();
    apply(guest);
    const { output } = apply(guest, { ...TUNNEL, wireguard_interface: "vpn" });
    expect(output).toContain("changed: wg0 removed");
    expect(calls(guest)).toContain("systemctl disable --now wg-quick@wg0");
    expect(() => guest.read("etc/wireguard/wg0.conf")).toThrow();
  });

  it("raises the guard before the tunnel and before it forwards", () => {
    const guest = makeGuest();
    const { output, status } = apply(guest, { ...TUNNEL, wireguard_gateway: GATEWAY });
    expect({ output, status }).toMatchObject({ status: 0 });
    const order = ["/etc/wireguard/gateway.nft", "the gateway's rules", "wg0 up", "60-wireguard-gateway.conf"];
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
    { wireguard_interface: "wg0; reboot" },
    { wireguard_address: ["10.8.0.2"] },
    { wireguard_address: ["10.8.0.256/24"] },
    { wireguard_peers: [{ ...PEER, public_key: "short" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com" }] },
    { wireguard_peers: [{ ...PEER, allowed_ips: ["all"] }] },
    { wireguard_gateway: { ...GATEWAY, networks: [] } },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "10.10.10.2" }] } },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));

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
