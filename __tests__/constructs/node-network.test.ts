import { NetworkBridge } from "../../constructs/network-bridge";
import { type NodeBridge, NodeNetwork } from "../../constructs/node-network";
import { addresses, NODE, TestStack } from "../support/synth";

const VMBR1: NodeBridge = {
  name: "vmbr1",
  address: "10.0.100.1/24",
  range: "10.0.100.0/24",
  uplink: "eno1",
  ports: ["eno3", "eno2"],
};

function network(...bridges: NodeBridge[]) {
  const stack = new TestStack();
  const made = new NodeNetwork(stack, "network", { providers: stack.providers, node: NODE, bridges });
  return { made, terraform: stack.synth() };
}

describe("NodeNetwork", () => {
  const { terraform } = network({ name: "vmbr0", write: "none" }, VMBR1, { name: "vmbr2" });
  const links = terraform.resource.proxmox_network_linux_bridge ?? {};
  const steps = terraform.resource.null_resource ?? {};

  it("makes the bridges that are to be made, one after the other, each after the guard and before the rules", () => {
    expect(Object.keys(links)).toEqual(["vmbr1", "vmbr2"]);
    expect(links.vmbr1?.depends_on).toEqual(["null_resource.network-guard"]);
    expect(links.vmbr2?.depends_on).toEqual(["proxmox_network_linux_bridge.vmbr1"]);
    expect(steps["node-network"]?.depends_on).toEqual(["proxmox_network_linux_bridge.vmbr2"]);
  });

  it("writes what the provider would inherit or shuffle", () => {
    expect(links.vmbr1).toMatchObject({
      node_name: "pve1",
      ports: ["eno2", "eno3"],
      vlan_aware: false,
      autostart: true,
    });
  });

  it("runs the rules anew whenever the guard was armed, and confirms them through a connection of their own", () => {
    const step = steps["node-network"] as { triggers: object; provisioner: { "remote-exec": { inline: string[] } }[] };
    expect(step.triggers).toMatchObject({ guest: "${null_resource.network-guard.id}" });
    const actions = step.provisioner.map(
      ({ "remote-exec": { inline } }) => /step_action=(\w+)/.exec(inline[0] ?? "")?.[1],
    );
    expect(actions).toEqual([undefined, "confirm"]);
  });

  it("arms no guard where no bridge is made, and leaves the management bridge to the step", () => {
    const { made, terraform: other } = network({ name: "vmbr0", write: "rewrite", address: "192.168.1.10/24" });
    expect(addresses(other).filter((address) => /bridge|guard/.test(address))).toEqual(
      addresses(network({ name: "vmbr0", write: "none" }).terraform).filter((address) => /bridge|guard/.test(address)),
    );
    expect(other.resource.proxmox_network_linux_bridge).toBeUndefined();
    expect(made.ready.friendlyUniqueId).toBe("node-network");
  });

  it.each<[string, NodeBridge, RegExp]>([
    ["NAT without a range", { name: "vmbr1", uplink: "eno1" }, /vmbr1: NAT needs the range/],
    [
      "a forward without an uplink",
      { name: "vmbr1", forwards: [{ protocol: "tcp", port: 1, to: "10.0.0.1", toPort: 1 }] },
      /need an uplink/,
    ],
    ["text in place of an interface", { ...VMBR1, uplink: 'x" drop; #' }, /an interface's name: expected text/],
    [
      "text in place of a range",
      { ...VMBR1, isolatedFrom: [{ name: "vmbr0", ranges: ["0/0 }"] }] },
      /a range: expected text/,
    ],
  ])("refuses %s", (_, bridge, message) => {
    expect(() => network(bridge)).toThrow(message);
  });
});

it("NetworkBridge refuses names and sizes that the provider refuses", () => {
  const make = (changes: object) => () =>
    new NetworkBridge(new TestStack(), "b", { nodeName: "pve1", name: "vmbr1", ...changes });
  expect(make({ name: "vmbr-internal" })).toThrow(/\[lab\/b\] name: expected letters/);
  expect(make({ mtu: 100 })).toThrow(/mtu: expected a whole number from 1280/);
});
