import { type Guest, type Node, type NodeStorage, placeOf, variableOf } from "../lab";
import type { Position, Problem } from "../problem";
import { NODES } from "../resolve/node";
import { suggest } from "../schema/nearest";
import type { Rule, RuleInput } from "./rule";
import { type StorageUse, storagesOfVm } from "./vms";

/** `unknown-node`, `inactive-node`, `unknown-bridge`, `unknown-storage`, `storage-content`: what a guest names exists on its node. */
export const namesExist: Rule = function* (input) {
  const declared = input.facts.members.get(NODES) ?? new Map<string, Position>();
  for (const guest of input.lab.guests) {
    const node = input.nodes.get(guest.node);
    if (node) yield* onNode(guest, node);
    else if (!declared.has(guest.node)) yield unknownNode(guest, input);
  }
};

function unknownNode(guest: Guest, { facts }: RuleInput): Problem {
  return {
    rule: "unknown-node",
    severity: "error",
    at: placeOf(guest.source, "node"),
    path: `${variableOf(guest)}.node`,
    subject: guest.name,
    message: `no node is called "${guest.node}"`,
    fix: suggest(guest.node, facts.members.get(NODES)?.keys() ?? []),
  };
}

function onNode(guest: Guest, node: Node): readonly Problem[] {
  const problems: Problem[] = [];
  if (!node.active) {
    problems.push({
      rule: "inactive-node",
      severity: "error",
      at: placeOf(guest.source, "node"),
      also: [{ at: placeOf(node.source, "active"), note: `says that ${node.name} is not active` }],
      path: `${variableOf(guest)}.node`,
      subject: guest.name,
      message: `the node ${node.name} is not active, so no guest can live on it`,
      fix: `set active: true for ${node.name}, or choose another node`,
    });
  }
  for (const [index, nic] of guest.nics.entries()) {
    if (node.bridges.includes(nic.bridge)) continue;
    problems.push({
      rule: "unknown-bridge",
      severity: "error",
      at: placeOf(guest.source, `nics.${index}.bridge`, `nics.${index}`),
      also: [{ at: placeOf(node.source, "bridges"), note: `lists the bridges of ${node.name}` }],
      path: `${variableOf(guest)}.networks.${index}.bridge`,
      subject: guest.name,
      message: `${node.name} has no bridge "${nic.bridge}"`,
      fix: suggest(nic.bridge, node.bridges),
    });
  }
  for (const use of usesOf(guest)) {
    const problem = storageProblem(use, guest, node);
    if (problem) problems.push(problem);
  }
  return problems;
}

function storageProblem(use: StorageUse, guest: Guest, node: Node): Problem | undefined {
  const storage = node.storages.find(({ name }) => name === use.name);
  if (storage?.content.includes(use.content)) return undefined;
  const common = { severity: "error", at: use.at(), path: use.path, subject: guest.name } as const;
  if (storage) return { ...common, ...wrongContent(use, storage, node) };
  const also = [{ at: placeOf(node.source, "storages"), note: `lists the storages of ${node.name}` }];
  const message = `${node.name} has no storage "${use.name}", which is to hold ${use.what}`;
  const known = node.storages.map(({ name }) => name);
  return { ...common, rule: "unknown-storage", also, message, fix: suggest(use.name, known) };
}

function wrongContent(
  use: StorageUse,
  storage: NodeStorage,
  node: Node,
): Pick<Problem, "rule" | "also" | "message" | "fix"> {
  const fitting = node.storages.filter((other) => other.content.includes(use.content)).map((other) => other.name);
  const other = fitting.length === 0 ? "" : `, or use ${fitting.join(" or ")}`;
  return {
    rule: "storage-content",
    also: [
      {
        at: placeOf(node.source, `storages.${storage.name}`),
        note: `allows ${storage.content.join(", ")}`,
      },
    ],
    message: `the storage "${use.name}" of ${node.name} does not allow ${use.content}, which ${use.what} needs`,
    fix: `add ${use.content} to its content (on the node: pvesm set ${use.name} --content …)${other}`,
  };
}

function usesOf(guest: Guest): readonly StorageUse[] {
  const at = (field: string) => () => placeOf(guest.source, field);
  const variable = variableOf(guest);
  const disk = guest.kind === "container" ? "rootdir" : "images";
  const path = `${variable}.storage`;
  const uses: StorageUse[] = [{ name: guest.storage, content: disk, at: at("storage"), path, what: "the root disk" }];
  if (guest.kind === "vm") return [...uses, ...storagesOfVm(guest)];
  for (const mount of guest.mounts) {
    if (mount.kind === "bind") continue;
    const what = `the mount ${mount.path}`;
    uses.push({ name: mount.storage, content: "rootdir", at: at("mounts"), path: `${variable}.mounts`, what });
  }
  if (guest.os.kind === "volume" && guest.os.volume === "") return uses;
  const storage = guest.os.kind === "download" ? guest.os.storage : (guest.os.volume.split(":")[0] ?? "");
  const from = { path: `${variable}.template`, what: "the OS template" };
  uses.push({ name: storage, content: "vztmpl", at: at("template"), ...from });
  return uses;
}
