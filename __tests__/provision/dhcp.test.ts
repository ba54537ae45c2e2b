import { serverConfig } from "../../provision/dhcp/config";
import { allRoles } from "../../provision/registry";
import type { HostView, LabView } from "../../provision/role";
import { container, hosts, load, removeLabFolders, SOUND, told } from "../support/lab-folder";
import { describeInSandbox, Sandbox } from "../support/sandbox";

afterAll(removeLabFolders);

const MAC = "BC:24:11:00:01:00";

describe("dhcp_networks", () => {
  const lab = (dhcp: string, web = `networks: [{ ip: 192.168.1.80, mac: "${MAC}" }]`) =>
    load(
      {
        "hosts.yml": hosts({ dhcp_hosts: ["dhcp"], guests: ["web", "dhcp"] }),
        "host_vars/dhcp.yml": `${container("vmid: 302", "networks: [{ ip: 192.168.1.53 }]")}dhcp_networks: ${dhcp}\n`,
        "host_vars/web.yml": container("vmid: 301", web),
      },
      allRoles(),
    );
  const config = (result: ReturnType<typeof lab>) =>
    String(
      result.lab?.guests.find(({ name }) => name === "dhcp")?.steps.find(({ role }) => role === "dhcp")?.settings
        .dhcp_config,
    ).split("\n");

  it("give every host with a MAC address its address, and nobody else one", () => {
    expect(config(lab("{ lan: {} }"))).toEqual(
      expect.arrayContaining([
        "port=0",
        "interface=eth0",
        "dhcp-range=set:lan,192.168.1.0,static,255.255.255.0,12h",
        "dhcp-option=tag:lan,option:router,192.168.1.1",
        `dhcp-host=${MAC.toLowerCase()},192.168.1.80,web`,
      ]),
    );
  });

  it("are served by a host without a static address, too", () => {
    const result = lab("{ lan: {} }", "networks: [{ ip: 192.168.1.80 }]");
    const dynamic = load(
      {
        "hosts.yml": hosts({ dhcp_hosts: ["dhcp"], guests: ["dhcp"] }),
        "host_vars/dhcp.yml": `${container("vmid: 302", "networks: [{ ip: dhcp }]")}dhcp_networks: { lan: {} }\n`,
      },
      allRoles(),
    );
    expect(config(dynamic)).toEqual(config(result));
  });

  it("lend others an address of the range", () => {
    const lines = config(lab("{ lan: { range: { first: 192.168.1.200, last: 192.168.1.220 }, lease_time: 1h } }"));
    expect(lines).toContain("dhcp-range=set:lan,192.168.1.200,192.168.1.220,255.255.255.0,1h");
  });

  it.each([
    ["{ lam: {} }", /dhcp_networks\.lam: no network is called "lam".*there are: lan/s],
    [
      "{ lan: { range: { first: 10.0.0.1, last: 192.168.1.9 } } }",
      /range\.first: 10\.0\.0\.1 is not in 192\.168\.1\.0\/24/,
    ],
    ["{ lan: { range: { first: 192.168.1.9, last: 192.168.1.5 } } }", /comes after/],
    [
      "{ lan: { range: { first: 192.168.1.50, last: 192.168.1.60 } } }",
      /range: 192\.168\.1\.50 to .* 192\.168\.1\.53 in there is that of dhcp, whose card has no mac; add mac: to networks of dhcp/,
    ],
    [
      "{ lan: { range: { first: 192.168.1.9, last: 192.168.1.11 } } }",
      /192\.168\.1\.10 in there is that of pve1; choose/,
    ],
    ["{ lan: { range: { first: 192.168.1.1, last: 192.168.1.9 } } }", /192\.168\.1\.1 in there is the gateway of lan/],
  ])("%s is refused, with its place", (dhcp, expected) => {
    const result = lab(dhcp);
    expect(result.lab).toBeUndefined();
    expect(told(result, "role-setting").join("\n")).toMatch(expected);
    expect(told(result, "role-setting").join("\n")).toMatch(/dhcp\.yml:\d+:\d+/);
  });
});

describe("dhcp_networks of a node", () => {
  const served = (vmbr1: string) =>
    load(
      {
        "hosts.yml": hosts({ dhcp_hosts: ["pve1"], guests: ["web"] }),
        "group_vars/all/networks.yml": "proxmox_networks: { guests: { bridge: vmbr1, cidr: 10.9.0.0/24 } }\n",
        "group_vars/all.yml": "{}\n",
        "group_vars/all/lab.yml": SOUND["group_vars/all.yml"]!.replace(/proxmox_networks:.*/s, ""),
        "host_vars/web.yml": container("vmid: 301", `networks: [{ network: guests, ip: 10.9.0.80, mac: "${MAC}" }]`),
        "host_vars/pve1.yml": `${SOUND["host_vars/pve1.yml"]!.replace(
          "bridges: [vmbr0]",
          `bridges: { vmbr0: { existing: true, address: 192.168.1.10/24 }, vmbr1: { address: 10.9.0.1/24, ${vmbr1} } }`,
        )}dhcp_networks: { guests: { range: { first: 10.9.0.70, last: 10.9.0.90 } } }\n`,
      },
      allRoles(),
    );

  it("need the bridge to let guests ask, where it is isolated; a known MAC address may be in the range", () => {
    const result = served("isolated_from: [vmbr0], node_services: [ping]");
    expect(told(result, "role-setting")).toEqual([
      expect.stringMatching(
        /pve1\.yml:\d+:\d+ dhcp_networks\.guests: vmbr1 of pve1 has isolated_from.*write node_services: \[ping, dhcp\]/,
      ),
    ]);
    expect(told(served("isolated_from: [vmbr0], node_services: [dhcp]"), "role-setting")).toEqual([]);
    expect(told(served("comment: open"), "role-setting")).toEqual([]);
  });
});

const view = (address: string): LabView => {
  const host: HostView = {
    name: "web",
    hostname: "web",
    kind: "vm",
    addresses: [{ address, network: "guests", mac: MAC }],
    groups: [],
    variable: () => undefined,
  };
  const network = {
    name: "guests",
    bridge: "vmbr1",
    cidrs: ["10.0.100.0/24"],
    gateway: "10.0.100.1",
    nameServers: ["10.0.100.1"],
  };
  return { hosts: [host], networks: [network] };
};
const NODE: HostView = {
  name: "pve",
  hostname: "pve",
  kind: "node",
  addresses: [],
  groups: [],
  variable: () => undefined,
};
const settings = (address = "10.0.100.100") => ({
  dhcp_config: serverConfig(view(address), NODE, [{ network: "guests" }], () => undefined),
});

describe("a node", () => {
  const served = (more: { readonly interface?: string }) => {
    const refused: string[] = [];
    const { hosts: known, networks } = view("10.0.100.100");
    const tagged = { hosts: known, networks: networks.map((network) => ({ ...network, vlan: 20 })) };
    const text = serverConfig(tagged, NODE, [{ network: "guests", ...more }], (_, message, fix) => {
      refused.push(`${message}: ${fix}`);
    });
    return { text, refused };
  };

  it("serves a VLAN on the interface that is named, and never on the bridge, which is another network", () => {
    expect(served({ interface: "vmbr1.20" })).toMatchObject({
      refused: [],
      text: expect.stringContaining("=vmbr1.20\n"),
    });
    const { refused, text } = served({});
    expect(refused).toEqual([expect.stringMatching(/guests is VLAN 20 of vmbr1.*add interface: vmbr1\.20/)]);
    expect(text).not.toContain("interface=");
  });
});

describeInSandbox("the dhcp role", () => {
  const guest = () =>
    new Sandbox({
      commands: {
        "dpkg-query": "[ -e /var/installed ] && echo 'installed 2.91'",
        dpkg: ":",
        "apt-cache": ":",
        "apt-get": "case $* in *download-only*) ;; *install*) touch /var/installed ;; esac",
        systemctl: `case $1 in is-*) [ -e /var/running ]; exit ;; enable) touch /var/running ;; esac
          echo "$*" >>/var/calls`,
      },
      files: { "var/calls": "", "run/systemd/system/x": "" },
    });

  it("writes what dnsmasq accepts before it installs it, and starts it; the second time nothing changes", () => {
    const sandbox = guest();
    expect(sandbox.check("dhcp", settings()).status).toBe(2);
    const { output, status } = sandbox.apply("dhcp", settings());
    expect(status).toBe(0);
    expect(output).toMatch(/changed: \/etc\/dnsmasq\.d\/proxmox-lab\.conf.*changed: packages dnsmasq/s);
    expect(sandbox.read("etc/dnsmasq.d/proxmox-lab.conf")).toContain("interface=vmbr1\n");
    const before = sandbox.digest();
    expect(sandbox.check("dhcp", settings())).toMatchObject({ status: 0 });
    expect(sandbox.apply("dhcp", settings()).output).toContain("done: 0 changed");
    expect(sandbox.digest()).toBe(before);
  });

  it("restarts it for a changed host, which dnsmasq reads only then", () => {
    const sandbox = guest();
    sandbox.apply("dhcp", settings());
    expect(sandbox.apply("dhcp", settings("10.0.100.7")).output).toContain("dnsmasq restarted");
  });

  it("changes nothing when dnsmasq would refuse the file, and says what it said", () => {
    const sandbox = guest();
    sandbox.apply("dhcp", settings());
    const { output, status } = sandbox.apply("dhcp", { dhcp_config: "port=0\ndhcp-range=nonsense\n" });
    expect(status).toBe(1);
    expect(output).toMatch(/dnsmasq refuses what would be written: .*bad dhcp-range/s);
    expect(sandbox.read("etc/dnsmasq.d/proxmox-lab.conf")).toContain("interface=vmbr1");
  });
});
