import { distance } from "fastest-levenshtein";

/**
 * The known name that `name` was most likely meant to be, if one is near enough to be worth proposing:
 * at most `limit` letters differ, by default a third of them (and always at least one may).
 */
export function nearest(name: string, known: Iterable<string>, limit = Math.max(1, Math.floor(name.length / 3))) {
  const wanted = name.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const d = distance(wanted, candidate.toLowerCase());
    if (!best || d < best.distance) best = { name: candidate, distance: d };
  }
  return best && best.distance <= limit ? best.name : undefined;
}

/** `did you mean "x"?` for a near name, else what there is to choose from, shortened. */
export function suggest(name: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (names.length === 0) return "none is defined";
  const shown = names.slice(0, 12).join(", ");
  return `choose one of: ${shown}${names.length > 12 ? ", …" : ""}`;
}
