const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

/** Bytes in `8G`, `1025M` or `2147483648`; 0 for what is no size. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  return match ? Math.round(Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1)) : 0;
}

/** The shortest exact writing: `8G`, `1025M`, `528K`. */
export function printSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = UNITS[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
