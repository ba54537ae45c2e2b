import { compact } from "../constructs/compact";
import type { VmNic, VmProps } from "../constructs/vm-props";
import type { Nic, VmGuest } from "../model/lab";
import { literals } from "./escape";
import { capability, type Plain, type SecretLookup, type Surroundings, step } from "./guest-props";

export type VmSurroundings = Omit<Surroundings, "template"> & Pick<VmProps, "image">;

/** A VM's props but for its CDs, every text in them escaped for Terraform. */
export function vmProps(guest: VmGuest, around: VmSurroundings, secret: SecretLookup): VmProps {
  return compact<VmProps>({
    ...literals(plainProps(guest)),
    ...around,
    capabilities: guest.capabilities.map((each) => capability(each, secret)),
    steps: guest.steps.map((each) => step(each, secret)),
  });
}

function plainProps(guest: VmGuest): Plain<VmProps, VmSurroundings> {
  const { dns, startup } = guest;
  return {
    vmid: guest.vmid,
    hostname: guest.hostname,
    cores: guest.cores,
    memoryMiB: guest.memoryMiB,
    disks: guest.disks,
    ...hardware(guest),
    nics: guest.nics.map(nic),
    dnsDomain: dns?.domain,
    dnsServers: dns?.servers,
    cloudInit: guest.cloudInit,
    login: guest.login,
    description: guest.description ?? "",
    tags: guest.tags,
    pool: guest.pool,
    protection: guest.protection,
    started: guest.started,
    startOnBoot: guest.startOnBoot,
    startupOrder: startup && (startup.order ?? 0),
    startupUpDelaySeconds: startup?.upDelaySeconds,
    startupDownDelaySeconds: startup?.downDelaySeconds,
    adopt: guest.adopt,
    rebuild: guest.rebuild,
    rebootAfterUpdate: guest.rebootAfterUpdate,
  };
}

function hardware(guest: VmGuest): Partial<Plain<VmProps, VmSurroundings>> {
  const { cards, cpu, hugepages, usb } = guest;
  return {
    bios: guest.bios,
    secureBoot: guest.secureBoot,
    tpm: guest.tpm,
    machine: guest.machine,
    osType: guest.osType,
    cpuType: cpu.type,
    cpuSockets: cpu.sockets,
    cpuNuma: cpu.numa,
    cpuAffinity: cpu.affinity,
    cpuFlags: cpu.flags,
    cpuLimit: cpu.limit,
    cpuUnits: cpu.units,
    hideHypervisor: cpu.hidden,
    balloonMiB: guest.balloonMiB,
    hugepages: hugepages?.size,
    keepHugepages: hugepages?.keep,
    agent: guest.agent,
    bootOrder: guest.bootOrder,
    usb: usb.map(({ name, usb3 }) => ({ mapping: name, usb3 })),
    pciDevices: cards.map(({ name, primary, romBar }) => ({ mapping: name, primary, romBar })),
    vga: guest.vga,
    scsiHardware: guest.scsiHardware,
  };
}

function nic({ name: _, network: __, ...given }: Nic): VmNic {
  return given;
}
