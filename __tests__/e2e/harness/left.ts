import type { State } from "../../../testbed/api/state/state";

/** Every value that is no object, by its path; empty objects and lists are none. */
function leaves(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [[path, value]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, path === "" ? key : `${path}.${key}`));
}

/** Paths at which two states of a testbed differ; its tasks, which only grow, are left out. */
export function differences(before: State, after: State): string[] {
  const [one, two] = [before, after].map(({ counter: _, tasks: __, ...rest }) => new Map(leaves(rest, ""))) as [
    Map<string, unknown>,
    Map<string, unknown>,
  ];
  return [...new Set([...one.keys(), ...two.keys()])].filter((path) => one.get(path) !== two.get(path));
}
