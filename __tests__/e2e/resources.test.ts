import { startTestbed } from "../../testbed/api/index";
import { removeLabFolders } from "../support/lab-folder";
import { type Row, record, table } from "./harness/document";
import { HclStack } from "./harness/hcl-stack";
import { describeOnTestbed, type Guests, LabRun, type LabText } from "./harness/lab-run";
import { differences } from "./harness/left";
import { type Life, live } from "./harness/life";

jest.setTimeout(180_000);

const CONTAINER = "proxmox_virtual_environment_container";

/** What a container may be like: its lines of `proxmox_lxc`, beside VMID and description. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  "no network": [],
  "static address": ["networks: [{ ip: 10.20.5.1 }]"],
  DHCP: ["networks: [{ ip: dhcp }]"],
  "IPv6, static": ['networks: [{ ip: 10.20.5.2, ip6: "fd00:20::52" }]'],
  "IPv6, SLAAC": ["networks: [{ ip6: auto }]"],
  "two cards, one in a VLAN": ["networks: [{ ip: 10.20.5.3 }, { network: other, ip: 10.30.5.3, vlan: 20 }]"],
  "MAC, MTU, rate limit, firewall": [
    "networks: [{ ip: 10.20.5.4, mac: BC:24:11:00:05:04, mtu: 1400, rate_limit: 10, firewall: true }]",
  ],
  DNS: ["dns: { domain: lab.example, servers: [10.20.0.1, 10.20.0.2] }"],
  "volume mounts": ["mounts: [{ path: /a, storage: local-lvm, size: 1 }, { path: /b, storage: local-lvm, size: 2 }]"],
  "bind mount (root)": ["mounts: [{ path: /data, source: /srv/data, read_only: true }]"],
  "features (root)": ["features: { keyctl: true, fuse: true, mknod: true, mount: [nfs, cifs] }"],
  "devices (root)": ['devices: [{ path: /dev/net/tun }, { path: /dev/fuse, mode: "0666", uid: 1000, gid: 44 }]'],
  "hook script (root)": ["hook_script: local:snippets/hook.pl"],
  privileged: ["unprivileged: false"],
  "CPU limit and units": ["cpu_limit: 0.5", "cpu_units: 200"],
  "start order": ["startup: { order: 1, up_delay: 2, down_delay: 3 }"],
  tags: ["tags: [one, two]"],
  "console, environment": ["console: { tty_count: 1, type: shell }", "environment: { A: one }"],
  "not started": ["started: false"],
  pool: ["pool: one"],
  "downloaded template": ["template: downloaded"],
};

/** What else a lab is made of, by the beginning of the address. */
const OTHERS: Readonly<Record<string, string>> = {
  "proxmox_download_file.": "the template of a lab",
  "proxmox_pool_membership.": "a guest's pool",
  "null_resource.": "a role",
  "terraform_data.vmid_guard": "the guard of VMIDs",
  "terraform_data.disk_guard": "the guard of disks",
  "terraform_data.vmids": "the lab's VMIDs",
  "terraform_data.rebuilds": "rebuilds that are asked for",
};

const hostOf = (index: number): string => `g${index}`;

/** The second version changes every guest's description, a pool and a role's setting, and asks for a rebuild. */
function lab(version: 1 | 2): LabText {
  const second = version === 2;
  const guests = Object.entries(CONTAINERS).map(([what, own], index) => {
    const lines = what === "pool" && second ? ["pool: two"] : own;
    return [hostOf(index), [`vmid: ${500 + index}`, ...lines, ...(second ? ["description: changed"] : [])]];
  });
  const rebuilt = ["vmid: 599", ...(second ? ['rebuild: "1"'] : [])];
  return {
    guests: { ...(Object.fromEntries(guests) as Guests), rebuilt },
    groups: { configured: [hostOf(1)] },
    files: { "group_vars/configured.yml": `base_timezone: ${second ? "Europe/Paris" : "Europe/Berlin"}\n` },
  };
}

const typeOf = (address: string): string => address.split(".")[0] ?? "";

/** What the destroy of a resource leaves as it is, by paths of the testbed's state: the provider only forgets it. */
const LEFT: Readonly<Record<string, RegExp>> = {
  proxmox_virtual_environment_cluster_firewall: /^firewalls\.cluster\.options\./,
  proxmox_virtual_environment_dns: /^nodes\.\w+\.dns\./,
  proxmox_virtual_environment_hosts: /^nodes\.\w+\.hosts$/,
  proxmox_virtual_environment_time: /^nodes\.\w+\.timezone$/,
  proxmox_apt_repository: /^nodes\.\w+\.repositories\./,
  proxmox_apt_standard_repository: /^nodes\.\w+\.repositories\./,
};

describeOnTestbed("every resource type", () => {
  const rows: Row[] = [];
  let seen = 0;
  const add = (lives: readonly Life[], what: (address: string) => string, left: readonly string[] = []): void => {
    seen += 1;
    for (const { address, apply, destroy, secondPlan, update } of lives) {
      const stays = left.some((path) => LEFT[typeOf(address)]?.test(path));
      rows.push([
        `\`${typeOf(address)}\``,
        what(address),
        apply,
        secondPlan,
        update,
        stays ? "left as it is" : destroy,
      ]);
    }
  };

  afterAll(() => removeLabFolders());

  it("that a lab is made of is applied, not planned again, updated and destroyed", async () => {
    const run = await LabRun.start({
      nodes: ["pve1", "pve2"].map((name) => ({ name, bridges: ["vmbr1"] })),
      volumes: ["local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "local:snippets/hook.pl"],
    });
    try {
      const { state } = run.testbed;
      for (const pool of ["one", "two"]) state.pools[pool] = { guests: [], storages: [] };
      const before = structuredClone(state);
      await run.write(lab(1));
      const lives = await live(run, () => run.write(lab(2)));
      expect(differences(before, state)).toEqual([]);
      const known = Object.keys(CONTAINERS);
      add(lives, (address) => {
        const index = /\.g(\d+)$/.exec(address)?.[1];
        if (typeOf(address) === CONTAINER)
          return index === undefined ? "rebuild asked for" : (known[Number(index)] ?? "");
        const role = typeOf(address) === "null_resource" ? ` (${address.replace(/.*_/, "")})` : "";
        return `${Object.entries(OTHERS).find(([start]) => address.startsWith(start))?.[1] ?? address}${role}`;
      });
      const replaced = lives.filter(({ update }) => update === "replaced").map(({ address }) => typeOf(address));
      expect(replaced.filter((type) => type === CONTAINER)).toHaveLength(1);
    } finally {
      await run.close();
    }
  });

  it("that it may hold one day likewise", async () => {
    const nodes = ["pve1", "pve2"].map((name, index) => ({
      ...{ name, address: `127.0.0.${index + 1}`, pciDevices: [{ id: "0000:01:00.0" }] },
    }));
    const testbed = await startTestbed({ nodes });
    const { state } = testbed;
    for (const { network } of Object.values(state.nodes)) network.eno3 = { type: "eth", method: "manual" };
    const stack = await HclStack.init(testbed);
    try {
      const before = structuredClone(state);
      const lives = await live(stack, async () => {
        stack.version = 2;
      });
      const left = differences(before, state);
      const expected = Object.values(LEFT);
      expect(left.filter((path) => !expected.some((pattern) => pattern.test(path)))).toEqual([]);
      const descriptions = HclStack.descriptions();
      add(lives, (address) => descriptions.get(address) ?? "", left);
    } finally {
      stack.remove();
      await testbed.close();
    }
  });

  it("stands in docs/testbed.md with what was seen of it", () => {
    // Half of it is not worth to be written down.
    expect(seen).toBe(2);
    const unique = [...new Map(rows.map((row) => [row.join("|"), row])).values()];
    const sorted = unique.toSorted(([one = ""], [two = ""]) => one.localeCompare(two, "en"));
    const head = ["Resource type", "With", "Apply", "Second plan", "Update", "Destroy"];
    record("docs/testbed.md", table(head, sorted));
  });
});

describeOnTestbed("a plan without changes", () => {
  it("costs at most three API calls for each further running guest", async () => {
    const run = await LabRun.start();
    try {
      const calls = async (count: number) => {
        const numbers = Array.from({ length: count }, (_, index) => index + 1);
        const lines = numbers.map((n) => [`g${n}`, [`vmid: ${600 + n}`, `networks: [{ ip: 10.20.6.${n} }]`]]);
        await run.write({ guests: Object.fromEntries(lines) as Guests });
        await run.deploy();
        run.testbed.resetCounters();
        expect((await run.plan()).changes).toEqual({});
        return run.testbed.requests.total;
      };
      const few = await calls(2);
      const many = await calls(12);
      expect((many - few) / 10).toBeLessThanOrEqual(3);
      expect(few).toBeLessThanOrEqual(2 * 3 + 15);
    } finally {
      await run.close();
      removeLabFolders();
    }
  });
});
