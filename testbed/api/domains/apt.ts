import { createHash } from "node:crypto";
import { failure } from "../errors";
import type { AptEntry, AptFile, Node } from "../state/state";
import type { Context, Routes } from "../testbed";

interface StandardRepository {
  readonly name: string;
  readonly component: string;
  readonly description: string;
  readonly ceph?: boolean;
}

const CEPH = "This repository holds the Ceph packages of the named release.";

/** Repositories that Proxmox VE 9 offers by handle. */
const STANDARD: Readonly<Record<string, StandardRepository>> = {
  enterprise: {
    name: "Enterprise",
    component: "pve-enterprise",
    description: "The default repository for hosts with a subscription.",
  },
  "no-subscription": {
    name: "No-Subscription",
    component: "pve-no-subscription",
    description: "For testing and hosts without a subscription.",
  },
  test: { name: "Test", component: "pve-test", description: "The latest packages, for test labs and developers." },
  "ceph-squid-enterprise": { name: "Ceph Squid Enterprise", component: "enterprise", description: CEPH, ceph: true },
  "ceph-squid-no-subscription": {
    name: "Ceph Squid No-Subscription",
    component: "no-subscription",
    description: CEPH,
    ceph: true,
  },
  "ceph-squid-test": { name: "Ceph Squid Test", component: "test", description: CEPH, ceph: true },
};

const nodeOf = (context: Context): Node => {
  const node = context.state.nodes[context.call.text("node")];
  if (!node) throw failure("no such node");
  return node;
};

const bytesOf = (file: AptFile): number[] => [...createHash("sha256").update(JSON.stringify(file)).digest()];
const digestOf = (files: readonly AptFile[]): string =>
  createHash("sha256").update(JSON.stringify(files)).digest("hex");

const answerEntry = (entry: AptEntry): Record<string, unknown> => ({
  Components: entry.components,
  Enabled: entry.enabled ? 1 : 0,
  FileType: entry.fileType,
  Suites: entry.suites,
  Types: entry.types,
  URIs: entry.uris,
  ...(entry.comment === "" ? {} : { Comment: entry.comment }),
  ...(entry.options.length === 0
    ? {}
    : { Options: entry.options.map(({ key, values }) => ({ Key: key, Values: values })) }),
});

function entryOf(files: readonly AptFile[], component: string, ceph: boolean): AptEntry | undefined {
  return files
    .flatMap((file) => file.entries)
    .find(
      (entry) =>
        entry.components.includes(component) &&
        entry.uris.some((uri) => /proxmox/.test(uri) && uri.includes("ceph") === ceph),
    );
}

function list(context: Context): unknown {
  const files = nodeOf(context).repositories;
  return {
    digest: digestOf(files),
    errors: [],
    files: files.map((file) => ({
      digest: bytesOf(file),
      "file-type": file.entries[0]?.fileType ?? "list",
      path: file.path,
      repositories: file.entries.map(answerEntry),
    })),
    infos: files.flatMap((file) =>
      file.entries.map((entry, index) => ({
        index,
        kind: "origin",
        path: file.path,
        message: entry.uris.some((uri) => uri.includes("proxmox")) ? "Proxmox" : "Debian",
      })),
    ),
    "standard-repos": Object.entries(STANDARD).map(([handle, { name, description, component, ceph }]) => {
      const entry = entryOf(files, component, ceph === true);
      return { handle, name, description, ...(entry ? { status: entry.enabled ? 1 : 0 } : {}) };
    }),
  };
}

function requireDigest(context: Context): void {
  const expected = context.call.optional("digest");
  if (expected !== undefined && expected !== digestOf(nodeOf(context).repositories)) {
    throw failure("detected modified configuration - file changed by other user? Try again.");
  }
}

function add(context: Context): null {
  const handle = context.call.text("handle");
  const repository = STANDARD[handle];
  if (!repository) {
    const known = Object.keys(STANDARD).map((name) => `\`${name}\``);
    throw failure(`error: unknown variant \`${handle}\`, expected one of ${known.join(", ")}`);
  }
  requireDigest(context);
  const files = nodeOf(context).repositories;
  const existing = entryOf(files, repository.component, repository.ceph === true);
  if (existing) setEnabled(existing, true);
  else append(files, handle, repository);
  context.testbed.changed();
  return null;
}

function append(files: AptFile[], handle: string, repository: StandardRepository): void {
  const name = repository.ceph ? "ceph" : handle === "enterprise" ? "pve-enterprise" : "proxmox";
  const path = `/etc/apt/sources.list.d/${name}.sources`;
  const host = handle.includes("enterprise") ? "https://enterprise.proxmox.com" : "http://download.proxmox.com";
  const entry: AptEntry = {
    enabled: true,
    types: ["deb"],
    uris: [`${host}/debian/${repository.ceph ? "ceph-squid" : "pve"}`],
    suites: ["trixie"],
    components: [repository.component],
    comment: "",
    fileType: "sources",
    options: [{ key: "Signed-By", values: ["/usr/share/keyrings/proxmox-archive-keyring.gpg"] }],
  };
  const file = files.find((known) => known.path === path);
  if (file) file.entries.push(entry);
  else files.push({ path, entries: [entry] });
}

function setEnabled(entry: AptEntry, enabled: boolean): void {
  entry.enabled = enabled;
  if (entry.fileType !== "sources") return;
  const others = entry.options.filter((option) => option.key !== "Enabled");
  entry.options = [...others, { key: "Enabled", values: [enabled ? "true" : "false"] }];
}

function change(context: Context): null {
  const { call } = context;
  const path = call.text("path");
  const file = nodeOf(context).repositories.find((known) => known.path === path);
  if (!file) throw failure(`invalid path - ${path}`);
  const entry = file.entries[call.number("index") ?? 0];
  if (!entry) throw failure(`invalid index - ${call.text("index")}`);
  requireDigest(context);
  if (call.has("enabled")) setEnabled(entry, call.flag("enabled"));
  context.testbed.changed();
  return null;
}

export const aptRoutes: Routes = {
  "GET /nodes/{node}/apt/repositories": list,
  "PUT /nodes/{node}/apt/repositories": add,
  "POST /nodes/{node}/apt/repositories": change,
};
