import { z } from "zod";
import { secret } from "../../provision/role";
import * as f from "./formats";
import { type OfTypes, refuse } from "./refine";
import { text } from "./scalar";
import { zfsDataset, zfsProperty } from "./zfs";

/** Kinds of storage that the lab can make, with what each may hold (the content types that Proxmox VE accepts of each). */
const FILES = ["backup", "images", "import", "iso", "rootdir", "snippets", "vztmpl"] as const;
const CONTENT = {
  dir: FILES,
  nfs: FILES,
  cifs: FILES,
  zfspool: ["images", "rootdir"],
  pbs: ["backup"],
} as const;

const path = () => f.path();
const server = () => f.hostAddress().meta({ description: "Name or address of the server." });
/** A reference to a secret. What stands there in clear is not shown. */
const password = (what: string) =>
  z
    .unknown()
    .transform((input, context): { readonly secret: string } => {
      const reference = secret().safeParse(input);
      if (reference.success) return reference.data;
      const fix = "encrypt it (lab secrets LAB --encrypt), or write { secret: name } and give it as TF_VAR_<name>";
      const message = "a password or key must not stand in clear in the inventory";
      context.issues.push({ code: "custom", input, message, params: { fix, expected: "{ secret: NAME }" } });
      return z.NEVER;
    })
    .optional()
    .meta({
      type: "object",
      properties: { secret: { type: "string", description: "Name of the secret." } },
      required: ["secret"],
      description: `${what} { secret: name }, or a value encrypted by ansible-vault.`,
    });

/** Which keys each kind has beside the common ones, and which of them it cannot do without. */
const KEYS = {
  dir: { needed: ["path"], other: ["shared"] },
  nfs: { needed: ["server", "export"], other: ["options"] },
  cifs: { needed: ["server", "share", "username", "password"], other: ["domain", "subdirectory", "options"] },
  zfspool: { needed: ["pool"], other: ["thin", "block_size", "dataset"] },
  pbs: {
    needed: ["server", "datastore", "username", "password"],
    other: ["namespace", "fingerprint", "encryption_key"],
  },
} as const;
const COMMON = ["type", "content", "nodes", "size", "enabled"];

const dataset = z
  .strictObject({
    properties: z.array(zfsProperty()).default([]).meta({ description: "As zfs set takes them: compression=zstd." }),
  })
  .meta({ description: "Make the pool's dataset on each node where it is missing, with these properties." });

const anyStorage = z
  .strictObject({
    type: f.oneOf(["dir", "nfs", "cifs", "zfspool", "pbs"]).meta({ description: "Proxmox VE's type of the storage." }),
    content: z
      .array(f.oneOf(FILES))
      .min(1)
      .optional()
      .meta({ description: "What may be stored: rootdir for containers, images for VMs … Default for pbs: backup." }),
    nodes: z.array(f.plainName()).min(1).optional().meta({ description: "Nodes that use it. Default: every one." }),
    size: f
      .whole({ min: 1, unit: "GiB" })
      .optional()
      .meta({ description: "Capacity in GiB; without it, disks are not added up." }),
    enabled: f.flag().optional().meta({ description: "False: known to Proxmox VE, but not used. Default: true." }),
    path: path().optional().meta({ description: "dir: folder of the node." }),
    shared: f.flag().optional().meta({ description: "dir: the same folder on every node. Default: false." }),
    server: server().optional(),
    export: path().optional().meta({ description: "nfs: path that the server exports." }),
    options: f.line().optional().meta({ description: "nfs, cifs: options of mount, such as vers=4.2." }),
    share: f.line().optional().meta({ description: "cifs: name of the share." }),
    subdirectory: path().optional().meta({ description: "cifs: folder of the share. Default: its root." }),
    domain: f.line().optional().meta({ description: "cifs: domain of the user." }),
    pool: zfsDataset().optional().meta({ description: "zfspool: pool or dataset, such as rpool/data." }),
    thin: f.flag().optional().meta({ description: "zfspool: disks of VMs take only what is written. Default: true." }),
    block_size: text("a power of two from 512 to 1M such as 16k", /^(512|(1|2|4|8|16|32|64|128|256|512)k|1M)$/)
      .optional()
      .meta({ description: "zfspool: block size of VMs' disks. Default: Proxmox VE's." }),
    dataset: dataset.optional(),
    datastore: f.plainName().optional().meta({ description: "pbs: datastore of the backup server." }),
    namespace: f.line().optional().meta({ description: "pbs: namespace in the datastore. Default: its root." }),
    username: f.line().optional().meta({ description: "cifs, pbs: user; of pbs also a token: backup@pbs!lab." }),
    password: password("cifs, pbs: password, or secret of the token."),
    fingerprint: text(
      "a SHA-256 fingerprint (32 pairs of hexadecimal digits with colons)",
      /^([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}$/,
    )
      .optional()
      .meta({ description: "pbs: fingerprint of its certificate, unless a known authority signed it." }),
    encryption_key: password(
      "pbs: the key that backups are encrypted with (JSON of proxmox-backup-client key create).",
    ),
  })
  .superRefine((value, context) => {
    const { needed, other } = KEYS[value.type];
    const allowed: readonly string[] = [...COMMON, ...needed, ...other];
    const given = value as { readonly [key: string]: unknown };
    for (const key of Object.keys(value))
      if (given[key] !== undefined && !allowed.includes(key))
        refuse(
          context,
          [key],
          `a storage of type ${value.type} has no ${key}`,
          `delete it; it has: ${allowed.join(", ")}`,
        );
    for (const key of needed)
      if (given[key] === undefined)
        refuse(context, ["type"], `a storage of type ${value.type} needs ${key}`, `add ${key}:`);
    const fitting: readonly string[] = CONTENT[value.type];
    for (const [index, each] of (value.content ?? []).entries())
      if (!fitting.includes(each))
        refuse(
          context,
          ["content", index],
          `a storage of type ${value.type} cannot hold ${each}`,
          `choose of: ${fitting.join(", ")}`,
        );
    if (value.content === undefined && value.type !== "pbs")
      refuse(
        context,
        ["type"],
        `a storage of type ${value.type} needs content`,
        `add content: [${fitting.join(", ")}], or some of it`,
      );
  })
  .meta({ description: "A storage that the lab adds to Proxmox VE." });

export type StorageVars = OfTypes<
  z.output<typeof anyStorage>,
  { [Type in keyof typeof KEYS]: (typeof KEYS)[Type]["needed"][number] }
>;
/** Its check makes sure of what the type says. */
const storage = anyStorage as z.ZodType<StorageVars>;

export const storages = z
  .record(f.storageName(), storage)
  .meta({ description: "Storages that the lab makes, by name; those that are there already stand in proxmox_node." });
