import { splitUser } from "../auth/access";
import { privilegesOn } from "../auth/acl";
import { issueTicket, newSecret, passwordMatches, readTicket } from "../auth/tickets";
import { denied, failure, invalid, PveError } from "../errors";
import type { State, Token, User } from "../state/state";
import type { Context, Routes } from "../testbed";
import { groupRoutes } from "./access-groups";
import { realmRoutes } from "./access-realms";
import { roleRoutes } from "./access-roles";

/** Which privileges the web interface asks for, by area: the `cap` of a ticket. */
const CAPABILITIES: Readonly<Record<string, { path: string; pattern: RegExp }>> = {
  access: { path: "/access", pattern: /^(?:User\.Modify|Group\.Allocate|Permissions\.Modify)$/ },
  dc: { path: "/", pattern: /^(?:Sys\.(?:Audit|Modify)|SDN\.)/ },
  mapping: { path: "/mapping", pattern: /^(?:Mapping\.|Permissions\.Modify)/ },
  nodes: { path: "/nodes", pattern: /^(?:Sys\.|Permissions\.Modify)/ },
  sdn: { path: "/sdn", pattern: /^(?:SDN\.|Permissions\.Modify)/ },
  storage: { path: "/storage", pattern: /^(?:Datastore\.|Permissions\.Modify)/ },
  vms: { path: "/vms", pattern: /^(?:VM\.|Permissions\.Modify)/ },
};

function login(context: Context): unknown {
  const { call, state } = context;
  const realm = call.optional("realm");
  const name = call.text("username");
  const user = realm === undefined || name.includes("@") ? name : `${name}@${realm}`;
  const password = call.text("password");
  const renewed = password.startsWith("PVE:") && readTicket(state, password) === user;
  if (!renewed && !passwordMatches(state, user, password)) throw new PveError(401, "authentication failure");
  const { ticket, csrf } = issueTicket(state, user);
  const cap: Record<string, Record<string, number>> = {};
  for (const [area, { path, pattern }] of Object.entries(CAPABILITIES)) {
    const held = [...privilegesOn(state, user, path).keys()].filter((privilege) => pattern.test(privilege));
    cap[area] = Object.fromEntries(held.map((privilege) => [privilege, 1]));
  }
  return { ticket, username: user, CSRFPreventionToken: csrf, cap };
}

const DETAILS = ["comment", "email", "firstname", "lastname", "keys"] as const;

function userOf(state: State, id: string): User {
  splitUser(id);
  const user = state.users[id];
  if (!user) throw failure(`no such user ('${id}')`);
  return user;
}

function answerUser(user: User): Record<string, unknown> {
  const tokens = Object.entries(user.tokens).map(([name, token]) => [name, answerToken(token)]);
  const details = DETAILS.filter((key) => user[key]).map((key) => [key, user[key]]);
  return {
    enable: user.enable,
    expire: user.expire,
    groups: user.groups,
    tokens: tokens.length > 0 ? Object.fromEntries(tokens) : null,
    ...Object.fromEntries(details),
  };
}

const answerToken = (token: Token): Record<string, unknown> => ({
  expire: token.expire,
  privsep: token.privsep,
  ...(token.comment ? { comment: token.comment } : {}),
});

function listUsers(context: Context): unknown {
  const { state, access, call } = context;
  const visible = access.hasAny("/access/groups", "User.Modify", "Sys.Audit");
  return Object.entries(state.users)
    .filter(([id]) => visible || id === call.caller.id)
    .map(([userid, user]) => {
      const { groups, tokens, ...rest } = answerUser(user);
      const tokenList = Object.entries(user.tokens).map(([tokenid, token]) => ({ tokenid, ...answerToken(token) }));
      return {
        userid,
        ...rest,
        "realm-type": splitUser(userid).realm,
        ...(call.flag("full") ? { groups: (groups as string[]).join(","), tokens: tokenList } : {}),
      };
    });
}

function createUser(context: Context): null {
  const { call, state } = context;
  const id = call.text("userid");
  splitUser(id);
  if (state.users[id]) throw failure(`create user failed: user '${id}' already exists`);
  const user: User = { enable: 1, expire: 0, groups: [], tokens: {} };
  const password = call.optional("password");
  if (password !== undefined) user.password = password;
  setDetails(context, user);
  state.users[id] = user;
  context.testbed.changed();
  return null;
}

function setDetails(context: Context, user: User): void {
  const { call } = context;
  for (const key of DETAILS) {
    const value = call.optional(key);
    if (value !== undefined) user[key] = value;
  }
  if (call.has("enable")) user.enable = call.number("enable") ?? 1;
  if (call.has("expire")) user.expire = call.number("expire") ?? 0;
  if (call.has("groups")) {
    const groups = call.list("groups");
    user.groups = call.flag("append") ? [...new Set([...user.groups, ...groups])] : groups;
  }
}

function updateUser(context: Context): null {
  setDetails(context, userOf(context.state, context.call.text("userid")));
  context.testbed.changed();
  return null;
}

function deleteUser(context: Context): null {
  const id = context.call.text("userid");
  userOf(context.state, id);
  if (id === context.call.caller.user) throw failure(`delete user failed: cannot delete the user that is logged in`);
  delete context.state.users[id];
  context.state.acl = context.state.acl.filter((entry) => entry.ugid !== id && !entry.ugid.startsWith(`${id}!`));
  context.testbed.changed();
  return null;
}

function changePassword(context: Context): null {
  const { call, state } = context;
  const id = call.text("userid");
  const user = userOf(state, id);
  const isSelf = id === call.caller.id;
  const confirmation = call.optional("confirmation-password");
  if (!context.access.isRoot) {
    if (confirmation === undefined)
      throw invalid({ "confirmation-password": "property is missing and it is not optional" });
    if (!passwordMatches(state, call.caller.id, confirmation)) throw new PveError(401, "authentication failure");
    if (id === "root@pam" && !isSelf) throw denied();
  }
  user.password = call.text("password");
  context.testbed.changed();
  return null;
}

function tokenOf(context: Context): { user: User; name: string; token: Token } {
  const id = context.call.text("userid");
  const name = context.call.text("tokenid");
  const user = userOf(context.state, id);
  const token = user.tokens[name];
  if (!token) throw failure(`no such token '${name}' for user '${id}'`);
  return { user, name, token };
}

function createToken(context: Context): unknown {
  const { call, state } = context;
  const id = call.text("userid");
  const name = call.text("tokenid");
  const user = userOf(state, id);
  if (user.tokens[name]) throw invalid({ tokenid: "Token already exists." });
  const token: Token = {
    secret: newSecret(),
    privsep: call.number("privsep") ?? 1,
    expire: call.number("expire") ?? 0,
  };
  const comment = call.optional("comment");
  if (comment !== undefined) token.comment = comment;
  user.tokens[name] = token;
  context.testbed.changed();
  // the answer repeats what was sent, as it was sent
  const info = { privsep: call.optional("privsep") ?? 1, ...call.rest("userid", "tokenid", "privsep") };
  return { "full-tokenid": `${id}!${name}`, info, value: token.secret };
}

function updateToken(context: Context): unknown {
  const { token } = tokenOf(context);
  const { call } = context;
  if (call.has("comment")) token.comment = call.text("comment");
  if (call.has("expire")) token.expire = call.number("expire") ?? 0;
  if (call.has("privsep")) token.privsep = call.number("privsep") ?? 1;
  context.testbed.changed();
  return answerToken(token);
}

export const accessRoutes: Routes = {
  ...groupRoutes,
  ...realmRoutes,
  ...roleRoutes,
  "POST /access/ticket": login,
  "GET /access/ticket": () => null,
  "PUT /access/password": changePassword,
  "GET /access/users": listUsers,
  "POST /access/users": createUser,
  "GET /access/users/{userid}": (context) => answerUser(userOf(context.state, context.call.text("userid"))),
  "PUT /access/users/{userid}": updateUser,
  "DELETE /access/users/{userid}": deleteUser,
  "GET /access/users/{userid}/token": (context) =>
    Object.entries(userOf(context.state, context.call.text("userid")).tokens).map(([tokenid, token]) => ({
      tokenid,
      ...answerToken(token),
    })),
  "GET /access/users/{userid}/token/{tokenid}": (context) => answerToken(tokenOf(context).token),
  "POST /access/users/{userid}/token/{tokenid}": createToken,
  "PUT /access/users/{userid}/token/{tokenid}": updateToken,
  "DELETE /access/users/{userid}/token/{tokenid}": (context) => {
    const { user, name } = tokenOf(context);
    delete user.tokens[name];
    const id = `${context.call.text("userid")}!${name}`;
    context.state.acl = context.state.acl.filter((entry) => entry.ugid !== id);
    context.testbed.changed();
    return null;
  },
  "GET /access/tfa": () => [],
};
