import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type LoadResult, loadLab } from "../../model";
import type { ContainerGuest } from "../../model/lab";
import { formatProblem, type Problem } from "../../model/problem";
import type { Role } from "../../provision/registry";

/** An inventory's files, by path in its folder. */
export interface LabFiles {
  readonly [file: string]: string;
}

/** A small lab without mistakes: a node, a network and the container `web`. Tests replace what they are about. */
export const SOUND: LabFiles = {
  "hosts.yml": `
all:
  children:
    proxmox_nodes: { hosts: { pve1: } }
    guests: { hosts: { web: } }
`,
  "group_vars/all.yml": `
proxmox_api_host: pve1.example.internal
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian-13
proxmox_default_network: lan
proxmox_networks:
  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1 }
`,
  "host_vars/pve1.yml": `
proxmox_node:
  address: 192.168.1.10
  cores: 16
  memory: 32768
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl, iso] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 500 }
`,
  "host_vars/web.yml": container("vmid: 301"),
};

/** A host_vars file of a container; `lines` are keys of proxmox_lxc. */
export function container(...lines: readonly string[]): string {
  const given = new Set(lines.map((line) => line.split(":")[0]));
  const defaults = ["cores: 2", "memory: 2048", "disk: 8", "networks: []"].filter(
    (line) => !given.has(line.split(":")[0] ?? ""),
  );
  return ["proxmox_lxc:", ...[...lines, ...defaults].map((line) => `  ${line}`), ""].join("\n");
}

/** A hosts file with the node, the groups given, and every host named in them. */
export function hosts(
  groups: Readonly<Record<string, readonly string[] | { readonly children: readonly string[] }>>,
): string {
  const lines = Object.entries({ proxmox_nodes: ["pve1"], ...groups }).flatMap(([name, members]) => {
    const [key, names] = Array.isArray(members)
      ? ["hosts", members]
      : ["children", (members as { children: string[] }).children];
    return [`    ${name}:`, `      ${key}:`, ...names.map((member: string) => `        ${member}:`)];
  });
  return ["all:", "  children:", ...lines, ""].join("\n");
}

const folders: string[] = [];

/** Writes the sound lab with `files` laid over it. Call `removeLabFolders` after the tests. @returns the project's folder */
export function labFolder(files: LabFiles = {}, name = "lab"): string {
  const cwd = mkdtempSync(join(tmpdir(), "lab-"));
  folders.push(cwd);
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory", name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return cwd;
}

/** The same, loaded. */
export function load(files: LabFiles = {}, roles?: readonly Role[], name = "lab"): LoadResult {
  const cwd = labFolder(files, name);
  return loadLab(name, roles ? { cwd, roles } : { cwd });
}

export function removeLabFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The problems of one rule, each as the line that a person sees. */
export function told(result: { readonly problems: readonly Problem[] }, rule: string): string[] {
  return result.problems.filter((problem) => problem.rule === rule).map((problem) => formatProblem(problem));
}

/** Files of a lab with resource tiers: each with its members. */
export function tiers(of: Readonly<Record<string, readonly string[]>>) {
  return {
    "hosts.yml": hosts({ ...of, resource_tiers: { children: Object.keys(of) } }),
    "group_vars/small.yml": "lxc_cores: 2\nlxc_memory: 2048\nlxc_disk: '8'\n",
    "group_vars/large.yml": "lxc_cores: 8\nlxc_memory: 16384\nlxc_disk: '8'\n",
  };
}

/** The sound lab's node with further lines. */
export const withNode = (lines: string): LabFiles => ({
  "host_vars/pve1.yml": `${SOUND["host_vars/pve1.yml"]}${lines}`,
});

/** The sound lab with other networks. */
export const withNetworks = (lines: string): LabFiles => ({
  "group_vars/all.yml": SOUND["group_vars/all.yml"]!.replace(/ {2}lan:.*\n/, lines),
});

/** The container `web` of the sound lab, with these keys of proxmox_lxc. */
export function webOf(
  lines: readonly string[] = [],
  files: LabFiles = {},
  roles: readonly Role[] = [],
): ContainerGuest {
  const result = load({ "host_vars/web.yml": container("vmid: 301", ...lines), ...files }, roles);
  const guest = result.lab?.guests.find(({ name }) => name === "web");
  if (guest?.kind !== "container") throw new Error(JSON.stringify(result.problems, undefined, 2));
  return guest;
}
