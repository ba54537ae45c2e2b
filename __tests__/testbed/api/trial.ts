/** One option, tried on Proxmox VE with three credentials. */
export interface Trial {
  readonly option: string;
  readonly call: string;
  readonly parameters?: Record<string, unknown>;
  /** What a privilege-separated token needs, by path. */
  readonly privileges?: Record<string, string>;
  /** What it is told whatever it holds. */
  readonly refusal?: string;
  /** What it is told holding nothing. */
  readonly without?: string;
  /** What root's own ticket is told. */
  readonly rootTicket?: string;
}

const NAMES: Readonly<Record<string, string>> = {
  ...{
    node: "pve1",
    vmid: "2178",
    newid: "2179",
    "backed-up vmid": "2178",
    snapname: "creds",
    pool: "credpool",
    poolid: "credpool",
  },
  ...{
    "template storage": "local",
    "source storage": "local",
    "target storage": "local",
    bridge: "vmbr0",
    zone: "credz",
    vnet: "credvn",
  },
  ...{
    group: "credgrp",
    groupid: "credgrp",
    realm: "credr",
    userid: "credu@pve",
    tokenid: "credt",
    roleid: "credrole",
    x: "x",
    z: "z",
  },
  ...{ iface: "credbr", rule: "credrule", name: "credn", pos: "0", sid: "vm:2178", volume: "local:iso/cred.iso" },
};

function nameFor(trial: Trial, name: string): string {
  const text = JSON.stringify(trial.parameters ?? {});
  const given = trial.parameters?.[name === "pool" ? "poolid" : name];
  const own = given === undefined ? undefined : fill(trial, String(given).replaceAll(`{${name}}`, ""));
  if (name === "storage") {
    const disk = /"(?:file=)?([\w-]+):\d/.exec(text)?.[1];
    return own ?? disk ?? /"\/storage\/([\w-]+)"/.exec(text)?.[1] ?? "local-btrfs";
  }
  if (name === "vlan") return "42";
  if (name === "source storage" && text.includes("local-btrfs:{")) return "local-btrfs";
  if (name === "target storage") return own ?? String(trial.parameters?.storage ?? "local");
  if (name === "id") return own ?? /(cred(?:pci|usb|dir))/.exec(text)?.[1] ?? idByCall(trial.call);
  const isNamed = /^(?:pool|poolid|zone|vnet|sid|volume)$/.test(name) && !trial.call.includes(`{${name}}`);
  return (isNamed ? own : undefined) ?? NAMES[name] ?? `{${name}}`;
}

const idByCall = (call: string): string =>
  call.includes("mapping")
    ? `cred${call.split("/")[3]}`
    : call.includes("replication")
      ? "2178-0"
      : call.includes("/qemu")
        ? "credpci"
        : "credid";

/** Puts the prepared host's names into a text of a trial. */
export const fill = (trial: Trial, text: string): string =>
  text.replace(/\{([^}]+)\}/g, (_, name: string) => nameFor(trial, name));
