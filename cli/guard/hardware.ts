import { causeOf, type Guest } from "../../model/lab";
import { blocks, text } from "./losses";
import { configuredBlocks, differences, type Plan, type ResourceChange, type Values } from "./plan";
import type { Change } from "./verdict";

/** A mount or device, with its options as the provider names them. */
interface Piece {
  readonly path: string;
  readonly volume: string;
  readonly sizeGiB?: number;
  readonly options: Values;
}

/** What the provider reads for an option that is not set. */
const UNSET: ReadonlySet<string> = new Set(["null", '""', "[]", "false", "0", '"0660"']);

/**
 * What the step `hardware` does to a container that stays: the plan shows that the step runs, not what it changes
 * (provision/hardware/README.md). A new mount is there at once; all else waits for the guest's next start.
 *
 * @param runs whether the guest's own step runs, or that of its node, which takes from guests what none should have
 */
export function hardwareChanges(plan: Plan, change: ResourceChange, guest: Guest | undefined, runs: boolean): Change[] {
  if (!runs || guest?.kind !== "container" || change.change.before === null) return [];
  const before = change.change.before;
  const wanted = (name: string) => configuredBlocks(plan, change.address, name).map(pieceOf);
  const had = (name: string) => blocks(before[name]).map(pieceOf);
  return [
    ...mountChanges(had("mount_point"), wanted("mount_point"), guest),
    ...deviceChanges(had("device_passthrough"), wanted("device_passthrough"), guest),
  ];
}

const KINDS = ["mount_point", "device_passthrough"];

/** Whether somebody else gave it mounts or devices, or took some. */
export const hasHardwareDrift = (drift: ResourceChange): boolean =>
  differences(drift).some(({ path }) => KINDS.includes(path.split(".")[0] ?? ""));

/** Whether it is to have mounts or devices: its own step keeps them; else its node's step lets it have none. */
export const hasHardware = (plan: Plan, { address }: ResourceChange): boolean =>
  KINDS.some((name) => configuredBlocks(plan, address, name).length > 0);

function pieceOf({ path, size, volume, ...options }: Values): Piece {
  const [, number] = /^(\d+)G/.exec(text(size)) ?? [];
  const sizeGiB = number === undefined ? {} : { sizeGiB: Number(number) };
  return { path: text(path), volume: text(volume), ...sizeGiB, options };
}

function* mountChanges(had: readonly Piece[], wanted: readonly Piece[], { source }: Guest): Iterable<Change> {
  const at = causeOf(source, "mounts") ?? source.at;
  for (const { path, volume } of had) {
    if (wanted.some((mount) => mount.path === path)) continue;
    const kept = volume.startsWith("/") ? "the folder of the node stays" : `the volume ${volume} is kept, unused`;
    yield { text: `mount ${path} is taken away; ${kept}`, effect: "next start", at };
  }
  for (const mount of wanted) {
    const old = had.find(({ path }) => path === mount.path);
    if (!old) yield { text: `mount ${mount.path} is added`, effect: "live", at };
    else for (const change of volumeChanges(old, mount)) yield { ...change, at };
  }
}

function* volumeChanges(old: Piece, { options, path, sizeGiB, volume }: Piece): Iterable<Change> {
  const isBind = volume.startsWith("/");
  if (isBind && old.volume !== volume) yield { text: `mount ${path}: ${old.volume} → ${volume}`, effect: "next start" };
  if (!isBind && storageOf(old.volume) !== storageOf(volume))
    yield { text: `mount ${path}: another storage, which the step refuses`, effect: "fails" };
  if (old.sizeGiB !== undefined && sizeGiB !== undefined && old.sizeGiB !== sizeGiB)
    yield { text: `mount ${path}: ${old.sizeGiB} → ${sizeGiB} GiB`, effect: sizeGiB > old.sizeGiB ? "live" : "fails" };
  yield* optionChanges(`mount ${path}`, old.options, options);
}

const storageOf = (volume: string): string => volume.split(":")[0] ?? "";

function* deviceChanges(had: readonly Piece[], wanted: readonly Piece[], { source }: Guest): Iterable<Change> {
  const at = causeOf(source, "devices") ?? causeOf(source, "gpus") ?? source.at;
  for (const { path } of had)
    if (!wanted.some((device) => device.path === path))
      yield { text: `device ${path} is taken away`, effect: "next start", at };
  for (const { options, path } of wanted) {
    const old = had.find((device) => device.path === path);
    if (!old) yield { text: `device ${path} is added`, effect: "next start", at };
    else for (const change of optionChanges(`device ${path}`, old.options, options)) yield { ...change, at };
  }
}

/** Options that nobody states are as they are: the step leaves the node's defaults alone. */
function* optionChanges(what: string, old: Values, options: Values): Iterable<Change> {
  for (const [name, value] of Object.entries(options)) {
    const [before, after] = [old[name], value].map((each) => JSON.stringify(each ?? null));
    if (before === after || (UNSET.has(before ?? "null") && UNSET.has(after ?? "null"))) continue;
    yield { text: `${what}: ${name} ${before} → ${after}`, effect: "next start" };
  }
}
