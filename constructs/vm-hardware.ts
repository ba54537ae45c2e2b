import type { RootOnlyOption } from "./root-only";
import type { VmProps } from "./vm-props";

/** Drives for CDs, in order: with the machine type q35 there are no other IDE drives. */
export const CDROM_DRIVES = ["ide2", "ide0"] as const;

export const isQ35 = ({ machine }: Pick<VmProps, "machine">): boolean => machine?.includes("q35") ?? false;

/** Proxmox VE fixes the version of a Windows VM's machine type when it makes the VM. */
export const isWindows = ({ osType }: Pick<VmProps, "osType">): boolean => osType?.startsWith("w") ?? false;

/** A primary card hides the hypervisor (`x-vga`, in PVE::QemuServer::PCI); the provider has no flag for it. */
export const needsArguments = ({ hideHypervisor = false, pciDevices = [] }: VmProps): boolean =>
  hideHypervisor && !pciDevices.some(({ primary }) => primary);

/** What hides it without one. A second `-cpu` replaces Proxmox VE's, hence also the help that it gives Windows. */
export function cpuArguments(props: VmProps): string {
  const windows = isWindows(props) ? ",hv_vendor_id=proxmox,hv_relaxed,hv_spinlocks=0x1fff,hv_time,hv_vapic" : "";
  return `-cpu host,kvm=off${windows}`;
}

/** Which options of a VM need root@pam. The reasons are Proxmox VE 9.1's own refusals. */
export function rootOnlyVmOptions(props: VmProps): readonly RootOnlyOption[] {
  const refusal = (option: string) => `only root can set '${option}' config`;
  const { cpuAffinity, hugepages, keepHugepages = false } = props;
  const all: (RootOnlyOption | false)[] = [
    cpuAffinity !== undefined && {
      option: `cpuAffinity ${cpuAffinity}`,
      reason: refusal("affinity"),
      avoid: "let the node's scheduler place it; weigh it with cpuUnits",
    },
    hugepages !== undefined && {
      option: `hugepages ${hugepages}`,
      reason: refusal("hugepages"),
      avoid: "do without: the kernel merges pages by itself (transparent huge pages)",
    },
    keepHugepages && { option: "keepHugepages", reason: refusal("keephugepages"), avoid: "let the pages go" },
    needsArguments(props) && {
      option: "hideHypervisor",
      reason: refusal("args"),
      avoid: "make one of its cards the primary one, which hides the hypervisor by itself",
    },
  ];
  return all.filter((option) => option !== false);
}
