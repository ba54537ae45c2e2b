import { distance } from "fastest-levenshtein";

/** What other tools call keys of ours; a name counts only where it is known. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cores: ["cpus", "cpu", "vcpus", "vcpu", "core", "num_cpus"],
    memory: ["ram", "mem", "memory_mb"],
    disk: ["size", "rootfs", "disk_size", "root_disk_size"],
    networks: ["ip_address", "ip", "address", "ipv4", "network", "nics", "net", "net0"],
  }).flatMap(([ours, others]) => others.map((other) => [other, ours] as const)),
);

/** The known name of what others call `name`; `cpu` and the like are names of their own where they are known. */
export function synonym(name: string, known: readonly string[]): string | undefined {
  const ours = SYNONYMS.get(name.toLowerCase().replaceAll("-", "_"));
  return ours !== undefined && known.includes(ours) ? ours : undefined;
}

/**
 * The known name that `name` was most likely meant to be, if one is near enough to be worth proposing:
 * at most `limit` letters differ, by default a third of them (and always at least one may).
 */
export function nearest(name: string, known: Iterable<string>, limit = Math.max(1, Math.floor(name.length / 3))) {
  const wanted = name.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const d = isSwap(wanted, other) ? 1 : distance(wanted, other);
    if (!best || d < best.distance) best = { name: candidate, distance: d };
  }
  return best && best.distance <= limit ? best.name : undefined;
}

/** Whether two neighbouring letters changed places, which the library counts as two mistakes. */
function isSwap(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  const at = [...a].findIndex((letter, i) => letter !== b[i]);
  return at >= 0 && a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
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
