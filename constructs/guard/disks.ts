import type { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { DataProxmoxFiles } from "../../.gen/providers/proxmox/data-proxmox-files";
import { giveAddress } from "../address";
import { TerraformData } from "../terraform-data";
import { type GuardedGuest, guestAddress } from "./guarded-guest";

type Listings = Map<string, DataProxmoxFiles>;

/** Keeps disks from being made smaller: lists what is on each storage that guests use, once. */
export class DiskGuard {
  readonly #scope: Construct;
  readonly #gate: TerraformData;
  readonly #volumes: Listings = new Map();
  readonly #disks: Listings = new Map();
  readonly #storages = new Map<string, TerraformResource>();

  /** @param gate what must hold before anything is listed */
  constructor(scope: Construct, gate: TerraformData) {
    this.#scope = scope;
    this.#gate = gate;
  }

  addGuest({ diskStorages = [], nodeName, rootStorage }: GuardedGuest): void {
    if (rootStorage !== undefined) this.#watchRoots(nodeName, rootStorage);
    for (const each of diskStorages) this.#watch(this.#disks, "disks", nodeName, each);
  }

  /** A storage that the stack itself makes: before it is there it cannot be listed. Before the guests that use it. */
  addStorage(name: string, resource: TerraformResource): void {
    this.#storages.set(name, resource);
  }

  locals(guests: readonly GuardedGuest[]): object {
    return {
      ...(this.#volumes.size > 0
        ? { root_volume_gib: sizesOf(this.#volumes), smaller_disks: smallerDisks(guests) }
        : {}),
      ...(this.#disks.size > 0 ? { disk_volume_gib: sizesOf(this.#disks) } : {}),
    };
  }

  /** For all containers at once: a condition for each is a twentieth of the time of a plan. docs/decisions/0010-speed.md */
  #watchRoots(nodeName: string, storage: string): void {
    if (this.#volumes.size === 0) {
      const guard = new TerraformData(this.#scope, "disk_guard", { lifecycle: { precondition: [NO_SHRINK] } });
      giveAddress(guard, "disk_guard");
    }
    this.#watch(this.#volumes, "volumes", nodeName, storage);
  }

  /** Root file systems of containers as `volumes`, disks of VMs as `disks`. */
  #watch(known: Listings, what: "disks" | "volumes", nodeName: string, datastoreId: string): void {
    const key = `${nodeName}\n${datastoreId}`;
    if (known.has(key)) return;
    const name = `${what}_${nodeName}_${datastoreId}`.replace(/[^A-Za-z0-9_-]/g, "_");
    const id = this.#scope.node.tryFindChild(name) === undefined ? name : `${name}_${known.size + 1}`;
    const made = this.#storages.get(datastoreId);
    const files = new DataProxmoxFiles(this.#scope, id, {
      nodeName,
      datastoreId,
      contentType: what === "disks" ? "images" : "rootdir",
      dependsOn: [this.#gate, ...(made ? [made] : [])],
    });
    known.set(key, giveAddress(files, id));
  }
}

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
    .map(guestAddress);
  return (
    `\${[for g in [${containers.join(", ")}] : "\${local.guests_by_vmid[g.vm_id].name} (VMID \${g.vm_id}): ` +
    '${g.disk[0].size} GiB is less than the ${local.root_volume_gib[g.disk[0].path_in_datastore]} GiB that it has" ' +
    "if try(local.root_volume_gib[g.disk[0].path_in_datastore], 0) > g.disk[0].size]}"
  );
}

/** Volume id → whole GiB. */
function sizesOf(listings: Listings): string {
  const sizes = [...listings.values()].map(
    ({ friendlyUniqueId }) =>
      `{for f in data.proxmox_files.${friendlyUniqueId}.files : f.id => floor(f.file_size / 1073741824)}`,
  );
  return `\${merge(${["{}", ...sizes].join(", ")})}`;
}
