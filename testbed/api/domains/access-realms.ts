import { failure } from "../errors";
import { api } from "../schema/spec";
import type { Context, Routes } from "../testbed";
import { toSection } from "./sections";

const REALM = api.methods["POST /access/domains"]?.parameters ?? {};

function readRealm(context: Context): unknown {
  const id = context.call.text("realm");
  const realm = context.state.realms[id];
  if (!realm) throw failure(`domain '${id}' does not exist`);
  return realm;
}

function changeRealm(context: Context, verb: "add" | "update" | "delete"): null {
  const { call, state } = context;
  const id = call.text("realm");
  if (verb === "add" && state.realms[id]) throw failure(`add auth server failed: domain '${id}' already exists`);
  if (verb !== "add" && !state.realms[id]) throw failure(`${verb} auth server failed: domain '${id}' does not exist`);
  if (verb === "delete") delete state.realms[id];
  else {
    const given = toSection(REALM, context, ["realm", "delete", "digest", "password"]);
    const realm = { ...(state.realms[id] ?? {}), ...given };
    for (const key of call.list("delete")) delete realm[key];
    state.realms[id] = realm;
  }
  context.testbed.changed();
  return null;
}

export const realmRoutes: Routes = {
  "GET /access/domains": (context) =>
    Object.entries(context.state.realms).map(([realm, { type, comment }]) => ({
      realm,
      type,
      ...(comment === undefined ? {} : { comment }),
    })),
  "POST /access/domains": (context) => changeRealm(context, "add"),
  "GET /access/domains/{realm}": readRealm,
  "PUT /access/domains/{realm}": (context) => changeRealm(context, "update"),
  "DELETE /access/domains/{realm}": (context) => changeRealm(context, "delete"),
  "POST /access/domains/{realm}/sync": (context) =>
    context.task(
      Object.keys(context.state.nodes)[0] ?? "",
      "auth-realm-sync",
      context.call.text("realm"),
      () => undefined,
    ),
};
