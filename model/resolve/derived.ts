import type { Role } from "../../provision/registry";
import type { HostView, LabView } from "../../provision/role";
import type { Capability, Guest, Lab, Node, Step } from "../lab";
import { toPlain } from "../tree";
import type { Facts } from "./facts";
import { canonical } from "./ip";

type Parts = Pick<Lab, "guests" | "nodes" | "networks">;

/** Completes the steps of roles whose settings follow from the lab as a whole, now that all of it is known. */
export function withDerived(lab: Parts, facts: Facts): Pick<Lab, "guests" | "nodes"> {
  const roles = new Map(facts.roles.filter(({ derive }) => derive).map((role) => [role.name, role]));
  if (
    roles.size === 0 ||
    ![...lab.guests, ...lab.nodes].some((host) => stepsOf(host).some(({ role }) => roles.has(role)))
  )
    return lab;
  const view = viewOf(lab, facts);
  const views = new Map(view.hosts.map((host) => [host.name, host]));
  const complete = (host: string) => (step: Step) => completed(step, roles.get(step.role), view, views.get(host));
  return {
    nodes: lab.nodes.map((node) => ({ ...node, steps: node.steps.map(complete(node.name)) })),
    guests: lab.guests.map((guest) => ({
      ...guest,
      steps: guest.steps.map(complete(guest.name)),
      capabilities: guest.capabilities.map((each) => withStep(each, complete(guest.name))),
    })),
  };
}

function completed(step: Step, role: Role | undefined, lab: LabView, self: HostView | undefined): Step {
  if (!role?.derive || !self) return step;
  return { ...step, settings: { ...step.settings, ...role.derive(lab, self, step.settings) } };
}

const withStep = <T extends Capability>(capability: T, complete: (step: Step) => Step): T =>
  capability.step ? { ...capability, step: complete(capability.step) } : capability;

const stepsOf = (host: Guest | Node): readonly Step[] =>
  "capabilities" in host
    ? [...host.steps, ...host.capabilities.flatMap(({ step }) => (step ? [step] : []))]
    : host.steps;

function viewOf(lab: Parts, facts: Facts): LabView {
  const guests = new Map(lab.guests.map((guest) => [guest.name, guest]));
  const nodes = new Map(lab.nodes.map((node) => [node.name, node]));
  const domains = new Map(lab.networks.map(({ name, dns }) => [name, dns?.domain]));
  const hosts = [...facts.hosts.values()].flatMap(({ groups, name, trees }): HostView[] => {
    const guest = guests.get(name);
    const node = nodes.get(name);
    const other = trees.get("ansible_host");
    const addresses = guest
      ? addressesOf(guest, domains)
      : [node?.address ?? (other ? toPlain(other) : undefined)].filter(isAddress).map((address) => ({ address }));
    if (addresses.length === 0) return [];
    return [
      {
        name,
        hostname: guest?.hostname ?? name,
        kind: guest?.kind ?? (node ? "node" : "other"),
        addresses,
        groups,
        variable: (variable) => {
          const tree = trees.get(variable);
          return tree && toPlain(tree);
        },
      },
    ];
  });
  const networks = lab.networks.map(({ cidr, cidr6, dns, name }) => ({
    name,
    cidrs: [cidr, cidr6].filter((range) => range !== undefined),
    ...(dns?.domain === undefined ? {} : { domain: dns.domain }),
  }));
  return { hosts, networks };
}

function addressesOf(guest: Guest, domains: ReadonlyMap<string, string | undefined>) {
  return guest.nics.flatMap(({ address, address6, network }) => {
    const domain = guest.dns?.domain ?? (network === undefined ? undefined : domains.get(network));
    return [address, address6].filter(isAddress).map((each) => ({
      address: canonical(each.replace(/\/.*/, "")),
      ...(domain === undefined ? {} : { domain }),
    }));
  });
}

/** Neither a name nor `dhcp` or `auto`. */
const isAddress = (value: unknown): value is string =>
  typeof value === "string" && (/^\d+(\.\d+){3}(\/\d+)?$/.test(value) || value.includes(":"));
