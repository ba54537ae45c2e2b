/**
 * What can go wrong on purpose. Written as text, in the header `x-testbed-fault` of one request or in a rule:
 *
 * - `slow-task=2000`: the task works only after so many milliseconds
 * - `fail-task=text`: the task fails with this text
 * - `cut`: the request is carried out, its answer never arrives; `cut-before`: it is not carried out either
 * - `status=500 text`, `status=596`: this answer instead of the work; the text is optional
 * - `delay=500`: the answer comes after so many milliseconds
 * - `full=local-zfs`: allocating on this storage fails
 * - `lock=backup`: the guest that the request is about is locked
 * - `down=3000`: the API dies in the middle of this request and comes back after so many milliseconds
 */
export interface Fault {
  readonly slowTaskMs?: number;
  readonly failTask?: string;
  readonly cut?: "before" | "after";
  readonly status?: { readonly code: number; readonly text?: string };
  readonly delayMs?: number;
  readonly fullStorage?: string;
  readonly lock?: string;
  readonly downMs?: number;
}

export interface FaultRule {
  readonly id: number;
  /** Method and path as in the schema, `*` for anything: `POST /nodes/{node}/lxc`, `GET *`. */
  readonly on: string;
  /** As in the header. */
  readonly fault: string;
  /** How many more requests it strikes; absent: all of them. */
  left?: number;
}

const KINDS: Readonly<Record<string, (value: string) => Fault>> = {
  "slow-task": (value) => ({ slowTaskMs: milliseconds(value) }),
  "fail-task": (value) => ({ failTask: value === "" ? "failed on demand" : value }),
  cut: () => ({ cut: "after" }),
  "cut-before": () => ({ cut: "before" }),
  status: (value) => {
    const [code = "", ...text] = value.split(" ");
    if (!/^[3-5]\d\d$/.test(code)) throw new Error(`status wants a number from 300 to 599, got "${code}"`);
    return { status: text.length > 0 ? { code: Number(code), text: text.join(" ") } : { code: Number(code) } };
  },
  delay: (value) => ({ delayMs: milliseconds(value) }),
  full: (value) => ({ fullStorage: value }),
  lock: (value) => ({ lock: value === "" ? "backup" : value }),
  down: (value) => ({ downMs: milliseconds(value) }),
};

function milliseconds(value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`expected milliseconds, got "${value}"`);
  return Number(value);
}

/** Reads `slow-task=2000, fail-task=no space left`; throws an Error that names what is possible. */
export function parseFault(text: string): Fault {
  let fault: Fault = {};
  for (const part of text.split(",").map((item) => item.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const kind = equals === -1 ? part : part.slice(0, equals);
    const read = KINDS[kind];
    if (!read) throw new Error(`no fault "${kind}"; there are ${Object.keys(KINDS).join(", ")}`);
    fault = { ...fault, ...read(equals === -1 ? "" : part.slice(equals + 1)) };
  }
  return fault;
}

/** Standing faults, and those of single requests. */
export class Faults {
  private readonly rules: FaultRule[] = [];
  private lastId = 0;

  /** Adds a rule; `times` limits how often it strikes. Throws when the fault cannot be read. */
  add(on: string, fault: string, times?: number): FaultRule {
    parseFault(fault);
    const rule: FaultRule = { id: ++this.lastId, on, fault, ...(times === undefined ? {} : { left: times }) };
    this.rules.push(rule);
    return rule;
  }

  clear(): void {
    this.rules.length = 0;
  }

  list(): readonly FaultRule[] {
    return this.rules;
  }

  /** The fault for a request: its header's, else the first rule's that fits; rules are used up here. */
  take(key: string, header: string | undefined): Fault {
    if (header !== undefined) return parseFault(header);
    const index = this.rules.findIndex((rule) => fits(rule.on, key));
    const rule = this.rules[index];
    if (!rule) return {};
    if (rule.left !== undefined && --rule.left <= 0) this.rules.splice(index, 1);
    return parseFault(rule.fault);
  }
}

function fits(pattern: string, key: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`).test(key);
}
