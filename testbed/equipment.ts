import type { Guest, Lab, Node, NodeStorage } from "../model/lab";
import { DEFAULT_TEMPLATE, type InitialOptions, type NodeOptions, type StorageOptions } from "./api/state/initial";

/** What a testbed has from the start so that a lab finds there what it describes and does not make. */
export interface Equipment extends Pick<InitialOptions, "storages" | "volumes"> {
  readonly nodes: readonly NodeOptions[];
  /** Folders on real nodes, by node: sources of bind mounts. */
  readonly folders: Readonly<Record<string, readonly string[]>>;
  /** Addresses with prefix length of real nodes on their bridges: routers that the lab takes for granted, by node and bridge. */
  readonly routers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The active nodes of a lab with their bridges and cards, its storages and templates. */
export function equipmentFor(lab: Lab): Equipment {
  const nodes = lab.nodes.filter(({ active }) => active);
  const made = new Set((lab.storages ?? []).map(({ name }) => name));
  const storages = nodes.flatMap((node) => node.storages).filter(({ name }) => name !== "local" && !made.has(name));
  return {
    nodes: nodes.map(nodeOf),
    storages: Object.fromEntries(storages.map((storage) => [storage.name, storageOf(storage, nodes)])),
    volumes: [...new Set([DEFAULT_TEMPLATE, ...lab.guests.flatMap(volumesOf)])],
    folders: Object.fromEntries(nodes.map(({ name }) => [name, foldersOn(lab, name)])),
    routers: Object.fromEntries(nodes.map((node) => [node.name, routersOn(lab, node)])),
  };
}

/**
 * The testbed itself plays the routers of `vmbr0`, and a guest that has the gateway's address is the router. What several nodes
 * have is left out: it would be several networks of one range.
 */
function routersOn(lab: Lab, node: Node): Record<string, string> {
  const made = madeBy(node);
  const taken = new Set(lab.guests.flatMap(({ nics }) => nics.map(({ address }) => address?.split("/")[0])));
  const elsewhere = new Set(lab.nodes.filter((each) => each !== node && each.active).flatMap(({ bridges }) => bridges));
  return Object.fromEntries(
    lab.networks.flatMap(({ bridge, cidr, gateway, vlan }) => {
      if (bridge === undefined || cidr === undefined || gateway === undefined || taken.has(gateway)) return [];
      const isOwn = node.bridges.includes(bridge) && !made.has(bridge) && !elsewhere.has(bridge) && vlan === undefined;
      return isOwn && bridge !== "vmbr0" ? [[bridge, `${gateway}/${cidr.split("/")[1]}`]] : [];
    }),
  );
}

const madeBy = ({ links }: Node): ReadonlySet<string> =>
  new Set(links.filter(({ write }) => write === "create").map(({ name }) => name));

function nodeOf(node: Node): NodeOptions {
  const { bridges, cores, gpus, memoryMiB, name } = node;
  const made = madeBy(node);
  const pciDevices = gpus.flatMap(({ deviceId = "", pciId }) => {
    const [vendor, device] = deviceId.split(":");
    const known = vendor && device ? { vendor: `0x${vendor}`, device: `0x${device}` } : {};
    return pciId === undefined ? [] : [{ id: fullPciId(pciId), ...known }];
  });
  return {
    name,
    pciDevices,
    bridges: bridges.filter((bridge) => !made.has(bridge)),
    ...(cores === undefined ? {} : { cores }),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
  };
}

/** `01:00` is the first function of that device in the first domain. */
function fullPciId(id: string): string {
  const inDomain = /^[0-9a-f]{4}:/i.test(id) ? id : `0000:${id}`;
  return inDomain.includes(".") ? inDomain : `${inDomain}.0`;
}

/** Where a storage of a type keeps its data; the testbed has the data nowhere. */
const PLACES: Readonly<Record<string, (name: string) => Readonly<Record<string, string>>>> = {
  dir: (name) => ({ path: `/mnt/${name}` }),
  btrfs: (name) => ({ path: `/mnt/${name}` }),
  lvm: (name) => ({ vgname: name }),
  lvmthin: (name) => ({ vgname: "pve", thinpool: name }),
  zfspool: (name) => ({ pool: name }),
  nfs: (name) => ({ server: "storage.test", export: `/${name}` }),
  cifs: (name) => ({ server: "storage.test", share: name }),
  pbs: (name) => ({ server: "storage.test", datastore: name, username: "backup@pbs" }),
};

function storageOf({ content, name, sizeGiB, type }: NodeStorage, nodes: readonly Node[]): StorageOptions {
  const on = nodes.filter(({ storages }) => storages.some((storage) => storage.name === name));
  return {
    type,
    content: content.join(","),
    ...PLACES[type]?.(name),
    ...(on.length === nodes.length ? {} : { nodes: on.map((node) => node.name).join(",") }),
    ...(sizeGiB === undefined ? {} : { sizeGiB }),
  };
}

function volumesOf(guest: Guest): string[] {
  const from = guest.kind === "container" ? guest.os : guest.image;
  return from?.kind === "volume" ? [from.volume] : [];
}

function foldersOn(lab: Lab, node: string): string[] {
  const mounts = lab.guests.flatMap((guest) => (guest.kind === "container" && guest.node === node ? guest.mounts : []));
  return [...new Set(mounts.flatMap((mount) => (mount.kind === "bind" ? [mount.source] : [])))];
}
