import { splitList } from "./schema/lists";
import type { Parameters } from "./schema/validate";

/** Who calls. */
export interface Caller {
  /** `root@pam` or, for tokens, `root@pam!name`: Proxmox VE compares this name. Empty for nobody. */
  readonly id: string;
  /** The user behind it, without the token's name. */
  readonly user: string;
  readonly token?: string;
}

export const isRoot = (caller: Caller): boolean => caller.id === "root@pam";

/** One checked request, as handlers see it. */
export class Call {
  constructor(
    readonly caller: Caller,
    readonly parameters: Readonly<Parameters>,
    /** An uploaded file, if the request carried one. */
    readonly upload?: Upload,
  ) {}

  has(name: string): boolean {
    return this.parameters[name] !== undefined;
  }

  optional(name: string): string | undefined {
    const value = this.parameters[name];
    return typeof value === "string" ? value : value?.join(",");
  }

  /** A parameter that the schema demands. */
  text(name: string): string {
    return this.optional(name) ?? "";
  }

  number(name: string): number | undefined {
    const value = this.optional(name);
    return value === undefined ? undefined : Number(value);
  }

  flag(name: string): boolean {
    return this.optional(name) === "1";
  }

  list(name: string): string[] {
    const value = this.parameters[name];
    if (value === undefined) return [];
    return typeof value === "string" ? splitList(value) : [...value];
  }

  /** All parameters but these, as text. */
  rest(...without: readonly string[]): Record<string, string> {
    const entries = Object.keys(this.parameters)
      .filter((name) => !without.includes(name))
      .map((name) => [name, this.text(name)] as const);
    return Object.fromEntries(entries);
  }
}

export interface Upload {
  readonly fileName: string;
  readonly size: number;
  /** Digest of the contents by `md5`, `sha1`, `sha224`, `sha256`, `sha384` or `sha512`. */
  digest(algorithm: string): string;
  readonly contents: Buffer;
}
