import type { HostView, LabView } from "../../provision/role";
import { withoutUndefined } from "../collections";
import { type Capability, type Guest, type Lab, type Node, type Step, staticAddresses } from "../lab";
import type { Problem } from "../problem";
import { toPlain, treeAt } from "../tree";
import type { Facts, HostFacts } from "./facts";
import { canonical } from "./ip";

type Parts = Pick<Lab, "guests" | "nodes" | "networks">;

/** Completes the steps of roles whose settings follow from the lab as a whole, now that all of it is known. */
export function withDerived(
  lab: Parts,
  facts: Facts,
  report: (problem: Problem) => void,
): Pick<Lab, "guests" | "nodes"> {
  const roles = new Map(facts.roles.filter(({ derive }) => derive).map((role) => [role.name, role]));
  if (roles.size === 0 || ![...lab.guests, ...lab.nodes].some((host) => someStep(host, ({ role }) => roles.has(role))))
    return lab;
  const { hosts, networks } = viewOf(lab, facts);
  const view = { hosts: hosts.filter(({ addresses }) => addresses.length > 0), networks };
  // One without an address, too: its settings would else be left out.
  const views = new Map(hosts.map((host) => [host.name, host]));
  const complete = (host: string) => (step: Step) => {
    const role = roles.get(step.role);
    const self = views.get(host);
    if (!role?.derive || !self) return step;
    const refuse = refusalFor(facts.hosts.get(host), report);
    return { ...step, settings: { ...step.settings, ...role.derive(view, self, step.settings, refuse) } };
  };
  return {
    nodes: lab.nodes.map((node) => ({ ...node, steps: node.steps.map(complete(node.name)) })),
    guests: lab.guests.map((guest) => ({
      ...guest,
      steps: guest.steps.map(complete(guest.name)),
      capabilities: guest.capabilities.map((each) => withStep(each, complete(guest.name))),
    })),
  };
}

function refusalFor(host: HostFacts | undefined, report: (problem: Problem) => void) {
  return (path: readonly PropertyKey[], message: string, fix: string) => {
    const [variable = "", ...rest] = path;
    const tree = host?.trees.get(String(variable));
    report({
      rule: "role-setting",
      severity: "error",
      ...(tree ? { at: treeAt(tree, rest).tree.at } : {}),
      path: path.map(String).join("."),
      ...(host ? { subject: host.name } : {}),
      message,
      fix,
    });
  };
}

const withStep = <T extends Capability>(capability: T, complete: (step: Step) => Step): T =>
  capability.step ? { ...capability, step: complete(capability.step) } : capability;

const someStep = (host: Guest | Node, is: (step: Step) => boolean): boolean =>
  host.steps.some(is) || ("capabilities" in host && host.capabilities.some(({ step }) => step && is(step)));

/** Of every host, also of those without an address. */
function viewOf(lab: Parts, facts: Facts): LabView {
  const guests = new Map(lab.guests.map((guest) => [guest.name, guest]));
  const nodes = new Map(lab.nodes.map((node) => [node.name, node]));
  const domains = new Map(lab.networks.map(({ name, dns }) => [name, dns?.domain]));
  const hosts = [...facts.hosts.values()].map(({ groups, name, trees }): HostView => {
    const guest = guests.get(name);
    const node = nodes.get(name);
    const other = trees.get("ansible_host");
    const addresses = guest
      ? addressesOf(guest, domains)
      : [node?.address ?? (other ? toPlain(other) : undefined)].filter(isAddress).map((address) => ({ address }));
    return {
      name,
      hostname: guest?.hostname ?? name,
      kind: guest?.kind ?? (node ? "node" : "other"),
      addresses,
      groups,
      variable: (variable) => {
        const tree = trees.get(variable);
        return tree && toPlain(tree);
      },
    };
  });
  const networks = lab.networks.map(({ bridge, cidr, cidr6, dns, gateway, name, vlan }) => ({
    name,
    cidrs: [cidr, cidr6].filter((range) => range !== undefined),
    nameServers: dns?.servers ?? [],
    ...withoutUndefined({ bridge, vlan, gateway, domain: dns?.domain }),
  }));
  return { hosts, networks };
}

function addressesOf(guest: Guest, domains: ReadonlyMap<string, string | undefined>) {
  return guest.nics.flatMap((nic) => {
    const { mac, network } = nic;
    const domain = guest.dns?.domain ?? (network === undefined ? undefined : domains.get(network));
    return staticAddresses(nic).map((each) => ({
      address: canonical(each.replace(/\/.*/, "")),
      ...withoutUndefined({ domain, mac, network }),
    }));
  });
}

/** Neither a name nor `dhcp` or `auto`. */
const isAddress = (value: unknown): value is string =>
  typeof value === "string" && (/^\d+(\.\d+){3}(\/\d+)?$/.test(value) || value.includes(":"));
