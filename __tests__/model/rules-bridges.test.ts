import { type LabFiles, load, removeLabFolders, SOUND, told, withNetworks } from "../support/lab-folder";

afterAll(removeLabFolders);

const pve = (lines: string, address = "192.168.1.10"): LabFiles => ({
  "host_vars/pve1.yml": `
proxmox_node:
  address: ${address}
  interfaces: { eno1: { address: 172.16.0.10/24 }, eno9: {} }
  storages:
    local: { type: dir, content: [vztmpl, iso] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 500 }
${lines}`,
});

const bridges = (vmbr1: string, more = "", address?: string) =>
  pve(`  bridges:\n    vmbr0: {}\n    vmbr1: ${vmbr1}\n${more === "" ? "" : `    ${more}\n`}`, address);

/** The problems of a lab with this bridge beside an adopted vmbr0. */
const of = (rule: string, vmbr1: string, more = "", files: LabFiles = {}) =>
  told(load({ ...bridges(vmbr1, more), ...files }), rule);

const GUESTS = "address: 10.0.100.1/24, nat: { uplink: eno1 }";

describe("bridges of a node", () => {
  it("a list of names and a map of nothing say the same", () => {
    const list = load(pve("  bridges: [vmbr0, vmbr1]\n"));
    const map = load(bridges("{}"));
    expect(list.problems).toEqual([]);
    expect(map.problems).toEqual([]);
    expect(map.lab?.nodes[0]?.bridges).toEqual(["vmbr0", "vmbr1"]);
    expect(list.lab?.nodes[0]?.links).toEqual([]);
    expect(map.lab?.nodes[0]?.links.map(({ name, write }) => [name, write])).toEqual([
      ["vmbr0", "none"],
      ["vmbr1", "none"],
    ]);
  });

  it("are read with everything that can be said of them", () => {
    const { lab, problems } = load(
      bridges(
        `{ ${GUESTS}, ports: [eno2], vlan_aware: true, mtu: 9000, isolated_from: [vmbr0], isolate_guests: true, node_services: [dns],
      forward: [{ port: 8123, to: 10.0.100.100 }] }`,
      ),
    );
    expect(problems.map(({ rule }) => rule)).toEqual(["forward-to-nobody"]);
    expect(lab?.nodes[0]?.links[1]).toMatchObject({
      write: "create",
      uplink: "eno1",
      mtu: 9000,
      vlanAware: true,
      ports: ["eno2"],
      isolatedFrom: ["vmbr0"],
      isolateGuests: true,
      forwards: [{ protocol: "tcp", port: 8123, to: "10.0.100.100", toPort: 8123 }],
    });
  });

  it("management-bridge: the node's own way is not rewritten by the way, with the reason", () => {
    const own = load(bridges("{}", "vmbr9: { address: 192.168.1.10/24 }"));
    expect(told(own, "management-bridge")).toEqual([
      expect.stringContaining(
        "host_vars/pve1.yml:11:23 proxmox_node.bridges.vmbr9.address: vmbr9 carries the address by which pve1 is reached, 192.168.1.10: a mistake in it would cut the node off; write existing: true",
      ),
    ]);
    const byNetwork = pve("  bridges:\n    vmbr0: { ports: [eno2] }\n");
    expect(told(load(byNetwork), "management-bridge")).toHaveLength(1);
    for (const way of ["existing: true", "management: rewrite"])
      expect(
        told(load(pve(`  bridges:\n    vmbr0: { address: 192.168.1.10/24, ${way} }\n`)), "management-bridge"),
      ).toEqual([]);
  });

  describe("management-unknown: a slip in the node's address does not unlock the way to it", () => {
    const unknown = (bridge: string, address: string, more = "") =>
      told(load(pve(`  bridges:\n    vmbr0: { ${bridge} }\n${more}`, address)), "management-unknown");

    it("refuses an address that nothing described has, at the address, and says how to go on", () => {
      expect(unknown("address: 10.0.200.1/24, ports: [eno2]", "10.0.20.1")).toEqual([
        expect.stringMatching(
          /^inventory\/lab\/host_vars\/pve1\.yml:3:12 proxmox_node\.address: no bridge or interface of pve1 has 10\.0\.20\.1, .*existing: true.*\n.*:9:12 has vmbr0 written$/s,
        ),
      ]);
    });

    it("refuses a name, unless a bridge that stays is described", () => {
      const vmbr0 = "address: 10.0.200.1/24, ports: [eno2]";
      expect(unknown(vmbr0, "pve1.example.org")).toEqual([expect.stringContaining("pve1.example.org is a name")]);
      expect(unknown(vmbr0, "pve1.example.org", "    vmbr1: { existing: true }\n")).toHaveLength(1);
      expect(unknown(vmbr0, "pve1.example.org", "    vmbr1: { existing: true, address: 10.0.9.1/24 }\n")).toEqual([]);
    });

    it.each([
      ["the address of an interface", "address: 10.0.200.1/24", "172.16.0.10", ""],
      ["the range of a network on a bridge that stays", "", "192.168.1.10", "    vmbr1: { ports: [eno2] }\n"],
      [
        "the address of a bridge that stays",
        "existing: true, address: 10.9.0.1/24",
        "10.9.0.1",
        "    vmbr1: { ports: [eno2] }\n",
      ],
      ["the node itself", "ports: [eno2]", "127.0.0.1", ""],
      ["nothing that is written", "existing: true", "10.9.0.1", ""],
    ])("is content with %s", (_, bridge, address, more) => {
      expect(unknown(bridge, address, more)).toEqual([]);
    });

    it("does not count the range of a network elsewhere", () => {
      const shut = {
        ...pve("  bridges: { vmbr0: { ports: [eno2] } }\n", "10.7.0.1"),
        ...withNetworks("  lan: { bridge: vmbr9, cidr: 10.7.0.0/24 }\n"),
      };
      expect(told(load(shut), "management-unknown")).toHaveLength(1);
    });
  });

  it("bridge-without-effect: a bridge that is described is not written", () => {
    const idle = (keys: string) => of("bridge-without-effect", `{ existing: true, ${keys} }`);
    expect(idle("mtu: 9000, comment: guests, autostart: true, vlan_aware: true")).toHaveLength(4);
    expect(idle("mtu: 9000")).toEqual([
      expect.stringMatching(
        /pve1\.yml:\d+:\d+ proxmox_node\.bridges\.vmbr1\.mtu: mtu has no effect: vmbr1 is there already/,
      ),
    ]);
    expect(idle("address: 10.3.0.1/24, ports: [eno2], isolate_guests: true")).toEqual([]);
    expect(of("bridge-without-effect", "{ mtu: 9000 }")).toEqual([]);
  });

  it("management-isolated: who comes that way is not shut out", () => {
    const shut = pve("  bridges:\n    vmbr0: { existing: true, isolated_from: [eno1] }\n");
    expect(told(load(shut), "management-isolated")).toHaveLength(1);
  });

  it("management-address: and never so that it ends", () => {
    const moved = pve("  bridges:\n    vmbr0: { address: 192.168.1.11/24, management: rewrite }\n");
    expect(told(load(moved), "management-address")).toEqual([
      expect.stringContaining("vmbr0 would get 192.168.1.11/24, and pve1, dialled at 192.168.1.10, be out of reach"),
    ]);
  });

  it("management-rewrite: is for that one bridge", () => {
    expect(of("management-rewrite", "{ address: 10.0.100.1/24, management: rewrite }")).toHaveLength(1);
  });

  it("management-range: nor by a bridge that takes its range", () => {
    expect(of("management-range", "{ address: 192.168.0.1/16 }")).toEqual([
      expect.stringContaining("192.168.0.0/16 has 192.168.1.10 in it"),
    ]);
  });

  it.each<[string, string, string]>([
    ["bridge-name", "{}", "guests-internal: { address: 10.1.0.1/24 }"],
    ["overlapping-bridges", "{ address: 10.0.100.1/24 }", "vmbr2: { address: 10.0.0.1/16 }"],
    ["overlapping-bridges", "{ address: 172.16.0.11/24 }", ""],
    ["port-used-twice", "{ ports: [eno2] }", "vmbr2: { ports: [eno3, eno2] }"],
    ["port-in-use", "{ ports: [eno1] }", ""],
    ["port-in-use", "{ address: 10.0.100.1/24, nat: { uplink: eno9 } }", "vmbr2: { ports: [eno9] }"],
    ["unknown-uplink", "{ address: 10.0.100.1/24, nat: { uplink: eno7 } }", ""],
    ["unknown-uplink", "{ address: 10.0.100.1/24, nat: { uplink: vmbr1 } }", ""],
    ["nat-without-address", "{ nat: { uplink: eno1 } }", ""],
    ["unknown-isolation", "{ isolated_from: [vmbr7] }", ""],
    ["unknown-isolation", "{ isolated_from: [vmbr1] }", ""],
    ["isolation-without-range", "{ address: 10.0.100.1/24, nat: { uplink: eno9 }, isolated_from: [eno9] }", ""],
    ["idle-node-services", "{ node_services: [dns] }", ""],
    ["forward-without-nat", "{ address: 10.0.100.1/24, forward: [{ port: 80, to: 10.0.100.5 }] }", ""],
    ["forward-outside-bridge", `{ ${GUESTS}, forward: [{ port: 80, to: 10.0.101.5 }] }`, ""],
    ["forward-to-nobody", `{ ${GUESTS}, forward: [{ port: 80, to: 10.0.100.5 }] }`, ""],
    ["forward-of-node-service", `{ ${GUESTS}, forward: [{ port: 22, to: 10.0.100.5 }] }`, ""],
    ["forward-of-node-service", `{ ${GUESTS}, forward: [{ port: 8006, to: 10.0.100.5 }] }`, ""],
    [
      "forward-collision",
      `{ ${GUESTS}, forward: [{ port: 80, to: 10.0.100.5 }] }`,
      "vmbr2: { address: 10.0.102.1/24, nat: { uplink: eno1 }, forward: [{ port: 80, to: 10.0.102.5 }] }",
    ],
  ])("%s: %s %s", (rule, vmbr1, more) => {
    expect(of(rule, vmbr1, more)).toHaveLength(1);
  });

  it("forwards of one port by two protocols are two", () => {
    const both = `{ ${GUESTS}, forward: [{ port: 53, to: 10.0.100.5 }, { port: 53, protocol: udp, to: 10.0.100.5 }] }`;
    expect(of("forward-collision", both)).toEqual([]);
  });

  it("agree with the networks on them", () => {
    const lan = "  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1 }\n";
    const guests = (text: string) => withNetworks(`${lan}  guests: { bridge: vmbr1, ${text} }\n`);
    const rules = (text: string) =>
      load({ ...bridges(`{ ${GUESTS} }`), ...guests(text) }).problems.map(({ rule }) => rule);
    expect(rules("cidr: 10.0.100.0/24, gateway: 10.0.100.1")).toEqual([]);
    expect(rules("cidr: 10.0.101.0/24")).toEqual(["bridge-outside-network"]);
    expect(rules("cidr: 10.0.100.0/24")).toEqual(["nat-without-gateway"]);
    expect(rules("cidr: 10.0.100.0/24, gateway: 10.0.100.254")).toEqual(["gateway-is-not-node"]);
  });

  it("duplicate-address: the node's addresses on them are taken", () => {
    const files = {
      ...bridges("{ address: 10.0.100.1/24 }"),
      "host_vars/web.yml": `proxmox_lxc:
  vmid: 301
  cores: 1
  memory: 512
  disk: 8
  networks: [{ bridge: vmbr1, ip: 10.0.100.1/24 }]
`,
    };
    expect(told(load(files), "duplicate-address")).toHaveLength(1);
  });

  it("says of a wrong key what was meant", () => {
    const { problems } = load({ ...SOUND, ...bridges("{ adress: 10.0.100.1/24 }") });
    expect(problems.map(({ message, fix }) => [message, fix])).toEqual([
      ['unknown key "adress"', 'did you mean "address"?'],
    ]);
  });
});
