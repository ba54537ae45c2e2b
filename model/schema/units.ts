/** The units in which the inventory states sizes. */
export type SizeUnit = "MiB" | "GiB";

const POWER: Readonly<Record<string, number>> = { b: -2, k: -1, m: 0, g: 1, t: 2, p: 3 };
const SIZE = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgtp])(?:i?b|ytes)?|(b)(?:ytes)?)\s*$/i;

/**
 * What a size written with a unit ("8 GB", "16GiB", "512MB", "1.5t") is in whole `unit`s.
 * As everywhere in Proxmox VE, GB means 2^30 bytes. Undefined when it is no size or no whole number of units.
 */
export function sizeIn(unit: SizeUnit, text: string): number | undefined {
  const match = SIZE.exec(text);
  if (!match) return undefined;
  const power = POWER[(match[2] ?? match[3] ?? "b").toLowerCase()] ?? 0;
  const amount = Number(match[1]) * 1024 ** (power - (unit === "GiB" ? 1 : 0));
  return Number.isInteger(amount) ? amount : undefined;
}
