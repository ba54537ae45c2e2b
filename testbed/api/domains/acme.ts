import { invalid } from "../errors";
import type { Section } from "../state/state";
import type { Context, Handler, Routes } from "../testbed";
import { collectionRoutes, entriesOf, usualErrors } from "./sections";

const ACCOUNT = "/cluster/acme/account";
const ACCOUNTS = "acme/account";

const nameOf = (context: Context): string => context.call.optional("name") ?? "default";

function accountOf(context: Context): Section {
  const name = nameOf(context);
  const account = entriesOf(context, ACCOUNTS)[name];
  if (!account) throw invalid({ name: `ACME account config file '${name}' does not exist.` });
  return account;
}

/** Work that Proxmox VE does with the CA, in a task of the first node; no CA is asked. */
function atAuthority(context: Context, worker: string, work: () => void): Promise<string> {
  return context.task(Object.keys(context.state.nodes)[0] ?? "", worker, "", () => {
    work();
    context.testbed.changed();
  });
}

const register: Handler = (context) => {
  const { call } = context;
  const name = nameOf(context);
  const accounts = entriesOf(context, ACCOUNTS);
  if (accounts[name]) throw invalid({ name: `ACME account config file '${name}' already exists.` });
  const directory = call.optional("directory") ?? "https://acme-v02.api.letsencrypt.org/directory";
  const entry: Section = {
    contact: call.text("contact"),
    directory,
    location: new URL(`/acct/${++context.state.counter}`, directory).href,
    createdAt: new Date().toISOString(),
    ...(call.has("tos_url") ? { tos: call.text("tos_url") } : {}),
  };
  return atAuthority(context, "acmeregister", () => {
    accounts[name] = entry;
  });
};

const show: Handler = (context) => {
  const { contact, createdAt, directory, location, tos } = accountOf(context);
  const addresses = String(contact).split(/[,; ]+/);
  const account = { contact: addresses.map((address) => `mailto:${address}`), createdAt, status: "valid" };
  return { account, directory, location, ...(tos === undefined ? {} : { tos }) };
};

const changeContact: Handler = (context) => {
  const account = accountOf(context);
  const contact = context.call.optional("contact");
  return atAuthority(context, "acmeupdate", () => {
    if (contact !== undefined) account.contact = contact;
  });
};

const deactivate: Handler = (context) => {
  accountOf(context);
  const name = nameOf(context);
  return atAuthority(context, "acmedeactivate", () => {
    delete entriesOf(context, ACCOUNTS)[name];
  });
};

export const acmeRoutes: Routes = {
  ...collectionRoutes({
    ...usualErrors("plugin", "ACME plugin"),
    base: "/cluster/acme/plugins",
    id: "id",
    store: "acme/plugins",
    showId: "plugin",
    showDigest: true,
    // What a DNS plugin needs travels encoded, and is answered as lines of `KEY=value`.
    check: (context, _id, entry) => {
      if (context.call.has("data")) entry.data = Buffer.from(context.call.text("data"), "base64").toString();
    },
  }),
  [`GET ${ACCOUNT}`]: (context) => Object.keys(entriesOf(context, ACCOUNTS)).map((name) => ({ name })),
  [`POST ${ACCOUNT}`]: register,
  [`GET ${ACCOUNT}/{name}`]: show,
  [`PUT ${ACCOUNT}/{name}`]: changeContact,
  [`DELETE ${ACCOUNT}/{name}`]: deactivate,
};
