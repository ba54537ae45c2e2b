import { tokenRoles } from "../../model/credential-roles";
import type { Lab } from "../../model/lab";
import type { LocalAnswer, LocalCall } from "../api/index";

/** Answers a call as root on a node, as `pveum` does its work. */
export type Ask = (call: LocalCall) => Promise<LocalAnswer>;

/** The user that `lab credentials` gives the token to. */
const USER = "terraform@pve";

/**
 * Makes the roles, the user and the token that `lab credentials` prints the commands for, and nothing beyond.
 *
 * @returns the token: `terraform@pve!tf-tiers=<uuid>`
 * @throws Error in Proxmox VE's words when a call is refused
 */
export async function createToken(lab: Lab, ask: Ask): Promise<string> {
  const tokenName = `tf-${lab.name.replace(/[^A-Za-z0-9._-]/g, "-")}`;
  const roles = tokenRoles(lab);
  // The testbed comes with a user of this name who may do what any lab needs.
  await ask({ method: "DELETE", path: `/access/users/${USER}`, parameters: {} });
  for (const { role, privileges } of roles) {
    await must(ask, "POST", "/access/roles", { roleid: role, privs: privileges.join(",") });
  }
  await must(ask, "POST", "/access/users", { userid: USER });
  const data = await must(ask, "POST", `/access/users/${USER}/token/${tokenName}`, { privsep: "1" });
  for (const { role, paths } of roles) {
    for (const { path, propagate } of paths) {
      const entry = { path, roles: role, propagate: propagate ? "1" : "0" };
      await must(ask, "PUT", "/access/acl", { ...entry, users: USER });
      await must(ask, "PUT", "/access/acl", { ...entry, tokens: `${USER}!${tokenName}` });
    }
  }
  return `${USER}!${tokenName}=${(data as { value: string }).value}`;
}

async function must(
  ask: Ask,
  method: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { status, data, errors, message } = await ask({ method, path, parameters });
  if (status < 400) return data;
  const details = Object.entries(errors ?? {}).map(([key, text]) => `; ${key}: ${text}`);
  throw new Error(`${method} ${path}: ${status} ${message ?? ""}${details.join("")}`);
}
