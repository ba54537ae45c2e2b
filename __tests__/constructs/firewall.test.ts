import { Firewall, type FirewallProps } from "../../constructs/firewall";
import { GuestFirewall, type GuestFirewallProps } from "../../constructs/guest-firewall";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { addresses, TestStack } from "../support/synth";

const RULES = "proxmox_virtual_environment_firewall_rules";
const OPTIONS = "proxmox_virtual_environment_firewall_options";
const CLUSTER = "proxmox_virtual_environment_cluster_firewall";

function datacenter(props: Partial<FirewallProps> = {}) {
  const stack = new TestStack();
  new Firewall(stack, "firewall", { enabled: true, ...props });
  return stack.synth();
}

function guest(props: Partial<GuestFirewallProps> = {}, name = "web") {
  const stack = new TestStack();
  const web = new TieredLxc(stack, name, stack.props());
  new GuestFirewall(web, "firewall", {
    guest: web.container,
    kind: "container",
    name,
    nodeName: "pve1",
    vmid: 301,
    ...props,
  });
  return stack.synth();
}

describe("the datacenter's firewall", () => {
  const ALL: Partial<FirewallProps> = {
    aliases: [{ name: "desk", cidr: "10.0.0.9" }],
    ipsets: [
      {
        name: "management",
        entries: [
          { cidr: "dc/desk", comment: "me" },
          { cidr: "10.0.0.1", except: true },
        ],
      },
    ],
    groups: [{ name: "web", comment: "sites", rules: [{ action: "ACCEPT", macro: "HTTP" }] }],
    rules: [{ action: "DROP", from: "10.0.0.0/8", protocol: "tcp", port: "80,443", comment: "no" }, { group: "web" }],
    nodes: [{ node: "pve1", rules: [{ action: "ACCEPT", direction: "out", enabled: false }] }],
  };

  it("has its addresses by name", () => {
    const firewall = addresses(datacenter(ALL)).filter(
      (address) => address.includes("firewall") && !address.startsWith("data"),
    );
    expect(firewall).toEqual([
      "proxmox_node_firewall.pve1",
      `${CLUSTER}.datacenter`,
      "proxmox_virtual_environment_cluster_firewall_security_group.web",
      "proxmox_virtual_environment_firewall_alias.desk",
      "proxmox_virtual_environment_firewall_ipset.management",
      `${RULES}.datacenter`,
      `${RULES}.pve1`,
    ]);
  });

  it("is switched on after all that it lets through is known", () => {
    const { resource } = datacenter(ALL);
    expect(resource[CLUSTER]?.datacenter?.depends_on).toEqual([
      "proxmox_virtual_environment_firewall_ipset.management",
      `${RULES}.datacenter`,
      "proxmox_node_firewall.pve1",
      `${RULES}.pve1`,
    ]);
    expect(resource[RULES]?.datacenter?.depends_on).toEqual([
      "proxmox_virtual_environment_firewall_alias.desk",
      "proxmox_virtual_environment_firewall_ipset.management",
      "proxmox_virtual_environment_cluster_firewall_security_group.web",
    ]);
  });

  it("has rules in their order, with what is said and nothing else", () => {
    const { resource } = datacenter(ALL);
    expect(resource[RULES]?.datacenter?.rule).toEqual([
      { type: "in", action: "DROP", source: "10.0.0.0/8", proto: "tcp", dport: "80,443", comment: "no", enabled: true },
      { security_group: "web", enabled: true },
    ]);
    expect(resource[RULES]?.pve1).toMatchObject({ node_name: "pve1", rule: [{ type: "out", enabled: false }] });
    expect(resource.proxmox_virtual_environment_firewall_ipset?.management?.cidr).toEqual([
      { name: "dc/desk", nomatch: false, comment: "me" },
      { name: "10.0.0.1", nomatch: true },
    ]);
  });

  it.each([
    [{ enabled: true }, true],
    [{ enabled: true, inputPolicy: "REJECT" }, true],
    [{ enabled: true, inputPolicy: "ACCEPT" }, false],
    [{ enabled: false }, false],
  ] as const)("of %j cannot be destroyed: %s", (props, isKept) => {
    const { lifecycle } = datacenter(props).resource[CLUSTER]?.datacenter ?? {};
    expect(lifecycle).toEqual(isKept ? { prevent_destroy: true } : undefined);
  });

  it("takes over rules that are there, where it is told to", () => {
    expect(datacenter(ALL).import).toBeUndefined();
    expect(datacenter({ ...ALL, adopt: true }).import).toEqual([
      { to: `${RULES}.datacenter`, id: "cluster" },
      { to: `${RULES}.pve1`, id: "node/pve1" },
    ]);
  });
});

describe("a guest's firewall", () => {
  it("lets nobody in unless told otherwise, and states every option", () => {
    expect(guest().resource[OPTIONS]?.web).toMatchObject({
      ...{ container_id: 301, node_name: "pve1", enabled: true, input_policy: "DROP", output_policy: "ACCEPT" },
      ...{ dhcp: false, ndp: true, radv: false, macfilter: true, ipfilter: false },
      ...{ log_level_in: "nolog", log_level_out: "nolog" },
    });
    expect(guest().resource).not.toHaveProperty(RULES);
  });

  it("is switched on after its rules, and made anew with the guest", () => {
    const { resource } = guest({ rules: [{ action: "ACCEPT", macro: "SSH" }] });
    const lifecycle = { replace_triggered_by: ["proxmox_virtual_environment_container.web.id"] };
    expect(resource[OPTIONS]?.web).toMatchObject({ depends_on: [`${RULES}.web`], lifecycle });
    expect(resource[RULES]?.web).toMatchObject({
      depends_on: ["proxmox_virtual_environment_container.web"],
      lifecycle,
    });
  });

  it("of a VM is one of a VM", () => {
    const { resource } = guest({ kind: "vm", adopt: true, rules: [{ group: "web", iface: "net0" }] });
    expect(resource[OPTIONS]?.web).toMatchObject({ vm_id: 301 });
    expect(resource[RULES]?.web).toMatchObject({ vm_id: 301, rule: [{ security_group: "web", iface: "net0" }] });
  });

  it("takes over the rules of a guest that is taken over", () => {
    expect(guest({ adopt: true, rules: [{ group: "web" }] }).import).toEqual([
      { to: `${RULES}.web`, id: "container/pve1/301" },
    ]);
  });

  it("refuses a guest whose rules would have the datacenter's address", () => {
    expect(() => guest({}, "datacenter")).toThrow('expected one that is not "datacenter"');
  });
});
