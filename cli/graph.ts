import type { Lab, Node } from "../model/lab";
import { EXIT, type ExitCode, type Io } from "./output";
import { load, resolved } from "./target";

/** Draws a lab as a Mermaid flowchart, which GitHub renders in Markdown. */
export function graph(target: string, io: Io): ExitCode {
  const lab = resolved(load(target, io), io);
  if (!lab) return EXIT.problems;
  io.out(mermaid(lab));
  return EXIT.ok;
}

/** The text of a Mermaid label: entity codes for what would end the label, be markup, or start Markdown. */
export const label = (text: string): string =>
  `"${text.replace(/[^\p{L}\p{N} ._/:,()+-]/gu, (character) => `#${character.codePointAt(0)};`)}"`;

export function mermaid(lab: Lab): string {
  const ids = new Ids();
  const nodes = lab.nodes.flatMap((node) => [
    `  subgraph ${ids.of(`node ${node.name}`)}[${label(`${node.name} ${node.address}${node.active ? "" : " (not active)"}`)}]`,
    ...bridgesOf(lab, node.name).map((bridge) => `    ${ids.of(`bridge ${node.name} ${bridge}`)}[[${label(bridge)}]]`),
    ...interfacesOf(node).map((name) => `    ${ids.of(`bridge ${node.name} ${name}`)}[/${label(name)}/]`),
    ...lab.guests
      .filter((guest) => guest.node === node.name)
      .map((guest) => {
        const text = `${guest.name} (${guest.kind === "vm" ? "VM" : "CT"} ${guest.vmid}${guest.started ? "" : ", stopped"})`;
        return `    ${ids.of(`guest ${guest.name}`)}[${label(text)}]`;
      }),
    "  end",
  ]);
  const networks = lab.networks.map(
    ({ cidr, name }) => `  ${ids.of(`network ${name}`)}([${label(cidr ? `${name} ${cidr}` : name)}])`,
  );
  return ["flowchart LR", ...nodes, ...networks, ...cables(lab, ids), ...groupLines(lab, ids)].join("\n");
}

/** Short ids of our own: a name of the inventory may be a word of Mermaid's, such as `end`. */
class Ids {
  readonly #known = new Map<string, string>();

  of(name: string): string {
    const id = this.#known.get(name) ?? `n${this.#known.size}`;
    this.#known.set(name, id);
    return id;
  }
}

function bridgesOf(lab: Lab, node: string): string[] {
  const stated = lab.nodes.find(({ name }) => name === node)?.bridges ?? [];
  const used = lab.guests
    .filter((guest) => guest.node === node)
    .flatMap(({ nics }) => nics.map(({ bridge }) => bridge));
  return [...new Set([...stated, ...used])];
}

/** Interfaces that are no bridges: stated, or used by a bridge. */
function interfacesOf({ bridges, interfaces, links }: Node): string[] {
  const used = links.flatMap(({ ports, uplink }) => [...ports, ...(uplink === undefined ? [] : [uplink])]);
  return [...new Set([...interfaces.map(({ name }) => name), ...used])].filter((name) => !bridges.includes(name));
}

function cables(lab: Lab, ids: Ids): string[] {
  const nics = lab.guests.flatMap((guest) =>
    guest.nics.map(({ address, bridge, vlan }) => {
      const text = [address ?? "", vlan === undefined ? "" : `VLAN ${vlan}`].filter((part) => part !== "").join(", ");
      const line = text === "" ? "---" : `---|${label(text)}|`;
      return `  ${ids.of(`guest ${guest.name}`)} ${line} ${ids.of(`bridge ${guest.node} ${bridge}`)}`;
    }),
  );
  const networks = lab.networks.flatMap(({ bridge, name }) =>
    lab.nodes
      .filter((node) => bridge !== undefined && bridgesOf(lab, node.name).includes(bridge))
      .map((node) => `  ${ids.of(`bridge ${node.name} ${bridge}`)} --- ${ids.of(`network ${name}`)}`),
  );
  const links = lab.nodes.flatMap((node) =>
    node.links.flatMap(({ name, ports, uplink }) => {
      const of = (other: string) => ids.of(`bridge ${node.name} ${other}`);
      const nat = uplink === undefined ? [] : [`  ${of(name)} -->|${label("NAT")}| ${of(uplink)}`];
      return [...ports.map((port) => `  ${of(name)} --- ${of(port)}`), ...nat];
    }),
  );
  return [...nics, ...networks, ...links];
}

function groupLines(lab: Lab, ids: Ids): string[] {
  const guests = new Set(lab.guests.map(({ name }) => name));
  return lab.groups
    .filter(({ kind }) => kind === "tier" || kind === "functional")
    .flatMap(({ hosts, kind, name }) => [
      `  ${ids.of(`group ${name}`)}{{${label(`${name} (${kind === "tier" ? "tier" : "group"})`)}}}`,
      ...hosts
        .filter((host) => guests.has(host))
        .map((host) => `  ${ids.of(`group ${name}`)} -.-> ${ids.of(`guest ${host}`)}`),
    ]);
}
