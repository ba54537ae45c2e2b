import { z } from "zod";
import type { Credential } from "../vault/credentials";
import { backupJobs } from "./backup";
import { firewall, guestFirewall } from "./firewall";
import * as f from "./formats";
import { container, features, mount } from "./guest";
import { backend, networks, templates } from "./lab";
import { node } from "./node";
import { acme, metrics } from "./node-system";
import { storages } from "./storage";
import { vm } from "./vm";

/** Variables whose value is one and the same for the whole lab. */
const labWide = {
  proxmox_api_host: f.hostAddress().meta({ description: "Host name or address of the Proxmox VE API." }),
  proxmox_api_port: f.port().meta({ description: "Port of the API. Default: 8006." }),
  proxmox_validate_certs: f.flag().meta({ description: "Check the API's certificate. Default: true." }),
  proxmox_keep_root: f.flag().meta({
    description:
      "Keep the provider that acts as root@pam though no guest needs it: for the deploy that destroys the last one that did. Default: false.",
  }),
  proxmox_ssh_user: f.userName().meta({ description: "User for SSH to the nodes. Default: root." }),
  proxmox_networks: networks,
  proxmox_templates: templates,
  proxmox_acme: acme,
  proxmox_metrics: metrics,
  proxmox_firewall: firewall,
  proxmox_storages: storages,
  proxmox_backup_jobs: backupJobs,
  terraform_backend: backend,
  group_subsets: z
    .record(f.plainName(), f.plainName())
    .meta({ description: "Groups whose members must also be members of another group: {subset: superset}." }),
};

/** The lab's own credentials: only ever encrypted, or by reference. The text that is refused is not shown. */
const credential = (what: string) =>
  z
    .unknown()
    .superRefine((value, context) => {
      if (typeof value === "object" && value !== null && "secret" in value) return;
      const message = "a credential must not stand in clear in the inventory";
      const fix = "encrypt it (lab secrets LAB --encrypt), or leave it out and give it as TF_VAR_… in the environment";
      context.addIssue({ code: "custom", message, params: { fix } });
    })
    .meta({
      type: "object",
      properties: { secret: { type: "string", description: "Name of the secret." } },
      required: ["secret"],
      description: `${what} Encrypted by ansible-vault; without it, TF_VAR_… in the environment.`,
    });

const credentials: Readonly<Record<Credential, ReturnType<typeof credential>>> = {
  proxmox_api_token: credential("API token of the lab."),
  proxmox_root_password: credential("Password of root@pam, where a guest needs it."),
  proxmox_ssh_private_key: credential("Private key (PEM) for SSH to the nodes."),
};

/** Variables that can differ from host to host. */
const perHost = {
  proxmox_default_node: f.plainName().meta({ description: "Node of guests that name none." }),
  proxmox_default_storage: f.storageName().meta({ description: "Storage of root disks that name none." }),
  proxmox_default_template: f.plainName().meta({ description: "OS template of containers that name none." }),
  proxmox_default_network: f
    .plainName()
    .meta({ description: "Network of cards that name neither network nor bridge." }),
  proxmox_default_mounts: z.array(mount).meta({ description: "Mounts that every container gets, beside its own." }),
  proxmox_template_storage: f
    .storageName()
    .meta({ description: "Storage that templates are downloaded to. Default: local." }),
  proxmox_image_storage: f
    .storageName()
    .meta({ description: "Storage with content import that disk images of VMs are fetched to. Default: local." }),
  lxc_cores: f.whole({ min: 1, max: 8192, unit: "cores" }).meta({ description: "CPU cores of the tier." }),
  lxc_memory: f.whole({ min: 16, unit: "MiB" }).meta({ description: "Memory of the tier in MiB." }),
  lxc_disk: f.whole({ min: 1, unit: "GiB" }).meta({ description: "Root disk of the tier in GiB." }),
  lxc_features: features.meta({ description: "LXC features that a group gives its members; a container's own win." }),
  github_accounts: z.record(f.userName(), z.array(f.githubAccount())).meta({
    description:
      "GitHub accounts by login name of base_users; lab keys sync LAB --write pins their SSH keys in base_users.",
  }),
  install_docker: f.flag().meta({ description: "False: a member of docker_hosts gets no Docker. Default: true." }),
  enable_gpu: f.flag().meta({ description: "False: a member of gpu_access gets no GPU. Default: true." }),
  proxmox_node: node,
  proxmox_guest_firewall: guestFirewall,
  proxmox_lxc: container,
  proxmox_vm: vm,
};

/** Every variable that the model itself reads; roles add their own (`provision/<role>/role.ts`). */
export const VARIABLES = { ...labWide, ...perHost, ...credentials };

export type VariableName = keyof typeof VARIABLES;
export type Variables = { readonly [Name in VariableName]?: z.output<(typeof VARIABLES)[Name]> };

export type LabWideName = keyof typeof labWide;
export const LAB_WIDE = Object.keys(labWide) as readonly LabWideName[];

/** Names with these beginnings are ours: one that is not known is a mistake. */
export const OWN_PREFIX = /^(proxmox|lxc|terraform)_/;
