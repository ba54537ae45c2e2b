import { z } from "zod";
import * as f from "./formats";
import { type OfTypes, refuse } from "./refine";

const network = z
  .strictObject({
    bridge: f
      .interfaceName()
      .optional()
      .meta({ description: "Bridge; without one no guest can attach and the range is only planned." }),
    vlan: f.vlan().optional().meta({ description: "VLAN tag, 1 to 4094." }),
    cidr: f.cidr4().optional().meta({ description: "IPv4 range, such as 192.168.1.0/24." }),
    gateway: f.ipv4().optional().meta({ description: "IPv4 gateway." }),
    cidr6: f.cidr6().optional().meta({ description: "IPv6 range." }),
    gateway6: f.ipv6().optional().meta({ description: "IPv6 gateway." }),
    router: f
      .plainName()
      .optional()
      .meta({ description: "The guest of this lab that is the gateway and holds its address." }),
    dns: z
      .strictObject({
        domain: f.dnsName().optional().meta({ description: "Search domain." }),
        servers: z.array(f.ip()).default([]).meta({ description: "Name servers." }),
      })
      .optional()
      .meta({ description: "Name resolution for guests of this network." }),
  })
  .meta({ description: "A network segment with its addresses." });

const OS_TYPES = [
  "alpine",
  "archlinux",
  "centos",
  "debian",
  "devuan",
  "fedora",
  "gentoo",
  "nixos",
  "opensuse",
  "ubuntu",
  "unmanaged",
] as const;

const template = z
  .strictObject({
    url: f.url().optional().meta({ description: "Where the template is downloaded from." }),
    checksum: f.checksum().optional().meta({ description: "Checksum of the file, in hexadecimal digits." }),
    checksum_algorithm: f
      .oneOf(["sha256", "sha512"])
      .optional()
      .meta({ description: "How the checksum was made. Default: by the checksum's length." }),
    file_name: f
      .templateFile()
      .optional()
      .meta({ description: "Its name on the storage. Default: the last part of the URL." }),
    volume: f
      .volume("vztmpl")
      .optional()
      .meta({ description: "A template that is on the node already (pveam download)." }),
    os_type: f.oneOf(OS_TYPES).meta({ description: "Proxmox VE's ostype." }),
  })
  .superRefine((value, context) => {
    const { url, checksum, volume, checksum_algorithm: algorithm } = value;
    if (url === undefined && volume === undefined) {
      refuse(
        context,
        ["os_type"],
        "expected url and checksum (to download), or volume (there already), got neither",
        "add one of them",
      );
    } else if (url !== undefined && volume !== undefined) {
      refuse(context, ["volume"], "expected either url or volume, got both", "delete one of them");
    } else if (url !== undefined && checksum === undefined) {
      refuse(
        context,
        ["url"],
        "a template to download needs its checksum",
        "add checksum: (Proxmox publishes it in aplinfo.dat)",
      );
    } else if (
      checksum !== undefined &&
      algorithm !== undefined &&
      checksum.length !== (algorithm === "sha256" ? 64 : 128)
    ) {
      refuse(
        context,
        ["checksum_algorithm"],
        `the checksum has ${checksum.length} digits, so it is not ${algorithm}`,
        "delete checksum_algorithm",
      );
    }
  })
  .meta({ description: "An OS template.", anyOf: [{ required: ["url", "checksum"] }, { required: ["volume"] }] });

const backendKeys = {
  local: ["path"],
  http: ["address", "lock_address", "unlock_address"],
  s3: ["bucket", "key", "region", "endpoint", "use_lockfile"],
  pg: ["schema_name"],
  gitlab: ["address", "project", "state_name"],
} as const;
const needed = {
  local: [],
  http: ["address"],
  s3: ["bucket", "region"],
  pg: [],
  gitlab: ["address", "project"],
} as const;

const anyBackend = z
  .strictObject({
    type: f.oneOf(["local", "http", "s3", "pg", "gitlab"]).meta({ description: "Kind of backend." }),
    path: f
      .relativePath()
      .optional()
      .meta({ description: "local: relative path of the state file. Default: terraform.<lab>.tfstate." }),
    address: f.url().optional().meta({ description: "http: URL of the state; gitlab: URL of the GitLab server." }),
    lock_address: f.url().optional().meta({ description: "http: URL that locks." }),
    unlock_address: f.url().optional().meta({ description: "http: URL that unlocks." }),
    bucket: f.line().optional().meta({ description: "s3: name of the bucket." }),
    key: f.line().optional().meta({ description: "s3: name of the object. Default: <lab>/terraform.tfstate." }),
    region: f.line().optional().meta({ description: "s3: region." }),
    endpoint: f.url().optional().meta({ description: "s3: URL of a server that is not Amazon's." }),
    use_lockfile: f.flag().optional().meta({ description: "s3: lock by an object beside the state. Default: true." }),
    schema_name: f.plainName().optional().meta({ description: "pg: schema. Default: the lab's name." }),
    project: f.line().optional().meta({ description: "gitlab: number or path of the project." }),
    state_name: f.plainName().optional().meta({ description: "gitlab: name of the state. Default: the lab's name." }),
  })
  .superRefine((value, context) => {
    const allowed: readonly string[] = backendKeys[value.type];
    for (const key of Object.keys(value)) {
      if (key === "type" || allowed.includes(key)) continue;
      const fix = `delete ${key}; it has: ${allowed.join(", ")}`;
      refuse(context, [key], `a ${value.type} backend has no ${key}`, fix);
    }
    for (const key of needed[value.type]) {
      if (value[key] === undefined) refuse(context, ["type"], `a ${value.type} backend needs ${key}`, `add ${key}:`);
    }
  })
  .meta({ description: "Where Terraform keeps the state. Credentials come only from the environment." });

export type BackendVars = OfTypes<
  z.output<typeof anyBackend>,
  { [Type in keyof typeof needed]: (typeof needed)[Type][number] }
>;
/** Its check makes sure of what the type says. */
export const backend = anyBackend as z.ZodType<BackendVars>;

export const networks = z.record(f.plainName(), network).meta({ description: "Networks by name." });
export const templates = z
  .record(f.plainName(), template)
  .meta({ description: "OS templates by name, beside the built-in ones." });

export type TemplateVars = z.output<typeof template>;
