import { disksOf } from "./capacity";
import { labNeeds } from "./credentials";
import type { Grant } from "./credentials/need";
import { wideNeeds } from "./credentials/wide";
import type { Lab } from "./lab";

/** One role of Proxmox VE and where it is granted. */
export interface RoleGrant {
  readonly role: string;
  readonly privileges: readonly string[];
  readonly paths: readonly { readonly path: string; readonly propagate: boolean }[];
}

/**
 * The smallest roles for the token of a lab, by path.
 *
 * Rights on guests are granted on /vms as a whole: Proxmox VE removes the entries of a single guest together with the guest,
 * so that it could not be created again, and the check for VMIDs in use must see every guest. For the first of these reasons
 * rights on a storage that the lab makes are granted on /storage, too. Everything else is granted on its own path alone.
 */
export function tokenRoles(lab: Lab): readonly RoleGrant[] {
  const byPath = new Map<string, Set<string>>([["/vms", new Set(["VM.Audit"])]]);
  const made = new Set((lab.storages ?? []).map(({ name }) => `/storage/${name}`));
  const grant = ({ path, privilege }: Grant) => {
    const place = path.startsWith("/vms/") ? "/vms" : made.has(path) ? "/storage" : path;
    byPath.set(place, (byPath.get(place) ?? new Set()).add(privilege));
  };
  for (const { credential, needs } of labNeeds(lab)) {
    // What root manages takes nothing of the token, but downloads and pools are the token's for every guest.
    for (const need of needs) if (credential === "token" || need.isTokens) need.grants.forEach(grant);
  }
  for (const need of wideNeeds(lab)) need.grants.forEach(grant);
  for (const storage of lab.guests.flatMap((guest) => disksOf(guest).map((disk) => disk.storage))) {
    // The guard lists the volumes of every guest's storages.
    grant({ path: `/storage/${storage}`, privilege: "Datastore.Audit" });
  }
  return named(lab.name, byPath);
}

function named(lab: string, byPath: ReadonlyMap<string, ReadonlySet<string>>): RoleGrant[] {
  const roles = new Map<
    string,
    { role: string; privileges: string[]; paths: { path: string; propagate: boolean }[] }
  >();
  const taken = new Set<string>();
  for (const [path, set] of [...byPath].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const privileges = [...set].sort();
    const key = privileges.join(" ");
    const known = roles.get(key);
    const at = { path, propagate: path === "/vms" || path === "/storage" };
    if (known) {
      known.paths.push(at);
      continue;
    }
    const stem = `${lab}-${path.split("/")[1] || "root"}`.replace(/[^A-Za-z0-9._-]/g, "-");
    let role = stem;
    for (let number = 2; taken.has(role); number++) role = `${stem}-${number}`;
    taken.add(role);
    roles.set(key, { role, privileges, paths: [at] });
  }
  return [...roles.values()];
}

/** The commands, run as root on a node, that make the roles, a user, and a token that may do what the lab needs. */
export function pveumCommands(lab: Lab): readonly string[] {
  const roles = tokenRoles(lab);
  const tokenName = `tf-${lab.name.replace(/[^A-Za-z0-9._-]/g, "-")}`;
  return [
    ...roles.map(({ role, privileges }) => `pveum role add ${role} --privs "${privileges.join(" ")}"`),
    "pveum user add terraform@pve",
    `pveum user token add terraform@pve ${tokenName} --privsep 1`,
    `for who in '--users terraform@pve' '--tokens terraform@pve!${tokenName}'; do`,
    ...roles.flatMap(({ role, paths }) =>
      paths.map(
        ({ path, propagate }) =>
          `  pveum acl modify ${quoted(path)} $who --roles ${role} --propagate ${propagate ? 1 : 0}`,
      ),
    ),
    "done",
  ];
}

const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
