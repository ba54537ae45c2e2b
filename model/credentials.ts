import { type Need, root, token, tokens } from "./credentials/need";
import { vmNeeds } from "./credentials/vm";
import type { ContainerGuest, Device, Guest, Lab } from "./lab";

export type { Need } from "./credentials/need";

/*
 * Which credential and privileges Proxmox VE 9.1 demands for an option: its own answers, tried call by call
 * (pve-manager 9.1.10, pve-container 6.1.10). It compares the caller's name with root@pam, so a token of root is not root.
 */

/** Everything one guest needs, in the order of an inventory's keys. */
export interface GuestNeeds {
  readonly guest: string;
  readonly vmid: number;
  /** The provider that manages the guest: one root-only option takes the whole guest to root. */
  readonly credential: "token" | "root";
  readonly needs: readonly Need[];
}

type Scalar = keyof typeof PLAIN;

/** Options that take one privilege on the guest. */
const PLAIN = {
  hostname: "VM.Config.Network",
  dns: "VM.Config.Network",
  cores: "VM.Config.CPU",
  cpu_limit: "VM.Config.CPU",
  cpu_units: "VM.Config.CPU",
  memory: "VM.Config.Memory",
  swap: "VM.Config.Memory",
  description: "VM.Config.Options",
  start_on_boot: "VM.Config.Options",
  startup: "VM.Config.Options",
  protection: "VM.Config.Options",
  tags: "VM.Config.Options",
  console: "VM.Config.Options",
  environment: "VM.Config.Options",
  started: "VM.PowerMgmt",
} as const;

const ROOT = {
  devices: "configuring device passthrough is only allowed for root@pam",
  bind: "mount point type bind is only allowed for root@pam",
  hookScript: "changing the hookscript is only allowed for root@pam",
  feature: "changing feature flags (except nesting) is only allowed for root@pam",
  privileged: "changing feature flags for privileged container is only allowed for root@pam",
} as const;

const FEATURES = ["nesting", "keyctl", "fuse", "mknod", "mount"] as const;

/** The needs of every guest of a lab. */
export const labNeeds = (lab: Lab): readonly GuestNeeds[] => lab.guests.map(guestNeeds);

export function guestNeeds(guest: Guest): GuestNeeds {
  const own = guest.kind === "container" ? containerNeeds(guest) : vmNeeds(guest);
  const needs = [...commonNeeds(guest), ...own];
  const credential = needs.some((need) => need.credential === "root") ? "root" : "token";
  return { guest: guest.name, vmid: guest.vmid, credential, needs };
}

/** The needs of one key (`memory`, `features.keyctl`): those it names itself, or of the option it belongs to. */
export function needsOf(needs: readonly Need[], key: string): readonly Need[] {
  const exact = needs.filter(({ option }) => option === key);
  if (exact.length > 0) return exact;
  const [first = ""] = key.split(".");
  return needs.filter(
    ({ option }) => option === first || option.startsWith(`${first}.`) || option.startsWith(`${first} `),
  );
}

function commonNeeds(guest: Guest): Need[] {
  const vm = `/vms/${guest.vmid}`;
  const plain = (option: Scalar, isUsed = true) =>
    isUsed ? [token(option, `sets ${option}`, [vm, PLAIN[option]])] : [];
  return [
    token("vmid", "creates, reads and removes the guest", [vm, "VM.Allocate"], [vm, "VM.Audit"]),
    guest.kind === "vm"
      ? token("hostname", "sets the name", [vm, "VM.Config.Options"])
      : token("hostname", "sets hostname", [vm, PLAIN.hostname]),
    ...plain("cores"),
    ...plain("memory"),
    token(
      "disk",
      "creates and grows the root disk",
      [vm, "VM.Config.Disk"],
      [vm, "VM.Config.Options"],
      [`/storage/${guest.storage}`, "Datastore.AllocateSpace"],
    ),
    ...guest.nics.map(({ name, bridge, vlan }) =>
      token(
        `networks ${name}`,
        `attaches ${name} to ${bridge}${vlan === undefined ? "" : `, VLAN ${vlan}`}`,
        [vm, "VM.Config.Network"],
        [`/sdn/zones/localnetwork/${bridge}${vlan === undefined ? "" : `/${vlan}`}`, "SDN.Use"],
      ),
    ),
    // Without cloud-init a VM sets up its own network.
    ...plain("dns", guest.dns !== undefined && (guest.kind === "container" || guest.cloudInit !== undefined)),
    ...plain("description", guest.description !== undefined),
    ...plain("start_on_boot"),
    ...plain("startup", guest.startup !== undefined && guest.kind === "container"),
    ...plain("protection"),
    token("tags", "sets tags: the lab's own is always among them", [vm, PLAIN.tags]),
    ...plain("started"),
    ...(guest.firewall ? [tokens("firewall", "sets its rules", [vm, "VM.Config.Network"], [vm, "VM.Audit"])] : []),
    ...(guest.pool === undefined
      ? []
      : [
          tokens(
            "pool",
            "joins the pool",
            [`/pool/${guest.pool}`, "Pool.Allocate"],
            [`/pool/${guest.pool}`, "Pool.Audit"],
            [vm, "VM.Allocate"],
          ),
        ]),
  ];
}

function containerNeeds(guest: ContainerGuest): Need[] {
  const vm = `/vms/${guest.vmid}`;
  const used: readonly (readonly [Scalar, boolean])[] = [
    ["cpu_limit", guest.cpuLimit !== undefined],
    ["cpu_units", guest.cpuUnits !== undefined],
    ["swap", true],
    ["console", guest.console !== undefined],
    ["environment", Object.keys(guest.environment).length > 0],
  ];
  return [
    ...used.filter(([, isUsed]) => isUsed).map(([option]) => token(option, `sets ${option}`, [vm, PLAIN[option]])),
    templateNeed(guest),
    ...(guest.unprivileged ? [] : [token("unprivileged", "creates a privileged container", ["/", "Sys.Modify"])]),
    ...featureNeeds(guest, vm),
    ...mountNeeds(guest, vm),
    ...devicesOf(guest).map(({ path }) =>
      root(
        `devices ${path}`,
        ROOT.devices,
        "do without the device, or use a VM: its PCI devices can be handed through by resource mappings",
      ),
    ),
    ...(guest.hookScript === undefined
      ? []
      : [root("hook_script", ROOT.hookScript, "do the work in a role inside the guest")]),
    // bpg/proxmox 0.111.1 writes every feature of a container that it imports, also those that are off.
    ...(guest.adopt ? [root("adopt", ROOT.feature, "delete adopt once the guest is in the state")] : []),
  ];
}

function templateNeed({ os, node }: ContainerGuest): Need {
  if (os.kind === "volume") {
    const storage = os.volume.split(":")[0] ?? "";
    return tokens("template", `reads ${os.volume}`, [`/storage/${storage}`, "Datastore.Audit"]);
  }
  return tokens(
    "template",
    `${node} downloads ${os.name} to ${os.storage}, and removes it at the end`,
    [`/storage/${os.storage}`, "Datastore.AllocateTemplate"],
    [`/storage/${os.storage}`, "Datastore.Audit"],
    [`/storage/${os.storage}`, "Datastore.Allocate"],
    [`/nodes/${node}`, "Sys.AccessNetwork"],
  );
}

function featureNeeds(guest: ContainerGuest, vm: string): Need[] {
  const features = [
    guest.features,
    ...guest.capabilities.flatMap((each) => (each.kind === "docker" ? [each.features] : [])),
  ];
  const wanted = FEATURES.filter((name) =>
    features.some((each) => (name === "mount" ? (each.mount?.length ?? 0) > 0 : each[name] === true)),
  );
  return wanted.map((name) => {
    const option = `features.${name}`;
    if (!guest.unprivileged)
      return root(option, ROOT.privileged, "make the container unprivileged, or do without the feature");
    if (name !== "nesting") return root(option, ROOT.feature, `do without ${name}`);
    return token(option, "sets nesting on an unprivileged container", [vm, "VM.Allocate"], [vm, "VM.Config.Options"]);
  });
}

function mountNeeds(guest: ContainerGuest, vm: string): Need[] {
  return guest.mounts.map((mount) =>
    mount.kind === "bind"
      ? root(`mounts ${mount.path}`, ROOT.bind, "use a volume of a storage")
      : token(
          `mounts ${mount.path}`,
          `creates a volume on ${mount.storage}`,
          [vm, "VM.Config.Disk"],
          [`/storage/${mount.storage}`, "Datastore.AllocateSpace"],
        ),
  );
}

function devicesOf(guest: ContainerGuest): readonly Device[] {
  const all = [...guest.devices, ...guest.capabilities.flatMap((each) => (each.kind === "gpu" ? each.devices : []))];
  return [...new Map(all.map((device) => [device.path, device])).values()];
}
