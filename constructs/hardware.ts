import { Construct } from "constructs";
import { statedDevice, statedMount } from "./lxc-defaults";
import type { LxcDevice, LxcMount } from "./lxc-props";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { nodeStep, type Step } from "./step";

/** A guest's wanted lines of `/etc/pve/lxc/<vmid>.conf`, by key: `mp0`, `dev1`. A volume is written as `storage:GiB`, as `pct set` takes it. */
export type HardwareLines = { readonly [key: string]: string };

export interface HardwareProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** VMID → wanted lines. A guest without lines keeps none. */
  readonly guests: { readonly [vmid: string]: HardwareLines };
  /** Id of the one guest: with another one the step runs again. @default the node's name */
  readonly runsAgainWith?: string;
}

/**
 * Changes mounts and devices of guests that exist, on their node with `pct set`: the provider would destroy the guest for a
 * mount, and never removes a device. It is the role `hardware`, whose only setting `guests` is a map of VMID → key → line.
 */
export function hardwareStep(scope: Construct, id: string, { guests, ...around }: HardwareProps): Step {
  return nodeStep(scope, id, { ...around, role: "hardware", settings: { guests } });
}

export interface NodeHardwareProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** The VMIDs of guests of this node that are to have neither mounts nor devices; adopted ones left out. */
  readonly bareVmids: readonly number[];
}

/**
 * Takes mounts and devices away from guests whose last one was removed from the configuration.
 *
 * Such a guest has no step of its own any more that could do it, and the container ignores the difference;
 * one step for all guests of a node does, and runs when the set of such guests changes.
 */
export class NodeHardware extends Construct {
  readonly step: Step;

  constructor(scope: Construct, id: string, props: NodeHardwareProps) {
    super(scope, id);
    const { bareVmids, node, providers } = props;
    const guests = Object.fromEntries([...bareVmids].sort((a, b) => a - b).map((vmid) => [String(vmid), {}]));
    this.step = hardwareStep(this, "hardware", { providers, node, guests });
  }
}

/** The lines for a guest's mounts and devices. */
export function hardwareLines(mounts: readonly LxcMount[], devices: readonly LxcDevice[]): HardwareLines {
  const lines: Record<string, string> = {};
  for (const [index, mount] of mounts.entries()) lines[`mp${index}`] = mountLine(mount);
  for (const [index, device] of devices.entries()) lines[`dev${index}`] = deviceLine(device);
  return lines;
}

function mountLine(given: LxcMount): string {
  const mount = statedMount(given);
  return line(mount.kind === "bind" ? mount.source : `${mount.storage}:${mount.sizeGiB}`, {
    mp: mount.path,
    ro: mount.readOnly,
    backup: mount.kind === "bind" ? undefined : mount.backup,
    replicate: mount.replicate,
    shared: mount.shared,
    quota: mount.quota,
    acl: mount.acl,
    mountoptions: mount.options?.length ? mount.options.join(";") : undefined,
  });
}

function deviceLine(device: LxcDevice): string {
  const { denyWrite, gid, mode, path, uid } = statedDevice(device);
  return line(path, { mode, uid, gid, "deny-write": denyWrite });
}

function line(subject: string, options: { readonly [name: string]: string | number | boolean | undefined }): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [
    subject,
    ...given.map(([name, value]) => `${name}=${typeof value === "boolean" ? Number(value) : value}`),
  ].join(",");
}
