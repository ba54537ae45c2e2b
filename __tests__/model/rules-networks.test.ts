import { sharedIdentities } from "../../model";
import { formatProblem } from "../../model/problem";
import { container, hosts, load, removeLabFolders, SOUND, told, withNetworks } from "../support/lab-folder";

afterAll(removeLabFolders);

const two = hosts({ guests: ["web", "db"] });

const addresses = "networks: [{ ip: 192.168.1.51 }]";

describe("identity", () => {
  const pair = (web: string, db: string) =>
    load({
      "hosts.yml": two,
      "host_vars/web.yml": container("vmid: 301", web),
      "host_vars/db.yml": container("vmid: 302", db),
    });

  it("duplicate-vmid: shows both holders and a free number", () => {
    const result = load({ "hosts.yml": two, "host_vars/db.yml": container("vmid: 301") });
    expect(told(result, "duplicate-vmid")).toEqual([
      "inventory/lab/host_vars/web.yml:2:9 proxmox_lxc.vmid: web and db have the same vmid: 301; give one of them another, such as 302" +
        "\n    inventory/lab/host_vars/db.yml:2:9 is db's",
    ]);
  });

  it("duplicate-hostname: does not mind the case", () => {
    expect(told(pair("hostname: app", "hostname: App"), "duplicate-hostname")).toHaveLength(1);
  });

  it("duplicate-address: between guests, in any spelling", () => {
    expect(told(pair(addresses, "networks: [{ ip: 192.168.1.51/24 }]"), "duplicate-address")).toHaveLength(1);
    const v6 = pair("networks: [{ ip6: 'fd00::1/64' }]", "networks: [{ ip6: 'fd00:0::01/64' }]");
    expect(told(v6, "duplicate-address")).toHaveLength(1);
  });

  it("duplicate-address: with a node", () => {
    const result = load({ "host_vars/web.yml": container("vmid: 301", "networks: [{ ip: 192.168.1.10 }]") });
    expect(told(result, "duplicate-address")).toEqual([
      expect.stringContaining("web and pve1 have the same address: 192.168.1.10"),
    ]);
  });

  it("duplicate-mac: does not mind the case", () => {
    const result = pair("networks: [{ mac: 'bc:24:11:00:00:01' }]", "networks: [{ mac: 'BC:24:11:00:00:01' }]");
    expect(told(result, "duplicate-mac")).toHaveLength(1);
  });

  it("repeated-nic-name: within a guest", () => {
    const result = load({ "host_vars/web.yml": container("vmid: 301", "networks: [{ name: eth1 }, {}]") });
    expect(told(result, "repeated-nic-name")).toHaveLength(1);
  });

  it("vmid-in-other-lab: warns across labs on one API only", () => {
    const a = load().lab!;
    const b = { ...a, name: "b" };
    expect([...sharedIdentities([a, b])]).toEqual([
      expect.objectContaining({ rule: "vmid-in-other-lab", severity: "warning", subject: "lab/web" }),
      expect.objectContaining({ rule: "vmid-in-other-lab", severity: "warning", subject: "b/web" }),
    ]);
    expect([
      ...sharedIdentities([a, { ...b, connection: { ...a.connection, endpoint: "https://other:8006/" } }]),
    ]).toEqual([]);
    expect([...sharedIdentities([a])]).toEqual([]);
  });

  it("address-in-other-lab: tells both labs of an address on the same bridge", () => {
    const lab = (network: string, vmid: number) =>
      load({ "host_vars/web.yml": container(`vmid: ${vmid}`, `networks: [${network}]`) }).lab!;
    const a = lab("{ ip: 192.168.1.51 }", 301);
    const rules = (network: string) =>
      [...sharedIdentities([a, { ...lab(network, 302), name: "b" }])].map(formatProblem);
    expect(rules("{ ip: 192.168.1.51 }")).toEqual([
      expect.stringMatching(/web.yml:3:\d+ lab\/web has the address 192\.168\.1\.51, as has b\/web/),
      expect.stringMatching(/b\/web has the address 192\.168\.1\.51, as has lab\/web/),
    ]);
    expect(rules("{ ip: 192.168.1.52 }")).toEqual([]);
    expect(rules("{ ip: 192.168.1.51, vlan: 7 }")).toEqual([]);
  });

  it("host-of-other-lab: tells a lab that is a copy in one line, whatever the number of its guests", () => {
    const names = ["web", "db", "mail"];
    const files = names.map((name, index) => [`host_vars/${name}.yml`, container(`vmid: ${301 + index}`)] as const);
    const a = load({ "hosts.yml": hosts({ guests: names }), ...Object.fromEntries(files) }).lab!;
    const [own, other, ...more] = [...sharedIdentities([a, { ...a, name: "b" }])];
    expect(more).toEqual([]);
    expect([own, other].map((each) => each?.subject)).toEqual(["lab", "b"]);
    expect(formatProblem(own!)).toMatch(
      /^inventory\/lab\/group_vars\/all\.yml:2:19 lab shares the API host https:\S+ with b, and there the VMIDs 301, 302, 303; correct proxmox_api_host/,
    );
  });

  it("host-name: a guest's name can be a Terraform address", () => {
    const result = load({
      "hosts.yml": hosts({ guests: ["web.example"] }),
      "host_vars/web.example.yml": container("vmid: 301", "hostname: web"),
    });
    expect(told(result, "host-name")).toEqual([expect.stringContaining("rename it to web-example")]);
  });
});

describe("networks", () => {
  const withIp = (ip: string) => ({ "host_vars/web.yml": container("vmid: 301", `networks: [{ ip: ${ip} }]`) });

  it("misaligned-cidr: names the network address", () => {
    const result = load(withNetworks("  lan: { bridge: vmbr0, cidr: 10.0.250.0/20 }\n"));
    expect(told(result, "misaligned-cidr")).toEqual([
      "inventory/lab/group_vars/all.yml:8:31 proxmox_networks.lan.cidr: 10.0.250.0/20 is not a network address: 10.0.240.0/20 would be; " +
        "write 10.0.240.0/20, or choose another range",
    ]);
  });

  it("overlapping-networks: reports services inside pods, beside the misalignment", () => {
    const result = load(
      withNetworks("  lan: { bridge: vmbr0 }\n  pods: { cidr: 10.0.0.0/16 }\n  services: { cidr: 10.0.250.0/20 }\n"),
    );
    expect(told(result, "misaligned-cidr")).toHaveLength(1);
    expect(told(result, "overlapping-networks")).toEqual([
      expect.stringContaining("services (10.0.250.0/20) lies inside pods (10.0.0.0/16)"),
    ]);
  });

  it("overlapping-networks: accepts neighbours, and compares IPv6 with IPv6 only", () => {
    const lines =
      "  lan: { bridge: vmbr0, cidr: 10.0.0.0/16, cidr6: 'fd00::/64' }\n  services: { cidr: 10.1.240.0/20, cidr6: 'fd00:0:0:1::/64' }\n";
    expect(load(withNetworks(lines)).problems).toEqual([]);
  });

  it("address-outside-network", () => {
    expect(told(load(withIp("192.168.2.51")), "address-outside-network")).toEqual([
      expect.stringContaining("192.168.2.51/24 is not in lan (192.168.1.0/24)"),
    ]);
  });

  it("reserved-address: network and broadcast address", () => {
    expect(told(load(withIp("192.168.1.0")), "reserved-address")).toEqual([expect.stringContaining("network address")]);
    expect(told(load(withIp("192.168.1.255")), "reserved-address")).toEqual([
      expect.stringContaining("broadcast address"),
    ]);
  });

  it("address-is-gateway: unless the guest is the network's router", () => {
    expect(told(load(withIp("192.168.1.1")), "address-is-gateway")).toHaveLength(1);
    const line = "  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1, router: web }\n";
    const { lab, problems } = load({ ...withIp("192.168.1.1"), ...withNetworks(line) });
    expect(problems).toEqual([]);
    expect(lab?.guests[0]?.nics[0]?.gateway).toBeUndefined();
  });

  it("router-without-address, unknown-router", () => {
    const line = (router: string) =>
      `  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1, router: ${router} }\n`;
    expect(told(load(withNetworks(line("web"))), "router-without-address")).toHaveLength(1);
    expect(told(load(withNetworks(line("nobody"))), "unknown-router")).toHaveLength(1);
  });

  it("prefix-differs: from the network's", () => {
    expect(told(load(withIp("192.168.1.51/16")), "prefix-differs")).toHaveLength(1);
  });

  it("gateway-outside-network: of the network, and of a card", () => {
    expect(
      told(
        load(withNetworks("  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 10.0.0.1 }\n")),
        "gateway-outside-network",
      ),
    ).toHaveLength(1);
    const card = load({
      "host_vars/web.yml": container("vmid: 301", "networks: [{ ip: 192.168.1.51, gateway: 10.0.0.1 }]"),
    });
    expect(told(card, "gateway-outside-network")).toHaveLength(1);
  });

  it("two-gateways: warns, but only of gateways that were written", () => {
    const lines =
      "  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1 }\n  dmz: { bridge: vmbr0, cidr: 10.0.0.0/24, gateway: 10.0.0.1 }\n";
    const cards = (more: string) => ({
      ...withNetworks(lines),
      "host_vars/web.yml": container(
        "vmid: 301",
        `networks: [{ ip: 192.168.1.51 }, { network: dmz, ip: 10.0.0.51${more} }]`,
      ),
    });
    expect(told(load(cards("")), "two-gateways")).toHaveLength(0);
    expect(told(load(cards(", gateway: 10.0.0.1")), "two-gateways")).toHaveLength(1);
  });

  it("unknown-network, network-without-bridge, nic-without-network, address-without-prefix, gateway-without-address", () => {
    const web = (card: string) => ({ "host_vars/web.yml": container("vmid: 301", `networks: [${card}]`) });
    expect(told(load(web("{ network: lam }")), "unknown-network")).toEqual([
      expect.stringContaining('did you mean "lan"?'),
    ]);
    expect(
      told(load({ ...web("{}"), ...withNetworks("  lan: { cidr: 10.0.0.0/8 }\n") }), "network-without-bridge"),
    ).toHaveLength(1);
    const noDefault = {
      "group_vars/all.yml": SOUND["group_vars/all.yml"]!.replace("proxmox_default_network: lan\n", ""),
    };
    expect(told(load({ ...web("{}"), ...noDefault }), "nic-without-network")).toHaveLength(1);
    expect(told(load({ ...web("{ bridge: vmbr0, ip: 10.0.0.5 }") }), "address-without-prefix")).toHaveLength(1);
    expect(told(load(web("{ ip: dhcp, gateway: 192.168.1.1 }")), "gateway-without-address")).toHaveLength(1);
  });
});
