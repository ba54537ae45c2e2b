/** What a change does to the running guest that it concerns. */
export type Effect =
  /** Terraform plans nothing for it. */
  | "nothing"
  /** Written down by Proxmox VE; the guest's processes notice nothing. */
  | "untouched"
  | "live"
  | "next start"
  | "reboot"
  | "stops"
  | "starts"
  /** A step runs again, and may leave the change for the next start. */
  | "step"
  | "step, next start"
  | "refused by the plan"
  | "refused by the step"
  | "refused by Proxmox VE"
  | "replaced"
  | "replaced on request";

/** One guest with one change. `$N` in a line is the row's number, so that addresses differ. */
export interface ChangeRow {
  /** Below `proxmox_lxc`, lists without numbers: `mounts.path`. */
  readonly key: string;
  readonly change: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly effect: Effect;
  /** Groups that the guest is in. */
  readonly groups?: readonly string[];
  /** What a refusal says. */
  readonly says?: RegExp;
}

type More = Partial<Pick<ChangeRow, "groups" | "says">>;

const row = (
  key: string,
  change: string,
  before: readonly string[],
  after: readonly string[],
  effect: Effect,
  more: More = {},
): ChangeRow => ({ key, change, before, after, effect, ...more });

/** A key that is written, changed and taken away. */
const scalar = (key: string, one: string, two: string, effects: readonly [Effect, Effect, Effect]): ChangeRow[] => {
  const line = (value: string) => [`${key}: ${value}`];
  return [
    row(key, "set", [], line(one), effects[0]),
    row(key, "changed", line(one), line(two), effects[1]),
    row(key, "removed", line(two), [], effects[2]),
  ];
};

const changed = (key: string, one: string, two: string, effect: Effect, more?: More): ChangeRow =>
  row(key, "changed", [`${key}: ${one}`], [`${key}: ${two}`], effect, more);

const nic = (fields: string): string[] => [`networks: [{ ip: 10.20.1.$N${fields === "" ? "" : `, ${fields}`} }]`];
const nics = (key: string, change: string, one: string, two: string, effect: Effect = "reboot"): ChangeRow =>
  row(`networks.${key}`, change, nic(one), nic(two), effect);

const mount = (fields: string): string[] => [
  `mounts: [{ path: /data, storage: local-lvm, size: 1${fields === "" ? "" : `, ${fields}`} }]`,
];
const mounts = (key: string, one: string, two: string): ChangeRow =>
  row(`mounts.${key}`, "changed", mount(one), mount(two), "step, next start");

const device = (fields: string): string[] => [`devices: [{ path: /dev/fuse${fields === "" ? "" : `, ${fields}`} }]`];
const devices = (key: string, one: string, two: string): ChangeRow =>
  row(`devices.${key}`, "changed", device(one), device(two), "step, next start");

const inside = (key: string, field: string, one: string, two: string, effect: Effect): ChangeRow =>
  row(`${key}.${field}`, "changed", [`${key}: { ${field}: ${one} }`], [`${key}: { ${field}: ${two} }`], effect);

/** With a device, root@pam manages the guest, who alone may change what the row is about. */
const AS_ROOT = "devices: [{ path: /dev/net/tun }]";
const asRoot = (flag: string, one: string, two: string): ChangeRow =>
  row(
    `features.${flag}`,
    "changed, on a guest that root@pam manages",
    [`features: { ${flag}: ${one} }`, AS_ROOT],
    [`features: { ${flag}: ${two} }`, AS_ROOT],
    "next start",
  );

const IDENTITY: readonly ChangeRow[] = [
  changed("vmid", "4$N", "5$N", "replaced"),
  ...scalar("hostname", "one", "two", ["reboot", "reboot", "reboot"]),
  changed("node", "pve1", "pve2", "refused by the plan", { says: /VMID 3\d+ \(\w+\) is on node pve1, not on pve2/ }),
  ...scalar("description", "one", "two", ["untouched", "untouched", "untouched"]),
  ...scalar("tags", "[one]", "[two, one]", ["untouched", "untouched", "untouched"]),
  row("tags", "in another order", ["tags: [one, two]"], ["tags: [two, one]"], "nothing"),
  ...scalar("pool", "one", "two", ["untouched", "untouched", "untouched"]),
  ...scalar("protection", "true", "false", ["untouched", "untouched", "nothing"]),
  row(
    "protection",
    "true, and a change that replaces the guest",
    ["protection: true"],
    ["protection: true", "unprivileged: false"],
    "refused by the plan",
    { says: /Instance cannot be destroyed/ },
  ),
  ...["cores", "memory", "disk"].map((key) =>
    row(`exceptions.${key}`, "set", [], [`exceptions: { ${key}: because }`], "nothing"),
  ),
  row("not_backed_up", "set", [], ["not_backed_up: because"], "nothing"),
  row("adopt", "set for a guest in the state", [], ["adopt: true"], "nothing"),
  ...scalar("rebuild", "one", "two", ["replaced on request", "replaced on request", "nothing"]),
];

const SIZE: readonly ChangeRow[] = [
  changed("cores", "1", "2", "live"),
  ...scalar("cpu_limit", "1", "0.5", ["live", "live", "live"]),
  ...scalar("cpu_units", "100", "200", ["live", "live", "nothing"]),
  changed("memory", "512", "1024", "reboot"),
  changed("swap", "0", "256", "reboot"),
  row("disk", "larger", ["disk: 4"], ["disk: 5"], "live"),
  row("disk", "smaller", ["disk: 4"], ["disk: 3"], "refused by the plan", {
    says: /A disk cannot be made smaller:[\s\S]*3 GiB is less than the 4 GiB that it has/,
  }),
  changed("storage", "local-lvm", "local", "replaced"),
];

const SYSTEM: readonly ChangeRow[] = [
  row("template", "another of the same system", ["template: debian"], ["template: newer"], "nothing"),
  row("template", "another system", ["template: debian"], ["template: ubuntu"], "nothing"),
  row("unprivileged", "changed", [], ["unprivileged: false", "features: { nesting: false }"], "replaced"),
  row("started", "true to false", [], ["started: false", "start_on_boot: true"], "stops"),
  row("started", "false to true", ["started: false", "start_on_boot: true"], [], "starts"),
  changed("start_on_boot", "true", "false", "untouched"),
  row("startup", "set", [], ["startup: { order: 1 }"], "untouched"),
  row("startup", "removed", ["startup: { order: 1 }"], [], "untouched"),
  inside("startup", "order", "1", "2", "untouched"),
  inside("startup", "up_delay", "1", "2", "untouched"),
  inside("startup", "down_delay", "1", "2", "untouched"),
  row("console", "set", [], ["console: { tty_count: 1 }"], "reboot"),
  row("console", "removed", ["console: { tty_count: 1 }"], [], "nothing"),
  inside("console", "enabled", "true", "false", "reboot"),
  inside("console", "tty_count", "1", "3", "reboot"),
  inside("console", "type", "console", "shell", "reboot"),
  ...scalar("environment", "{ A: one }", "{ A: two }", ["reboot", "reboot", "reboot"]),
  row("hook_script", "set", [], ["hook_script: local:snippets/one.pl"], "untouched"),
  changed("hook_script", "local:snippets/one.pl", "local:snippets/two.pl", "untouched"),
  row("hook_script", "removed", ["hook_script: local:snippets/one.pl"], [], "refused by Proxmox VE", {
    says: /changing the hookscript is only allowed for root@pam/,
  }),
  row(
    "hook_script",
    "removed, on a guest that root@pam manages",
    ["hook_script: local:snippets/one.pl", AS_ROOT],
    [AS_ROOT],
    "untouched",
  ),
];

const FEATURES: readonly ChangeRow[] = [
  row(
    "features.nesting",
    "changed",
    ["features: { nesting: true }"],
    ["features: { nesting: false }"],
    "refused by Proxmox VE",
    {
      says: /changing feature flags \(except nesting\) is only allowed for root@pam/,
    },
  ),
  asRoot("nesting", "true", "false"),
  asRoot("keyctl", "false", "true"),
  asRoot("keyctl", "true", "false"),
  asRoot("fuse", "false", "true"),
  asRoot("mknod", "false", "true"),
  asRoot("mount", "[]", "[nfs]"),
  asRoot("mount", "[nfs]", "[]"),
  row("features.keyctl", "set", [], ["features: { keyctl: true }"], "next start"),
  row("features.keyctl", "removed", ["features: { keyctl: true }"], [], "refused by Proxmox VE", {
    says: /changing feature flags \(except nesting\) is only allowed for root@pam/,
  }),
];

const NETWORK: readonly ChangeRow[] = [
  row(
    "networks",
    "a card more",
    nic(""),
    ["networks: [{ ip: 10.20.1.$N }, { network: other, ip: 10.30.1.$N }]"],
    "reboot",
  ),
  row(
    "networks",
    "a card less",
    ["networks: [{ ip: 10.20.1.$N }, { network: other, ip: 10.30.1.$N }]"],
    nic(""),
    "reboot",
  ),
  row("networks", "the last card removed", nic(""), [], "reboot"),
  nics("name", "changed", "name: eth0", "name: lan0"),
  row(
    "networks.network",
    "changed",
    ["networks: [{ network: lan, ip: 10.20.1.$N }]"],
    ["networks: [{ network: other, ip: 10.30.1.$N }]"],
    "reboot",
  ),
  row("networks.bridge", "changed", ["networks: [{ bridge: vmbr0 }]"], ["networks: [{ bridge: vmbr1 }]"], "reboot"),
  nics("vlan", "set", "", "vlan: 20"),
  nics("vlan", "removed", "vlan: 20", ""),
  row("networks.ip", "another address", nic(""), ["networks: [{ ip: 10.20.2.$N }]"], "reboot"),
  row("networks.ip", "address to dhcp", nic(""), ["networks: [{ ip: dhcp }]"], "reboot"),
  row("networks.ip", "dhcp to address", ["networks: [{ ip: dhcp }]"], nic(""), "reboot"),
  nics("gateway", "changed", "gateway: 10.20.0.1", "gateway: 10.20.0.254"),
  nics("ip6", "set", "", 'ip6: "fd00:20::$N"'),
  nics("ip6", "changed", "ip6: auto", "ip6: dhcp"),
  nics("ip6", "removed", 'ip6: "fd00:20::$N"', ""),
  nics(
    "gateway6",
    "changed",
    'ip6: "fd00:20::$N", gateway6: "fd00:20::1"',
    'ip6: "fd00:20::$N", gateway6: "fd00:20::2"',
  ),
  nics("mac", "set", "", "mac: BC:24:11:00:01:02"),
  nics("mac", "removed", "mac: BC:24:11:00:01:03", "", "nothing"),
  nics("mtu", "set", "", "mtu: 1400"),
  nics("mtu", "removed", "mtu: 1400", ""),
  nics("rate_limit", "set", "", "rate_limit: 10"),
  nics("rate_limit", "removed", "rate_limit: 10", ""),
  nics("firewall", "changed", "firewall: false", "firewall: true"),
  row("dns", "set", [], ["dns: { domain: a.example, servers: [10.20.0.1] }"], "reboot"),
  row("dns", "removed", ["dns: { domain: a.example, servers: [10.20.0.1] }"], [], "reboot"),
  inside("dns", "domain", "a.example", "b.example", "reboot"),
  inside("dns", "servers", "[10.20.0.1]", "[10.20.0.2, 10.20.0.1]", "reboot"),
];

const HARDWARE: readonly ChangeRow[] = [
  row("mounts", "a first volume", [], mount(""), "step"),
  row(
    "mounts",
    "one more",
    mount(""),
    ["mounts: [{ path: /data, storage: local-lvm, size: 1 }, { path: /more, storage: local-lvm, size: 1 }]"],
    "step",
  ),
  row("mounts", "the last one removed", mount(""), [], "step, next start"),
  row(
    "mounts.path",
    "changed",
    mount(""),
    ["mounts: [{ path: /other, storage: local-lvm, size: 1 }]"],
    "step, next start",
  ),
  row("mounts.source", "a bind mount set", [], ["mounts: [{ path: /data, source: /srv/a }]"], "step"),
  row(
    "mounts.source",
    "changed",
    ["mounts: [{ path: /data, source: /srv/a }]"],
    ["mounts: [{ path: /data, source: /srv/b }]"],
    "step, next start",
  ),
  row(
    "mounts.storage",
    "changed",
    mount(""),
    ["mounts: [{ path: /data, storage: local, size: 1 }]"],
    "refused by the step",
    {
      says: /nothing was changed/,
    },
  ),
  row("mounts.size", "larger", mount(""), ["mounts: [{ path: /data, storage: local-lvm, size: 2 }]"], "step"),
  row(
    "mounts.size",
    "smaller",
    ["mounts: [{ path: /data, storage: local-lvm, size: 2 }]"],
    mount(""),
    "refused by the step",
    {
      says: /nothing was changed/,
    },
  ),
  mounts("read_only", "read_only: false", "read_only: true"),
  mounts("backup", "backup: true", "backup: false"),
  row("mounts.not_backed_up", "set", mount("backup: false"), mount("backup: false, not_backed_up: because"), "nothing"),
  mounts("replicate", "replicate: true", "replicate: false"),
  mounts("shared", "shared: false", "shared: true"),
  mounts("acl", "acl: false", "acl: true"),
  mounts("quota", "quota: false", "quota: true"),
  mounts("options", "options: [noatime]", "options: [noatime, nodev]"),
  row("devices", "a first one", [], device(""), "step, next start"),
  row("devices", "the last one removed", device(""), [], "step, next start"),
  row("devices.path", "changed", device(""), ["devices: [{ path: /dev/kvm }]"], "step, next start"),
  devices("mode", 'mode: "0660"', 'mode: "0666"'),
  devices("uid", "uid: 0", "uid: 1000"),
  devices("gid", "gid: 0", "gid: 44"),
  devices("deny_write", "deny_write: false", "deny_write: true"),
  changed("gpus", "[gpu0]", "[gpu1]", "step, next start", { groups: ["gpu_access"] }),
];

/** Every key of `proxmox_lxc`, changed on a running guest. */
export const CHANGES: readonly ChangeRow[] = [...IDENTITY, ...SIZE, ...SYSTEM, ...FEATURES, ...NETWORK, ...HARDWARE];
