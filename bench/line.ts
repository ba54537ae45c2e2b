/** One line of the bench: a ratio (or a count) measured in one run, with the limit it must keep. */
export interface Line {
  /** What `--only` takes. */
  readonly name: string;
  /** What is compared with what. */
  readonly title: string;
  measure(say: Say): Promise<Outcome>;
}

/** Tells people what is measured right now. */
export type Say = (what: string) => void;

export type Outcome =
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "measured"; readonly results: readonly Result[] };

export interface Result {
  readonly what: string;
  readonly value: number;
  /** Unit of the value and of the limit. */
  readonly unit: "x" | "MiB" | "calls";
  /** The limit. `at least` for what should be large. @default none: the value is information */
  readonly limit?: { readonly kind: "at most" | "at least"; readonly value: number };
  /** The numbers behind it, for people. */
  readonly from: string;
}

type Limit = NonNullable<Result["limit"]>;

export const measured = (...results: readonly Result[]): Outcome => ({ kind: "measured", results });
export const skipped = (reason: string): Outcome => ({ kind: "skipped", reason });
export const atMost = (value: number): Limit => ({ kind: "at most", value });
export const atLeast = (value: number): Limit => ({ kind: "at least", value });

export function isKept({ limit, value }: Result): boolean {
  if (!limit) return true;
  return limit.kind === "at most" ? value <= limit.value : value >= limit.value;
}
