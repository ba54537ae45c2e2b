import type { TerraformResourceLifecycle } from "cdktf";
import { isQ35, isWindows } from "./vm-hardware";
import type { VmProps } from "./vm-props";

interface Condition {
  readonly condition: string;
  readonly errorMessage: string;
}

/**
 * Differences that Terraform must not act on once the VM exists.
 *
 * Some are ignored and yet not let pass: `conditions` compares what is there with what is wanted, so that the plan fails where
 * the provider would call an update what then fails, or what is repeated at every plan.
 */
export function ignored(props: VmProps): string[] {
  const { bios, cdroms = [], cloudInit, image, tpm } = props;
  const hasEfiDisk = bios === "ovmf";
  const all: (string | false)[] = [
    image !== undefined && "disk[0].import_from",
    "disk[0].interface",
    "bios",
    hasEfiDisk && "efi_disk[0].type",
    hasEfiDisk && "efi_disk[0].pre_enrolled_keys",
    hasEfiDisk && "efi_disk[0].file_format",
    tpm === true && "tpm_state[0].version",
    isWindows(props) && "machine",
    // Without the block the provider would attach the node's own drive; the step `vm-discs` changes CDs.
    (cdroms.length > 0 || cloudInit === undefined) && "cdrom",
    // Read once: keys of a guest that exists belong to the role `base`.
    cloudInit !== undefined && "initialization[0].user_account",
    cloudInit !== undefined && "initialization[0].upgrade",
  ];
  return all.filter((each) => each !== false);
}

/** What makes the plan fail, with the reason. */
export function conditions(props: VmProps): Condition[] {
  const { bios = "seabios", disks, secureBoot = false } = props;
  const rebuild = "or set `rebuild` to make the VM anew, without its data";
  const all: (Condition | false)[] = [
    {
      condition: `\${self.disk[0].interface == "${disks[0].interface}"}`,
      errorMessage:
        `VMID \${self.vm_id}: the root disk is at \${self.disk[0].interface}, and Proxmox VE cannot attach it at ${disks[0].interface} instead. ` +
        `Write \${self.disk[0].interface}, ${rebuild}.`,
    },
    {
      condition: `\${self.bios == "${bios}"}`,
      errorMessage:
        `VMID \${self.vm_id}: the system was installed with \${self.bios}, and would not start with ${bios}. ` +
        `Write bios: \${self.bios}, ${rebuild}.`,
    },
    bios === "ovmf" && {
      condition: `\${try(self.efi_disk[0].pre_enrolled_keys, ${secureBoot}) == ${secureBoot}}`,
      errorMessage:
        `VMID \${self.vm_id}: Microsoft's keys are put into the EFI disk, or left out, when it is made. ` +
        `Write what it has (secure boot: \${self.efi_disk[0].pre_enrolled_keys}), ${rebuild}.`,
    },
    isWindows(props) &&
      props.machine !== undefined && {
        condition: `\${strcontains(self.machine, "q35") == ${isQ35(props)}}`,
        errorMessage:
          "VMID ${self.vm_id}: Windows was installed on the machine type ${self.machine}, and may not start on another. " +
          `Write that one, ${rebuild}.`,
      },
    ...disks.map((_, index) => noShrink(index)),
  ];
  return all.filter((each) => each !== false);
}

/** The provider calls a smaller disk an update in place, which then fails half-way through the apply. */
function noShrink(index: number): Condition {
  const disk = `self.disk[${index}]`;
  const volume = `\${${disk}.datastore_id}:\${${disk}.path_in_datastore}`;
  return {
    condition: `\${try(local.disk_volume_gib["${volume}"], 0) <= ${disk}.size}`,
    errorMessage:
      `VMID \${self.vm_id}: the disk at \${${disk}.interface} cannot be made smaller than it is; \${${disk}.size} GiB is less than it has. ` +
      "Write its present size, or set `rebuild` to make the VM anew, without its data.",
  };
}

/** What the resource's `lifecycle` holds. */
export function vmLifecycle(props: VmProps, guarded: TerraformResourceLifecycle): TerraformResourceLifecycle {
  return {
    ...guarded,
    postcondition: conditions(props),
    ignoreChanges: ignored(props),
    ...(props.protection ? { preventDestroy: true } : {}),
  };
}
