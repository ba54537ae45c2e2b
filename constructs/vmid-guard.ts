import {
  type ITerraformDependable,
  Lazy,
  type TerraformElement,
  type TerraformResource,
  type TerraformResourceLifecycle,
} from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { DataProxmoxFiles } from "../.gen/providers/proxmox/data-proxmox-files";
import { DataProxmoxVirtualEnvironmentContainers } from "../.gen/providers/proxmox/data-proxmox-virtual-environment-containers";
import { DataProxmoxVirtualEnvironmentVms } from "../.gen/providers/proxmox/data-proxmox-virtual-environment-vms";
import { pathOf } from "./construct-error";
import { encoded, TerraformData, TerraformFragment } from "./terraform-data";

export interface VmidGuardProps {
  /** The lab's name; its guests carry the tag `lab-<name>`. */
  readonly lab: string;
}

/** A guest as the guard knows it. */
export interface GuardedGuest {
  readonly construct: IConstruct;
  readonly kind: "container" | "vm";
  readonly vmid: number;
  readonly nodeName: string;
  /** Storage of a container's root file system. */
  readonly rootStorage?: string;
  /** Storages of a VM's disks; their sizes are then in `local.disk_volume_gib`, by volume id. */
  readonly diskStorages?: readonly string[];
  /** Static addresses without prefix. */
  readonly addresses: readonly string[];
  /** Taking a foreign guest over is what is wanted. */
  readonly adopt: boolean;
  readonly rebuild?: string;
}

/** What the guard asks of a guest's resource. */
export interface Guarded {
  readonly dependsOn: readonly ITerraformDependable[];
  readonly lifecycle: TerraformResourceLifecycle;
}

/** What every guest of a lab is tagged with: `lab-<name>`, in characters that Proxmox VE takes. */
export const labTag = (lab: string): string => `lab-${lab.toLowerCase().replace(/[^a-z0-9_.+-]/g, "-")}`;

/**
 * Keeps a stack's guests from harming others and themselves; one for all guests of a stack.
 *
 * The provider counts a VMID that is taken as created, starts the foreign guest and owns it. So every guest of a lab carries
 * the lab's tag, and waits for `terraform_data.vmid_guard`, whose preconditions ask the API who holds the VMIDs: on the first
 * plan, and whenever VMIDs change, at the start of the apply; else at every plan. That costs one listing of containers and
 * one of VMs per node (and one of volumes per storage), however many guests there are.
 * The token must see all guests: a guest that VM.Audit on /vms does not show cannot be found here.
 */
export class VmidGuard extends Construct {
  /** What every guest of the lab is tagged with. */
  readonly tag: string;
  readonly #gate: TerraformData;
  readonly #guests: GuardedGuest[] = [];
  readonly #vmids: TerraformData;
  readonly #volumes = new Map<string, DataProxmoxFiles>();
  readonly #disks = new Map<string, DataProxmoxFiles>();
  readonly #storages = new Map<string, TerraformResource>();

  constructor(scope: Construct, id: string, props: VmidGuardProps) {
    super(scope, id);
    this.tag = labTag(props.lab);
    this.#vmids = named(
      new TerraformData(this, "vmids", {
        input: Lazy.stringValue({
          produce: () =>
            this.#sorted()
              .map(({ vmid }) => vmid)
              .join(","),
        }),
      }),
      "vmids",
    );
    const after = [this.#vmids];
    named(new DataProxmoxVirtualEnvironmentContainers(this, "containers", { dependsOn: after }), "all");
    named(new DataProxmoxVirtualEnvironmentVms(this, "vms", { dependsOn: after }), "all");
    new TerraformFragment(this, "locals", () => ({ locals: this.#locals() }));
    this.#gate = named(
      new TerraformData(this, "vmid_guard", {
        input: "${terraform_data.vmids.output}",
        lifecycle: { precondition: PRECONDITIONS },
      }),
      "vmid_guard",
    );
    // A map, not an object: Terraform compares an entry of an object with itself and never sees a difference.
    named(new TerraformData(this, "rebuilds", { input: "${tomap(local.rebuilds)}" }), "rebuilds");
    this.node.addValidation({ validate: () => [...this.#clashes()] });
  }

  /**
   * Takes a guest under guard.
   * @returns what its resource must depend on, and what its `lifecycle` must hold.
   */
  addGuest(guest: GuardedGuest): Guarded {
    this.#guests.push(guest);
    const { diskStorages = [], nodeName, rebuild, rootStorage } = guest;
    if (rootStorage !== undefined) this.#watchRoots(nodeName, rootStorage);
    for (const each of diskStorages) this.#watch(this.#disks, "disks", nodeName, each);
    const lifecycle =
      rebuild === undefined
        ? {}
        : { replaceTriggeredBy: [`terraform_data.rebuilds.input[${JSON.stringify(nameOf(guest))}]`] };
    return { lifecycle, dependsOn: [this.#gate] };
  }

  /** A storage that the stack itself makes: before it is there it cannot be listed. Before the guests that use it. */
  addStorage(name: string, resource: TerraformResource): void {
    this.#storages.set(name, resource);
  }

  /** For all containers at once: a condition for each is a twentieth of the time of a plan. docs/decisions/0010-speed.md */
  #watchRoots(nodeName: string, storage: string): void {
    if (this.#volumes.size === 0) {
      named(new TerraformData(this, "disk_guard", { lifecycle: { precondition: [NO_SHRINK] } }), "disk_guard");
    }
    this.#watch(this.#volumes, "volumes", nodeName, storage);
  }

  /** Lists what is on a storage, once: root file systems of containers as `volumes`, disks of VMs as `disks`. */
  #watch(known: Map<string, DataProxmoxFiles>, what: "disks" | "volumes", nodeName: string, datastoreId: string): void {
    const key = `${nodeName}\n${datastoreId}`;
    if (known.has(key)) return;
    const name = `${what}_${nodeName}_${datastoreId}`.replace(/[^A-Za-z0-9_-]/g, "_");
    const id = this.node.tryFindChild(name) === undefined ? name : `${name}_${known.size + 1}`;
    const made = this.#storages.get(datastoreId);
    const files = new DataProxmoxFiles(this, id, {
      nodeName,
      datastoreId,
      contentType: what === "disks" ? "images" : "rootdir",
      dependsOn: [this.#gate, ...(made ? [made] : [])],
    });
    known.set(key, named(files, id));
  }

  #sorted(): readonly GuardedGuest[] {
    return [...this.#guests].sort((a, b) => a.vmid - b.vmid);
  }

  #rebuilds(): Record<string, string> {
    const wanted = this.#sorted().filter(({ rebuild }) => rebuild !== undefined);
    // Never empty: a guest is rebuilt when its entry appears here, and a resource that is only just created counts as no change.
    return { "": "guest = value", ...Object.fromEntries(wanted.map((guest) => [nameOf(guest), guest.rebuild ?? ""])) };
  }

  #locals(): object {
    const guests = this.#sorted().map((guest) => [
      guest.vmid,
      { name: nameOf(guest), node: guest.nodeName, kind: guest.kind, adopt: guest.adopt },
    ]);
    return {
      lab_tag: this.tag,
      rebuilds: this.#rebuilds(),
      guests_by_vmid: encoded(Object.fromEntries(guests)),
      vmid_holders: HOLDERS,
      taken_vmids: TAKEN,
      misplaced_guests: MISPLACED,
      ...(this.#volumes.size > 0
        ? { root_volume_gib: sizesOf(this.#volumes), smaller_disks: smallerDisks(this.#sorted()) }
        : {}),
      ...(this.#disks.size > 0 ? { disk_volume_gib: sizesOf(this.#disks) } : {}),
    };
  }

  *#clashes(): Iterable<string> {
    yield* clashes(this.#guests, ({ vmid }) => [`VMID ${vmid}`]);
    yield* clashes(this.#guests, ({ addresses }) => addresses.map((address) => `address ${address}`));
  }
}

/** The guests of the host that hold a VMID of ours. */
const HOLDERS =
  "${[for g in concat(" +
  '[for g in data.proxmox_virtual_environment_containers.all.containers : merge(g, {kind = "container"})], ' +
  '[for g in data.proxmox_virtual_environment_vms.all.vms : merge(g, {kind = "vm"})]) : ' +
  "{guest = g, want = local.guests_by_vmid[g.vm_id], ours = try(contains(g.tags, local.lab_tag), false)} " +
  "if can(local.guests_by_vmid[g.vm_id])]}";
/** Ids of ours that somebody else's guest holds, or a guest of the other kind. */
const TAKEN =
  '${[for h in local.vmid_holders : "VMID ${h.guest.vm_id}, wanted for ${h.want.name}, is the ${h.guest.kind} \\"${h.guest.name}\\" on node ${h.guest.node_name}" ' +
  "if h.guest.kind != h.want.kind || !(h.ours || h.want.adopt)]}";
/** Guests of ours that are on another node than the configuration says: Terraform would destroy them there. */
const MISPLACED =
  '${[for h in local.vmid_holders : "VMID ${h.guest.vm_id} (${h.want.name}) is on node ${h.guest.node_name}, not on ${h.want.node}" ' +
  "if h.ours && h.guest.kind == h.want.kind && h.guest.node_name != h.want.node]}";

const PRECONDITIONS = [
  {
    condition: "${length(local.taken_vmids) == 0}",
    errorMessage:
      'Not created, because these VMIDs belong to guests that are not of this lab:\n  ${join("\\n  ", local.taken_vmids)}\n' +
      "Give our guest a free VMID, or, if the existing one is to be managed from here, set `adopt: true` for it.",
  },
  {
    condition: "${length(local.misplaced_guests) == 0}",
    errorMessage:
      'Terraform would destroy these guests and create empty ones on another node:\n  ${join("\\n  ", local.misplaced_guests)}\n' +
      "Migrate each first (pct migrate VMID NODE --restart, qm migrate VMID NODE --online), or correct `node` in the inventory.",
  },
];

/** The provider calls a smaller disk an update in place, which then fails half-way through the apply. */
const NO_SHRINK = {
  condition: "${length(local.smaller_disks) == 0}",
  errorMessage:
    'A disk cannot be made smaller:\n  ${join("\\n  ", local.smaller_disks)}\n' +
    "Write at least the size that it has, or set `rebuild` to make the guest anew.",
};

/**
 * Containers whose root disk has less than its volume. A container that is made in the same plan has no volume yet; one that is
 * made anew has a volume of the same name, and is therefore left out where that was ever asked for.
 */
function smallerDisks(guests: readonly GuardedGuest[]): string {
  const containers = guests
    .filter(({ rebuild, rootStorage }) => rootStorage !== undefined && rebuild === undefined)
    .map(resourceOf);
  return (
    `\${[for g in [${containers.join(", ")}] : "\${local.guests_by_vmid[g.vm_id].name} (VMID \${g.vm_id}): ` +
    '${g.disk[0].size} GiB is less than the ${local.root_volume_gib[g.disk[0].path_in_datastore]} GiB that it has" ' +
    "if try(local.root_volume_gib[g.disk[0].path_in_datastore], 0) > g.disk[0].size]}"
  );
}

/** Gives an element a fixed name in Terraform addresses, whatever it is nested in. */
function named<Element extends TerraformElement>(element: Element, name: string): Element {
  element.overrideLogicalId(name);
  return element;
}

/** Volume id → whole GiB. */
function sizesOf(listings: ReadonlyMap<string, DataProxmoxFiles>): string {
  const sizes = [...listings.values()].map(
    (files) => `{for f in ${addressOf(files)}.files : f.id => floor(f.file_size / 1073741824)}`,
  );
  return `\${merge(${["{}", ...sizes].join(", ")})}`;
}

function addressOf(files: DataProxmoxFiles): string {
  return `data.proxmox_files.${files.friendlyUniqueId}`;
}

/** Where a guest's resource is in Terraform. */
function resourceOf({ construct }: GuardedGuest): string {
  const resource = construct.node.defaultChild as TerraformResource;
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}

function nameOf({ construct }: GuardedGuest): string {
  return pathOf(construct).split("/").slice(1).join("/");
}

function* clashes(
  guests: readonly GuardedGuest[],
  keysOf: (guest: GuardedGuest) => readonly string[],
): Iterable<string> {
  const holders = new Map<string, GuardedGuest[]>();
  for (const guest of guests)
    for (const key of keysOf(guest)) {
      const same = holders.get(key);
      if (same) same.push(guest);
      else holders.set(key, [guest]);
    }
  for (const [key, same] of holders)
    if (same.length > 1)
      yield `${key}: expected one guest, got ${same.map(({ construct }) => pathOf(construct)).join(" and ")}; give each its own`;
}
