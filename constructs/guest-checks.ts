import { shown } from "./construct-error";
import { hasAddress } from "./guest-parts";
import type { GuestNic, GuestProps } from "./guest-props";

const DNS_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
// Proxmox VE's format pve-tag; it stores tags in lower case, so capitals would be a difference for ever.
const TAG = /^[a-z0-9_][a-z0-9_.+-]*$/;

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

/** What is wrong with network cards, under the names that they have in the guest or in Proxmox VE. */
export function* checkNics(nics: readonly (GuestNic & { readonly name: string })[], limit: number): Iterable<string> {
  const names = nics.map(({ name }) => name);
  yield* atMost("nics", nics, limit);
  yield* repeated("nics", "name", names);
  for (const [index, nic] of nics.entries()) {
    const { address, address6, gateway, gateway6, mtu, name, vlan } = nic;
    yield* whole(`nics[${index}].vlan`, vlan, 1, 4094);
    yield* whole(`nics[${index}].mtu`, mtu, 64, 65_535);
    // The provider reads addresses back without their gaps, so a gap would be a difference for ever.
    if (!hasAddress(nic) && nics.slice(index + 1).some(hasAddress))
      yield `nics[${index}]: expected network cards without an address last, got ${shown(name)} before one that has; move it to the end`;
    if (gateway !== undefined && (address === undefined || address === "dhcp"))
      yield `nics[${index}].gateway: expected only with a static address, got ${shown(gateway)}; remove it`;
    if (gateway6 !== undefined && (address6 === undefined || address6 === "dhcp" || address6 === "auto"))
      yield `nics[${index}].gateway6: expected only with a static address, got ${shown(gateway6)}; remove it`;
  }
}

export function* atMost(name: string, list: readonly unknown[], limit: number): Iterable<string> {
  if (list.length > limit) yield `${name}: expected at most ${limit}, got ${list.length}; remove some`;
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
