import { compact } from "../constructs/compact";
import type { VmNic, VmProps } from "../constructs/vm-props";
import type { Nic, VmGuest } from "../model/lab";
import { literal, literals } from "./escape";
import { capability, type SecretLookup, type Surroundings, step } from "./guest-props";

export type VmSurroundings = Omit<Surroundings, "template"> & Pick<VmProps, "image">;

type Maybe<Props> = { [Key in keyof Props]: Props[Key] | undefined };

/** A VM's props but for its discs, every text in them escaped for Terraform. */
export function vmProps(guest: VmGuest, around: VmSurroundings, secret: SecretLookup): VmProps {
  const { dns, login, startup } = guest;
  return compact<VmProps>({
    ...around,
    vmid: guest.vmid,
    hostname: guest.hostname,
    cores: guest.cores,
    memoryMiB: guest.memoryMiB,
    disks: literals(guest.disks),
    ...hardware(guest),
    nics: guest.nics.map(nic),
    dnsDomain: dns?.domain === undefined ? undefined : literal(dns.domain),
    dnsServers: dns?.servers,
    cloudInit: guest.cloudInit && literals(guest.cloudInit),
    capabilities: guest.capabilities.map((each) => capability(each, secret)),
    steps: guest.steps.map((each) => step(each, secret)),
    login: login && literals(login),
    description: literal(guest.description ?? ""),
    tags: guest.tags,
    pool: guest.pool === undefined ? undefined : literal(guest.pool),
    protection: guest.protection,
    started: guest.started,
    startOnBoot: guest.startOnBoot,
    startupOrder: startup && (startup.order ?? 0),
    startupUpDelaySeconds: startup?.upDelaySeconds,
    startupDownDelaySeconds: startup?.downDelaySeconds,
    adopt: guest.adopt,
    rebuild: guest.rebuild === undefined ? undefined : literal(guest.rebuild),
    rebootAfterUpdate: guest.rebootAfterUpdate,
  });
}

function hardware(guest: VmGuest): Partial<Maybe<VmProps>> {
  const { cards, cpu, hugepages, usb } = guest;
  return {
    bios: guest.bios,
    secureBoot: guest.secureBoot,
    tpm: guest.tpm,
    machine: guest.machine,
    osType: guest.osType,
    cpuType: literal(cpu.type),
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
    usb: usb.map(({ name, usb3 }) => ({ mapping: literal(name), usb3 })),
    cards: cards.map(({ name, primary, romBar }) => ({ mapping: literal(name), primary, romBar })),
    vga: guest.vga,
    scsiHardware: guest.scsiHardware,
  };
}

function nic({ name: _, network: __, ...given }: Nic): VmNic {
  return { ...given, bridge: literal(given.bridge) };
}
