import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One parameter of a method, or one key of a property string. */
export interface ParameterSpec {
  readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly optional?: boolean;
  readonly default?: unknown;
  /** Name of a format; `@name` refers to a property string of `ApiSpec.formats`. */
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly min_length?: number;
  readonly max_length?: number;
  readonly items?: ParameterSpec;
  /** Property strings: a value without a key belongs to this key. */
  readonly default_key?: boolean;
  /** Property strings: this key is another spelling of that one. */
  readonly alias?: string;
  /** Property strings: using the alias also sets this key to the alias's name. */
  readonly key_alias?: string;
  /** Property strings: this key needs that one. */
  readonly requires?: string;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** `all`: any authenticated caller; `world`: anyone; otherwise a check such as `["perm", "/vms/{vmid}", ["VM.Audit"]]`. */
export type PermissionSpec = "all" | "world" | readonly unknown[];

export interface MethodSpec {
  readonly parameters: ParameterSpecs;
  /** Absent: only root@pam itself. */
  readonly permission?: PermissionSpec;
  /** `false`: not for API tokens. */
  readonly token?: boolean;
  readonly returns?: string;
  /** The method lists its sub-paths under this key. */
  readonly index?: string;
}

export interface ApiSpec {
  readonly source: string;
  readonly formats: Readonly<Record<string, ParameterSpecs>>;
  /** By `GET /nodes/{node}/lxc`. */
  readonly methods: Readonly<Record<string, MethodSpec>>;
}

const FILE = join(__dirname, "../../../schemas/pve/9.2.3.json");

/** The API of Proxmox VE 9.2.3 as facts: `schemas/pve/9.2.3.json`. */
export const api = JSON.parse(readFileSync(FILE, "utf8")) as ApiSpec;
