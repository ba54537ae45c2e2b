import { shown } from "./construct-error";

const DNS_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
// Proxmox VE's format pve-tag; it stores tags in lower case, so capitals would be a difference for ever.
const TAG = /^[a-z0-9_][a-z0-9_.+-]*$/;

interface GuestProps {
  readonly vmid: number;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly tags?: readonly string[];
  readonly adopt?: boolean;
  readonly rebuild?: string;
  readonly protection?: boolean;
  readonly startupOrder?: number;
  readonly startupUpDelaySeconds?: number;
  readonly startupDownDelaySeconds?: number;
}

/** What is wrong with the props that containers and VMs share, each as `name: expected …, got …; write …`. */
export function* checkGuest(props: GuestProps, hostname: string): Iterable<string> {
  yield* whole("vmid", props.vmid, 100, 999_999_999);
  yield* whole("cores", props.cores, 1, 8192);
  yield* whole("memoryMiB", props.memoryMiB, 16, Number.MAX_SAFE_INTEGER);
  yield* whole("startupOrder", props.startupOrder, 0, Number.MAX_SAFE_INTEGER);
  if (!hostname.split(".").every((label) => DNS_LABEL.test(label)))
    yield `hostname: expected DNS labels of letters, digits and hyphens, got ${shown(hostname)}; write hostname: …`;
  for (const tag of props.tags ?? [])
    if (!TAG.test(tag))
      yield `tags: expected lower-case letters, digits, "_", ".", "+" and "-", got ${shown(tag)}; write ${shown(asTag(tag))}`;
  if (props.adopt && props.rebuild !== undefined)
    yield "rebuild: expected no rebuild of an adopted guest, got both; remove `adopt` once the guest is in the state";
  if (props.protection && props.rebuild !== undefined)
    yield "rebuild: expected no rebuild of a protected guest, got both; set `protection: false` first";
  if (props.startupOrder === undefined && (props.startupUpDelaySeconds ?? props.startupDownDelaySeconds) !== undefined)
    yield "startupOrder: expected with startup delays, got none; write startupOrder: 0";
}

export function* whole(name: string, value: number | undefined, min: number, max: number): Iterable<string> {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max)) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  yield `${name}: expected a whole number ${range}, got ${shown(value)}; write ${Math.min(max, Math.max(min, Math.round(Number(value)) || min))}`;
}

export function* repeated(list: string, key: string, values: readonly string[]): Iterable<string> {
  for (const value of new Set(values.filter((each, index) => values.indexOf(each) !== index)))
    yield `${list}: expected each ${key} once, got ${shown(value)} twice; rename or remove one`;
}

function asTag(tag: string): string {
  return tag.toLowerCase().replace(/[^a-z0-9_.+-]/g, "-");
}
