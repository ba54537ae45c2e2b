import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { run } from "../../../testbed/guests/shell";

/** What is not looked at, each with its reason. */
const ELSEWHERE = {
  "/proc": "the kernel's",
  "/sys": "the kernel's",
  "/dev": "the kernel's",
  "/run": "gone at the next boot",
  "/tmp": "temporary",
  "/var/tmp": "temporary",
  "/var/log": "says when something ran, and so differs each time",
  "/var/cache": "can be made anew at any time, by definition (hier(7))",
  "/var/lib/apt/lists": "the mirror's, fetched anew by whoever needs it",
  "/var/lib/docker": "the engine's own: ids and times; tests ask the engine",
  "/var/lib/containerd": "the engine's own",
} as const;

/** What may change by itself at any moment, whatever a role does: stamps of timers, the seed of random numbers, time, what Python compiles. */
const BY_ITSELF = /^\/var\/lib\/systemd\/(timers\/|random-seed$|timesync\/)|^\/var\/lib\/dhcp\/|\/__pycache__\//;

/** A file system at one moment: a line for each file, link and folder, by its path. */
export class Snapshot {
  private readonly kept = new Map<string, string>();

  constructor(
    private readonly root: string,
    private readonly lines: ReadonlyMap<string, string>,
  ) {}

  /** Files and links that were written, made or removed since, also with the same content; folders by owner and mode. */
  changesSince(before: Snapshot): string[] {
    const paths = new Set([...before.lines.keys(), ...this.lines.keys()]);
    return [...paths].filter((path) => this.lines.get(path) !== before.lines.get(path)).sort();
  }

  /** Reads what has changed since, before it changes again. */
  keepChangesSince(before: Snapshot): this {
    for (const path of this.changesSince(before)) this.kept.set(path, this.stateOf(path));
    return this;
  }

  /** What a path is: kind, mode, owner and content, or `""`. While the guest runs; later, what was kept. */
  stateOf(path: string): string {
    return this.kept.get(path) ?? this.read(path);
  }

  private read(path: string): string {
    const line = this.lines.get(path);
    if (line === undefined) return "";
    const [kind, mode, owner, target] = line.split("|");
    const content = kind === "f" ? createHash("sha256").update(contentOf(this.root, path)).digest("hex") : target;
    return [kind, mode, owner, content].join(" ");
  }
}

/**
 * What backs up a former state, which a run that was killed may have seen more of; and which links Debian's helper says it
 * made itself: not those that a killed one had made. The links themselves are compared.
 */
const FORMER =
  /^\/var\/lib\/systemd\/deb-systemd-helper-enabled\/.*\.wants\/|^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$|^\/var\/lib\/dpkg\/[a-z]+-old$|^\/var\/lib\/ucf\/.*\.\d+$/;

interface Span {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/**
 * In what two guests of one image differ that were changed in two ways; both must run.
 * @param own what each guest makes for itself, such as a random key
 */
export function differences(one: Span, other: Span, own?: RegExp): string[] {
  const paths = new Set([one, other].flatMap(({ after, before }) => after.changesSince(before)));
  return [...paths].sort().flatMap((path) => {
    const [mine, theirs] = [one.after.stateOf(path), other.after.stateOf(path)];
    return FORMER.test(path) || own?.test(path) || mine === theirs
      ? []
      : [`${path}: ${mine || "absent"}, then ${theirs || "absent"}`];
  });
}

/** @param init process id of the guest's init, through which its files are reached */
export async function snapshot(init: number): Promise<Snapshot> {
  const root = `/proc/${init}/root`;
  const pruned = Object.keys(ELSEWHERE).flatMap((path, index) => [...(index > 0 ? ["-o"] : []), "-path", root + path]);
  const print = "%y|%m|%U:%G|%l|%s %T@ %C@ %i|%P\\0";
  const found = await run("find", [`${root}/`, "-xdev", "(", ...pruned, ")", "-prune", "-o", "-printf", print]);
  const lines = new Map<string, string>();
  for (const entry of found.split("\0")) {
    const [kind = "", mode, owner, target, times, ...rest] = entry.split("|");
    const path = `/${rest.join("|")}`;
    if (kind === "" || kind === "s" || BY_ITSELF.test(path)) continue;
    lines.set(path, [kind, mode, owner, target, ...(kind === "d" ? [] : [times])].join("|"));
  }
  return new Snapshot(root, lines);
}

function contentOf(root: string, path: string): Buffer | string {
  const content = readFileSync(root + path);
  // One paragraph a package, in the order in which dpkg met them.
  return /^\/var\/lib\/(dpkg\/status|apt\/extended_states)$/.test(path)
    ? content.toString().split("\n\n").sort().join("\n\n")
    : content;
}
