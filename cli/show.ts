import { stringify } from "yaml";
import type { LoadResult } from "../model";
import { guestNeeds } from "../model/credentials";
import type { Lab } from "../model/lab";
import { toPlain } from "../model/tree";
import { EXIT, type ExitCode, type Io } from "./output";
import { loadHost, resolved } from "./target";
import { block } from "./values";

export interface ShowOptions {
  readonly json?: boolean;
}

/** Shows what a guest or node is after all defaults, groups and references. */
export function show(target: string, { json = false }: ShowOptions, io: Io): ExitCode {
  const { result, host } = loadHost(target, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const found = describe(lab, host);
  if (json) io.out(JSON.stringify(found ?? variables(result, host), withoutBigints, 2));
  else if (found) io.out(stringify(found, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd());
  else
    for (const [name, tree] of result.vars.get(host) ?? []) {
      const lines = block(tree, "  ");
      io.out(lines.length === 1 ? `${name}: ${lines[0]?.trim()}` : [`${name}:`, ...lines].join("\n"));
    }
  return EXIT.ok;
}

const variables = ({ vars }: LoadResult, host: string): object =>
  Object.fromEntries([...(vars.get(host) ?? [])].map(([name, tree]) => [name, toPlain(tree)]));

/** JSON's numbers are read as doubles, which do not hold them. */
const withoutBigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

function describe(lab: Lab, host: string): object | undefined {
  const guest = lab.guests.find(({ name }) => name === host);
  if (guest) {
    const { source: _, ...rest } = guest;
    return { ...rest, credential: guestNeeds(guest).credential === "root" ? "root@pam" : "token" };
  }
  const node = lab.nodes.find(({ name }) => name === host);
  if (!node) return undefined;
  const { source: _, ...rest } = node;
  return {
    kind: "node",
    ...rest,
    guests: lab.guests.filter((each) => each.node === node.name).map(({ name }) => name),
  };
}
