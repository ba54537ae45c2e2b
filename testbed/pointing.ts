import { stringify } from "yaml";
import { shellQuote } from "../constructs/settings-file";
import type { LoadResult } from "../model";
import { labNeeds } from "../model/credentials";
import { wideNeeds } from "../model/credentials/wide";
import type { Guest, Lab, Node, Step, VmGuest } from "../model/lab";
import type { RunInfo } from "./run-files";

/** A value to write into a file of a lab's inventory, in place of what is there. */
export interface Change {
  readonly file: string;
  /** Its keys: `["proxmox_node", "address"]` */
  readonly at: readonly string[];
  readonly value: string | number | boolean;
}

/** Nothing listens there: without a port of its own, SSH would reach this machine's sshd. */
export const DISCARD_PORT = 9;

/** What roles want from outside the guest or node that the testbed does not have. */
export const LACKING: Readonly<Record<string, string>> = {
  "compose-app": "images come from a registry, and the testbed reaches none",
  nvidia: "the testbed's node has no NVIDIA driver",
  "nvidia-host": "the testbed's node has no card, and the kernel is the machine's",
  "service-agents": "its images come from a registry, and the testbed reaches none",
};

/** What is to be changed in a lab so that it leads to a testbed. @throws Error when the testbed lacks a node of it */
export function changesFor({ name, vars }: LoadResult, lab: Lab, { nodes, url }: RunInfo): Change[] {
  const active = lab.nodes.filter((node) => node.active);
  const lacking = active.filter((node) => !nodes.some((each) => each.name === node.name));
  if (lacking.length > 0) {
    const names = lacking.map((node) => node.name).join(", ");
    throw new Error(`the testbed has no node ${names}; bring up one that has: npm run testbed -- up --for ${name}`);
  }
  const place = (host: string, key: string): string | undefined => vars.get(host)?.get(key)?.at.file;
  const shared = active.map((node) => place(node.name, "proxmox_api_host")).find((file) => file !== undefined) ?? "";
  const everywhere = (hosts: readonly string[], key: string, value: Change["value"]): Change[] => {
    const files = new Set(hosts.map((host) => place(host, key) ?? shared));
    return [...files].map((file) => ({ file, at: [key], value }));
  };
  const everyone = [...vars.keys()];
  const docker = lab.guests.filter((guest) => stepsOf(guest).some(isForeignDocker)).map((guest) => guest.name);
  const tuned = active.filter(({ steps }) => steps.some(({ settings }) => settings.node_profile === "virtualization"));
  return [
    ...everywhere(everyone, "proxmox_api_host", "127.0.0.1"),
    ...everywhere(everyone, "proxmox_api_port", Number(new URL(url).port)),
    ...everywhere(everyone, "proxmox_validate_certs", false),
    ...(lab.connection.sshUser === "root" ? [] : everywhere(everyone, "proxmox_ssh_user", "root")),
    ...(docker.length > 0 ? everywhere(docker, "docker_source", "distribution") : []),
    ...everywhere(
      tuned.map((node) => node.name),
      "node_profile",
      "none",
    ),
    ...(lab.firewall && lab.firewall.input !== "ACCEPT"
      ? [letIn(place(active[0]?.name ?? "", "proxmox_firewall") ?? shared)]
      : []),
    ...active.flatMap((node) => waysTo(node.name, vars, nodes)),
  ];
}

/** The lab's rules let people in to port 22 of its own addresses; the testbed filters nothing, and its sshd has another port. */
const letIn = (file: string): Change => ({ file, at: ["proxmox_firewall", "input"], value: "accept" });

function waysTo(name: string, vars: LoadResult["vars"], nodes: RunInfo["nodes"]): Change[] {
  const { address = "127.0.0.1", hostKey, sshPort = DISCARD_PORT } = nodes.find((node) => node.name === name) ?? {};
  const tree = vars.get(name)?.get("proxmox_node");
  const values = { address, ssh_port: sshPort, ...(hostKey === undefined ? {} : { ssh_host_key: hostKey }) };
  return Object.entries(values).map(([key, value]) => ({
    file: tree?.at.file ?? "",
    at: ["proxmox_node", key],
    value,
  }));
}

const isForeignDocker = ({ role, settings }: Step): boolean =>
  role === "docker" && settings.docker_source !== "distribution";

const stepsOf = (guest: Guest): Step[] => [
  ...guest.steps,
  ...guest.capabilities.flatMap(({ step }) => (step ? [step] : [])),
];

/** What to write into a copy of a lab, and what to export, as lines to copy. */
export function pointing(result: LoadResult, lab: Lab, run: RunInfo): string[] {
  const changes = changesFor(result, lab, run);
  const files = [...new Set(changes.map(({ file }) => file))];
  return [
    `# Write this into a copy of the lab ${lab.name}, each value in place of the one that is there.`,
    ...files.flatMap((file) => ["", `# ${file}`, yaml(changes.filter((change) => change.file === file)).trimEnd()]),
    ...(lab.backend.kind === "local"
      ? []
      : ["", "# The copy needs a state of its own:", "terraform_backend: { type: local }"]),
    "",
    "# These open the testbed and nothing else, so that they may be shown.",
    ...exports(lab, run),
    ...notes(lab, run).flatMap((note, index) => [...(index === 0 ? [""] : []), `# ${note}`]),
  ];
}

function yaml(changes: readonly Change[]): string {
  const tree: Record<string, Change["value"] | Record<string, Change["value"]>> = {};
  for (const {
    at: [key = "", inner],
    value,
  } of changes) {
    const there = tree[key];
    tree[key] = inner === undefined ? value : { ...(typeof there === "object" ? there : {}), [inner]: value };
  }
  return stringify(tree, { lineWidth: 0 });
}

function exports(lab: Lab, { credentials, nodes }: RunInfo): string[] {
  const set = (name: string, value: string): string => `export TF_VAR_${name}=${value}`;
  const key = nodes.find(({ privateKeyFile }) => privateKeyFile !== undefined)?.privateKeyFile;
  const given = new Set(["proxmox_api_token", "proxmox_root_password", "proxmox_ssh_private_key"]);
  const own = lab.secrets.filter(({ name, origin }) => origin === undefined && !given.has(name));
  return [
    set("proxmox_api_token", shellQuote(credentials.labToken)),
    ...(needsRoot(lab) ? [set("proxmox_root_password", shellQuote(credentials.rootPassword))] : []),
    set("proxmox_ssh_private_key", key === undefined ? "''" : `"$(cat ${shellQuote(key)})"`),
    ...own.map(({ name }) => `# and one that you make up, for ${settingsOf(lab, name)}: ${set(name, "…")}`),
  ];
}

/** The settings that a secret is the value of: a made-up one must look like what they expect. */
function settingsOf(lab: Lab, secret: string): string {
  const steps = [...lab.guests, ...lab.nodes].flatMap((host) => allSteps(host));
  const settings = steps.flatMap(({ secrets }) =>
    Object.entries(secrets).flatMap(([setting, name]) => (name === secret ? [setting] : [])),
  );
  return [...new Set(settings)].join(", ") || "the lab itself";
}

const needsRoot = (lab: Lab): boolean =>
  lab.connection.keepRoot === true ||
  [...labNeeds(lab), ...wideNeeds(lab)].some(({ credential }) => credential === "root");

/** What of a lab will not work on a testbed, in lines. */
function notes(lab: Lab, { backend }: RunInfo): string[] {
  const hosts = [...lab.guests, ...lab.nodes.filter(({ active }) => active)];
  if (backend === "inert") {
    const any = hosts.some((host) => allSteps(host).length > 0);
    return any ? ["Guests are inert and nodes have no shell: all steps of roles fail, those of Terraform do not."] : [];
  }
  const vms = lab.guests.filter((guest) => guest.kind === "vm" && stepsOf(guest).length > 0);
  const unreachable = lab.guests.filter((guest) => guest.kind === "vm" && hasPackedImage(guest));
  const cards = lab.nodes.filter(({ active, gpus }) => active && gpus.some(({ use }) => use === "vm"));
  const fail = (what: string, at: readonly { readonly name: string }[], reason: string): string[] =>
    at.length === 0 ? [] : [`Will fail: ${what} of ${at.map(({ name }) => name).join(", ")}: ${reason}.`];
  return [
    ...Object.entries(LACKING).flatMap(([role, reason]) =>
      fail(
        role,
        hosts.filter((host) => hasRole(host, role)),
        reason,
      ),
    ),
    ...fail("steps", vms, "VMs are state only"),
    ...fail("the image", unreachable, "it comes from the Internet, which the testbed does not reach"),
    ...fail("gpu-passthrough", cards, "the testbed's node has no card, and boots nothing"),
  ];
}

const hasRole = (host: Guest | Node, role: string): boolean => allSteps(host).some((step) => step.role === role);

const allSteps = (host: Guest | Node): readonly Step[] => ("capabilities" in host ? stepsOf(host) : host.steps);

/** Only packed ones are fetched by the node itself; the API makes others up. */
const hasPackedImage = ({ image }: VmGuest): boolean =>
  image?.kind === "download" && /\.(xz|gz|zst|bz2)$/.test(image.url);
