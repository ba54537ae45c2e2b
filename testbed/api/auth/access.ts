import { type Caller, isRoot } from "../call";
import { denied, failure } from "../errors";
import { splitList } from "../schema/lists";
import type { PermissionSpec } from "../schema/spec";
import type { State } from "../state/state";
import { normalizePath, privilegesOn } from "./acl";

type Values = Readonly<Record<string, unknown>>;

/** Splits `user@realm`; throws in Proxmox VE's words. */
export function splitUser(id: string): { name: string; realm: string } {
  const match = /^([^\s:/]+)@([A-Za-z][A-Za-z0-9.\-_]+)$/.exec(id);
  if (!match) throw failure(`value '${id}' does not look like a valid user name`);
  return { name: match[1] ?? "", realm: match[2] ?? "" };
}

/** Asks whether a caller has privileges; every `require…` throws Proxmox VE's refusal. */
export class Access {
  constructor(
    private readonly state: State,
    readonly caller: Caller,
  ) {}

  get isRoot(): boolean {
    return isRoot(this.caller);
  }

  has(path: string, ...privileges: readonly string[]): boolean {
    const clean = normalizePath(path);
    if (clean === undefined) return false;
    const own = privilegesOn(this.state, this.caller.id, clean);
    return privileges.every((privilege) => own.has(privilege));
  }

  hasAny(path: string, ...privileges: readonly string[]): boolean {
    return privileges.some((privilege) => this.has(path, privilege));
  }

  require(path: string, ...privileges: readonly string[]): void {
    if (this.isRoot) return;
    const clean = normalizePath(path) ?? "";
    for (const privilege of privileges) {
      if (!this.has(path, privilege)) throw denied(`${clean}, ${privilege}`);
    }
  }

  requireAny(path: string, ...privileges: readonly string[]): void {
    if (this.isRoot || this.hasAny(path, ...privileges)) return;
    throw denied(`${normalizePath(path) ?? ""}, ${privileges.join("|")}`);
  }

  /** On the guest, or on the pool that a new guest will belong to. */
  requireGuest(vmid: number, pool: string | undefined, ...privileges: readonly string[]): void {
    if (pool !== undefined && this.has(`/pool/${pool}`, ...privileges)) return;
    this.require(`/vms/${vmid}`, ...privileges);
  }

  /** On the guest itself; a right that comes from its pool does not count. */
  hasOnGuestItself(vmid: number, privilege: string): boolean {
    return this.isRoot || privilegesOn(this.state, this.caller.id, `/vms/${vmid}`, false).has(privilege);
  }

  requireRoot(): void {
    if (!this.isRoot) throw denied("user != root@pam");
  }

  /** Evaluates what the API schema says about a method. */
  requireSchema(permission: PermissionSpec | undefined, values: Values): void {
    if (permission === "world" || this.isRoot) return;
    if (permission === undefined) {
      this.requireRoot();
      return;
    }
    if (permission === "all") return;
    this.evaluate(permission, values, false);
  }

  private evaluate(check: readonly unknown[], values: Values, quiet: boolean): boolean {
    const [kind, ...rest] = check;
    if (kind === "and") return (rest as (readonly unknown[])[]).every((part) => this.evaluate(part, values, quiet));
    if (kind === "or") {
      if ((rest as (readonly unknown[])[]).some((part) => this.evaluate(part, values, true))) return true;
      return this.refuse(quiet);
    }
    if (kind === "perm") return this.evaluatePath(rest, values, quiet);
    if (kind === "perm-modify") return this.attempt(quiet, () => this.requireAclChange(String(values.path ?? "")));
    if (kind === "userid-param") return this.evaluateUser(String(rest[0]), values, quiet);
    if (kind === "userid-group") return this.attempt(quiet, () => this.requireUserGroup(rest, values));
    throw new Error(`unknown permission check ${String(kind)}`);
  }

  private attempt(quiet: boolean, check: () => void): boolean {
    if (!quiet) {
      check();
      return true;
    }
    try {
      check();
      return true;
    } catch {
      return false;
    }
  }

  private refuse(quiet: boolean, what?: string): boolean {
    if (quiet) return false;
    throw denied(what);
  }

  private evaluatePath(rest: readonly unknown[], values: Values, quiet: boolean): boolean {
    const [template, privileges, ...options] = rest as [string, string[], ...unknown[]];
    const needed = options.indexOf("require_param");
    if (needed !== -1 && values[String(options[needed + 1])] === undefined) return this.refuse(quiet);
    const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => String(values[name] ?? ""));
    const any = options.includes("any") && options[options.indexOf("any") + 1] === 1;
    return this.attempt(quiet, () => (any ? this.requireAny(path, ...privileges) : this.require(path, ...privileges)));
  }

  private evaluateUser(kind: string, values: Values, quiet: boolean): boolean {
    const id = String(values.userid ?? "");
    if (kind === "self") return id === this.caller.id || this.refuse(quiet);
    const { realm } = splitUser(id);
    return this.attempt(quiet, () => this.require(`/access/realm/${realm}`, "Realm.AllocateUser"));
  }

  requireAclChange(path: string): void {
    const extra = /^\/storage\/.+/.test(path)
      ? ["Datastore.Allocate"]
      : /^\/vms\/.+/.test(path)
        ? ["VM.Allocate"]
        : /^\/pool\/.+/.test(path)
          ? ["Pool.Allocate"]
          : [];
    if (path === "") {
      this.require("/access", "Permissions.Modify");
      return;
    }
    if (extra.length === 0) {
      this.require(path, "Permissions.Modify");
      return;
    }
    this.requireAny(path, "Permissions.Modify", ...extra);
  }

  private requireUserGroup(rest: readonly unknown[], values: Values): void {
    const privileges = rest[0] as string[];
    const groupsParameter = rest[1] === "groups_param" ? String(rest[2]) : undefined;
    const id = String(values.userid ?? "");
    if (groupsParameter === undefined && !this.state.users[id]) throw failure(`no such user ('${id}')`);
    if (this.hasAny("/access/groups", ...privileges)) return;
    const allowed = Object.keys(this.state.groups).filter((name) =>
      this.hasAny(`/access/groups/${name}`, ...privileges),
    );
    const named = splitList(String(values.groups ?? ""));
    if (groupsParameter !== undefined && named.length === 0 && groupsParameter === "create") {
      throw denied(`/access/groups, ${privileges.join("|")}`);
    }
    if (named.some((name) => !allowed.includes(name))) throw denied();
    if (groupsParameter === "create") return;
    if (this.state.users[id]?.groups.some((name) => allowed.includes(name))) return;
    throw denied(groupsParameter === undefined ? undefined : `/access/groups, ${privileges.join("|")}`);
  }
}
