import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { describeUnless } from "../support/skip";
import {
  apply,
  BAD,
  calls,
  found,
  GATEWAY,
  key,
  makeGuest,
  PEER,
  SECRETS,
  SYSTEMCTL,
  TUNNEL,
} from "./support/wireguard";

describeInSandbox("the wireguard role", () => {
  it("writes a tunnel for root alone, and brings it up", () => {
    const guest = makeGuest();
    const { output, status } = apply(guest);
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(guest.read("etc/wireguard/wg0.conf")).toBe(
      `[Interface]\nPrivateKey = ${key("s")}\nAddress = 10.8.0.2/32\n\n[Peer]\nPublicKey = ${key("B")}\nPresharedKey = ${key("p")}\nEndpoint = vpn.example.com:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n`,
    );
    expect((statSync(join(guest.root, "etc/wireguard/wg0.conf")).mode & 0o777).toString(8)).toBe("600");
    expect(calls(guest)).toMatch(/systemctl restart wg-quick@wg0\n(.*\n)*systemctl enable --no-reload wg-quick@wg0\n/);
    expect(output + calls(guest)).not.toMatch(/s{42}|p{42}/);
  });

  describeUnless(found("wg-quick") ? "" : "no wg-quick to read the tunnel with", "the tunnel", () => {
    it("is one that wg-quick reads", () => {
      const guest = makeGuest();
      apply(guest);
      const path = join(guest.root, "etc/wireguard/wg0.conf");
      const { status, stdout } = spawnSync("wg-quick", ["strip", path], { encoding: "utf8" });
      expect(status).toBe(0);
      expect(stdout).toContain(`PrivateKey = ${key("s")}`);
      expect(stdout).not.toContain("Address");
    });
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
    expect(apply(guest, settings).output).toContain("done: 0 changed");
    expect(apply(guest, settings, "check")).toMatchObject({
      status: 0,
      output: expect.stringContaining(" 0 would change"),
    });
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
    expect(apply(guest, gateway).output).toContain("done: 0 changed");
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
    // What a peer is not given is taken off by these two, which wg reads as none.
    const none = `PresharedKey = ${"A".repeat(43)}=\nPersistentKeepalive = off`;
    expect(apply(guest, more, "check").output).toContain("would change: wg0 peers");
    expect(apply(guest, more).output).toContain("changed: wg0 peers");
    expect(guest.read("run/synced")).toBe(
      `[Interface]\nListenPort = 40404\nFwMark = 0xca6c\nPrivateKey = ${key("s")}\n\n[Peer]\n${none}\nPublicKey = ${key("B")}\nPresharedKey = ${key("p")}\nEndpoint = vpn.example.com:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 25\n\n[Peer]\n${none}\nPublicKey = ${key("C")}\nAllowedIPs = 10.9.0.0/24\n`,
    );
    expect(calls(guest).match(/restart wg-quick/g)).toHaveLength(1);
    expect(apply(guest, more).output).toContain("done: 0 changed");
    expect(readdirSync(join(guest.root, "etc/wireguard")).sort()).toEqual([".proxmox-lab", "wg0.conf"]);
  });

  it("brings the tunnel up anew for an endpoint that moves to another peer", () => {
    const { endpoint, ...left } = PEER;
    const peers = [PEER, { public_key: key("C"), allowed_ips: ["10.9.0.0/24"] }];
    const moved = [left, { ...peers[1], endpoint }];
    const guest = makeGuest();
    apply(guest, { ...TUNNEL, wireguard_peers: peers });
    expect(apply(guest, { ...TUNNEL, wireguard_peers: moved }).output).toContain("changed: wg0 up");
  });

  it.each([
    ["is down", (guest: Sandbox) => writeFileSync(join(guest.root, "sys/class/net/wg0/flags"), "0x90\n")],
    ["has lost a peer", (guest: Sandbox) => writeFileSync(join(guest.root, "run/told"), "")],
  ])("sees a tunnel that %s, and brings it up anew", (_, harm) => {
    const guest = makeGuest();
    apply(guest);
    harm(guest);
    expect(apply(guest, TUNNEL, "check")).toMatchObject({ status: 2, output: expect.stringContaining("wg0 up") });
    expect(apply(guest).output).toContain("changed: wg0 up");
    expect(apply(guest, TUNNEL, "check").status).toBe(0);
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
