import type { Reference } from "../tree";
import { samePlace } from "./trees";
import type { Known, Lookups } from "./value";

/**
 * The references that a value was reached by, nearest first. One that was looked up and passed on as it is knows its own
 * way further; one that was computed was reached through everything that was looked up for it.
 */
export function references(place: Reference, value: Known, { consulted, defaults }: Lookups): Reference[] {
  const reference = {
    ...place,
    ...(consulted.some((each) => each.fact) ? { fact: true as const } : {}),
    ...(defaults.length > 0 ? { defaults } : {}),
  };
  if (!value.fact) {
    const link = { ...reference, from: value.tree.at };
    return value.via.length > 0 ? [link, ...value.via] : [link];
  }
  const from = consulted.find((each) => !each.fact)?.tree.at;
  const further = consulted.flatMap((each) => [...each.via, ...(each.scope?.viaOf(each.tree) ?? [])]);
  const distinct = further.filter((link, index) => further.findIndex((each) => isSameLink(each, link)) === index);
  return [from ? { ...reference, from } : reference, ...distinct];
}

export const isSameLink = (a: Reference, b: Reference) => a.expression === b.expression && samePlace(a.at, b.at);
