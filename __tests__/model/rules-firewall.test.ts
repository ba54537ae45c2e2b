import { files, ME, WEB } from "../support/firewall";
import { container, load, removeLabFolders, SOUND, told } from "../support/lab-folder";

afterAll(() => removeLabFolders());

describe("firewall-lock-out", () => {
  const locked = (...wide: readonly string[]) => told(load(files(["enabled: true", ...wide]), []), "firewall-lock-out");

  it.each([
    [[ME]],
    [["input: accept"]],
    [["aliases: { local_network: 10.1.0.0/16 }"]],
    [["rules: [{ allow: { from: 10.0.0.1, protocol: tcp, port: [22, 8006] } }]"]],
    [["rules: [{ allow: SSH }, { allow: { protocol: tcp, port: 8000-8010 } }]"]],
    [["nodes: { pve1: { rules: [{ allow: { from: 10.0.0.1 } }] } }"]],
    [["nodes: { pve1: { enabled: false } }"]],
    [["security_groups: { ops: [{ allow: { from: 10.0.0.1 } }] }", "rules: [{ group: ops }]"]],
  ])("is not told of %j", (lines) => {
    expect(locked(...lines)).toEqual([]);
  });

  it("says which ports are closed, and how to open them", () => {
    expect(locked("input: drop")).toEqual([
      expect.stringMatching(
        /all\.yml:\d+:\d+ proxmox_firewall.input: pve1 would let nobody in to port 22 \(SSH\) and 8006/,
      ),
    ]);
    expect(locked("rules: [{ allow: SSH }]")[0]).toContain("to port 8006 (API and web interface) but the network");
    expect(locked("rules: [{ allow: { protocol: udp, port: [22, 8006] } }]")).toHaveLength(1);
    expect(locked("rules: [{ allow: {}, direction: out }]")).toHaveLength(1);
    expect(locked("rules: [{ allow: {}, enabled: false }]")).toHaveLength(1);
  });

  it("does not count guests of the lab in the set management, who need the node themselves", () => {
    for (const members of ["[web]", "[192.168.1.51]", "[web, { address: 192.168.1.9, except: true }]"]) {
      const [text] = locked(`ipsets: { management: ${members} }`);
      expect(text).toMatch(
        /would let nobody in to port 22.*all\.yml:\d+:\d+ has only guests of this lab in management/s,
      );
    }
    expect(locked("aliases: { me: 192.168.1.51 }", "ipsets: { management: [me] }")).toHaveLength(1);
    for (const members of ["[web, 192.168.1.9]", "[lan]", "[192.168.1.51/28]"])
      expect(locked(`ipsets: { management: ${members} }`)).toEqual([]);
    expect(locked("aliases: { me: 192.168.1.9 }", "ipsets: { management: [me] }")).toEqual([]);
  });

  it("sees a rule that closes a port before the set management is asked", () => {
    const [text] = locked(ME, "rules: [{ drop: { protocol: tcp, port: 22 } }]");
    expect(text).toContain("port 22 (SSH) but");
    expect(text).toContain("closes port 22 to everyone");
  });

  it("knows that the set management opens no other port than 22 for SSH", () => {
    const other = load(
      { ...files(["enabled: true", ME]), "host_vars/pve1.yml": `${SOUND["host_vars/pve1.yml"]}  ssh_port: 2222\n` },
      [],
    );
    expect(told(other, "firewall-lock-out")[0]).toContain("port 2222 (SSH)");
  });
});

describe("firewall-without-effect", () => {
  const idle = (wide: readonly string[], own?: readonly string[], web = WEB) =>
    told(load(files(wide, own, web), []), "firewall-without-effect").join("\n");

  it.each([
    ["no datacenter", [], ["rules: []"], "no effect while that of the datacenter is off; add proxmox_firewall"],
    ["datacenter off", ["enabled: false"], ["rules: []"], "all.yml:10:12 is off"],
    [
      "guest off",
      ["enabled: true", ME],
      ["enabled: false", "rules: [{ allow: SSH }]"],
      "web.yml:8:12 proxmox_guest_firewall: the rules of web",
    ],
    [
      "rules of a datacenter that is off",
      ["enabled: false", "rules: [{ allow: SSH }]"],
      undefined,
      "the rules of datacenter and nodes",
    ],
    [
      "node off",
      ["enabled: true", ME, "nodes: { pve1: { enabled: false, rules: [{ allow: SSH }] } }"],
      undefined,
      "the rules of pve1",
    ],
    [
      "group unused",
      ["enabled: true", ME, "security_groups: { web: [{ allow: HTTP }] }"],
      undefined,
      "nobody uses the security group web",
    ],
    [
      "group of a bare guest",
      ["enabled: true", ME, "security_groups: { web: { hosts: web, rules: [] } }"],
      undefined,
      "the security group web has no effect for web",
    ],
    ["forward", ["enabled: true", ME, "rules: [{ drop: {}, direction: forward }]"], undefined, "nftables: true"],
  ] as const)("%s", (_, wide, own, expected) => {
    expect(idle(wide, own)).toContain(expected);
  });

  it("names the card that is not filtered", () => {
    const web = container("vmid: 301", "networks: [{ ip: 192.168.1.51, firewall: false }]");
    expect(idle(["enabled: true", ME], ["rules: []"], web)).toMatch(
      /web.yml:3:\d+ proxmox_lxc.networks.0.firewall: no rule has an effect on eth0/,
    );
  });

  it("is silent where everything acts", () => {
    expect(
      idle(["enabled: true", ME, "security_groups: { web: { hosts: web, rules: [{ allow: HTTP }] } }"], ["rules: []"]),
    ).toBe("");
  });
});

describe("firewall-closes-steps", () => {
  const VM = `proxmox_vm:
  vmid: 301
  cores: 2
  memory: 2048
  disk: 16
  cloud_init: { image: debian-13, ssh_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpCUnVzOWxhYi1leGFtcGxlLWtleS0wMDAwMDAw me"] }
  networks: [{ ip: 192.168.1.51 }]
`;
  const closed = (...rules: readonly string[]) =>
    told(load(files(["enabled: true", ME], [`rules: [${rules.join(", ")}]`], VM)), "firewall-closes-steps");

  it("is told of a VM whose rules let nobody in to SSH", () => {
    expect(closed("{ allow: HTTP }")).toEqual([
      expect.stringContaining("port 22), which its firewall lets nobody in to"),
    ]);
  });

  it("is silent where a rule does", () => {
    expect(closed("{ allow: SSH }")).toEqual([]);
    expect(closed("{ allow: { from: pve1 } }")).toEqual([]);
  });
});
