import { show } from "./scalar";

/** What to write for keys whose shape is often taken for a simpler one; `{}` stands for the value that was found. */
const EXAMPLES: Readonly<Record<string, string>> = {
  startup: "startup: { order: {} }",
  dns: "dns: { servers: [{}] }",
  features: "features: { nesting: true }",
  lxc_features: "lxc_features: { nesting: true }",
  console: "console: { type: tty }",
  exceptions: 'exceptions: { memory: "the reason" }',
  environment: "environment: { NAME: value }",
  networks: "networks: [{ ip: dhcp }]",
  "networks[]": "- ip: dhcp",
  devices: "devices: [{ path: /dev/dri/renderD128 }]",
  "devices[]": "- path: {}",
  mounts: "mounts: [{ path: /data, source: /tank/data }]",
  "mounts[]": "- { path: /data, source: /tank/data }",
  proxmox_default_mounts: "proxmox_default_mounts: [{ path: /data, source: /tank/data }]",
  storages: "storages: { local-lvm: { type: lvmthin, content: [rootdir, images] } }",
  gpus: "gpus: { p40: { vendor: nvidia } }",
  proxmox_networks: "proxmox_networks: { lan: { bridge: vmbr0, cidr: 192.168.1.0/24 } }",
  proxmox_lxc: "proxmox_lxc: { vmid: 301 }",
  proxmox_vm: "proxmox_vm: { vmid: 301 }",
};

/** An instruction for a list or mapping that was expected at `path`, where something else was `found`. */
export function exampleFor(expected: string, path: readonly PropertyKey[], found: unknown): string | undefined {
  const last = path.at(-1);
  const key = typeof last === "number" ? `${String(path.at(-2))}[]` : String(last);
  const isScalar = typeof found !== "object" && found !== undefined;
  if (expected === "array") {
    const own = Object.hasOwn(EXAMPLES, key) ? EXAMPLES[key] : undefined;
    // Where entries are mappings, one that was written alone only lacks its place in a list.
    if (own === undefined && isScalar) return `write ${key}: [${plain(found)}]`;
    return own === undefined ? 'write each entry on a line that begins with "- "' : `write for example ${own}`;
  }
  if (expected !== "object" && expected !== "record") return undefined;
  const own = Object.hasOwn(EXAMPLES, key) ? EXAMPLES[key] : undefined;
  if (own?.includes("{}") && !isScalar) return undefined;
  return own === undefined ? undefined : `write for example ${own.replace("{}", plain(found))}`;
}

/** As it can stand in a list in brackets. */
const plain = (found: unknown) =>
  typeof found !== "object" && /^[\w./-]+$/.test(String(found)) ? String(found) : show(found);
