import { pveumCommands } from "../../../model/credential-roles";
import type { Lab } from "../../../model/lab";
import { newSecret } from "../../../testbed/api/auth/tickets";
import type { Testbed } from "../../../testbed/api/index";

const USER = "terraform@pve";

/**
 * Does on a testbed what the commands do that `lab credentials` prints, but for one privilege.
 *
 * @returns the API token
 */
export function grantPrinted(testbed: Testbed, lab: Lab, without?: string): string {
  const { state } = testbed;
  const secret = newSecret();
  const commands = pveumCommands(lab).join("\n");
  state.acl = [];
  state.users[USER] = { enable: 1, expire: 0, groups: [], tokens: {} };
  const name = /user token add \S+ (\S+)/.exec(commands)?.[1] ?? "";
  state.users[USER].tokens[name] = { secret, privsep: 1, expire: 0 };
  for (const [, role = "", privileges = ""] of commands.matchAll(/role add (\S+) --privs "([^"]+)"/g)) {
    state.roles[role] = privileges.split(" ").filter((privilege) => privilege !== without);
  }
  for (const [, path = "", roleid = "", propagate] of commands.matchAll(
    /acl modify (\S+) \$who --roles (\S+) --propagate (\d)/g,
  )) {
    const entry = { path, roleid, propagate: Number(propagate) };
    state.acl.push({ ...entry, type: "user", ugid: USER }, { ...entry, type: "token", ugid: `${USER}!${name}` });
  }
  testbed.changed();
  return `${USER}!${name}=${secret}`;
}
