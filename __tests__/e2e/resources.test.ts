import { removeLabFolders } from "../support/lab-folder";
import { record, table } from "./harness/document";
import { describeOnTestbed, type Guests, LabRun } from "./harness/lab-run";

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

function guests(description: string): Guests {
  const lines = Object.values(CONTAINERS).map((own, index) => [
    `g${index}`,
    [`vmid: ${500 + index}`, ...own, ...(description === "" ? [] : [`description: ${description}`])],
  ]);
  return Object.fromEntries(lines) as Guests;
}

const OTHERS: Readonly<Record<string, string>> = {
  proxmox_download_file: "created with the guest that names it",
  proxmox_pool_membership: "created with the guest",
  null_resource: "a step runs again",
  terraform_data: "VMIDs",
};

describeOnTestbed("every resource type", () => {
  let run: LabRun;

  beforeAll(async () => {
    run = await LabRun.start({
      nodes: ["pve1", "pve2"].map((name) => ({ name, bridges: ["vmbr1"] })),
      volumes: ["local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "local:snippets/hook.pl"],
    });
    run.testbed.state.pools.one = { guests: [], storages: [] };
  });

  afterAll(async () => {
    await run?.close();
    removeLabFolders();
  });

  it("is applied, not planned again, updated in place and destroyed", async () => {
    const { state } = run.testbed;
    await run.write({ guests: guests(""), groups: { configured: ["g1"] } });
    const { changes: planned } = await run.plan();
    const types = new Set(Object.keys(planned).map((address) => address.split(".")[0] ?? ""));
    types.delete("data");
    expect([...types].sort()).toEqual([...Object.keys(OTHERS), CONTAINER].sort());
    await run.deploy();
    const applied = await run.plan();
    expect(applied.changes).toEqual({});
    const ids = Object.keys(state.guests);
    expect(ids).toHaveLength(Object.keys(CONTAINERS).length);

    await run.write({ guests: guests("changed"), groups: { configured: ["g1"] } });
    const { changes } = await run.plan();
    expect(new Set(Object.values(changes))).toEqual(new Set(["update"]));
    expect(Object.keys(changes)).toHaveLength(ids.length);
    await run.deploy();
    expect((await run.plan()).changes).toEqual({});
    expect(state.tasks.filter(({ type }) => type === "vzdestroy")).toEqual([]);

    const { ok, output } = await run.destroy();
    expect({ ok, output: ok ? "" : output }).toEqual({ ok: true, output: "" });
    expect(Object.keys(state.guests)).toEqual([]);
    expect(state.volumes.filter(({ content }) => content === "rootdir")).toEqual([]);

    const row = (type: string, what: string, address: string) => {
      const isUpdated = changes[address] === "update";
      return [`\`${type}\``, what, "yes", applied.changes[address] ?? "no change", isUpdated ? "in place" : "-", "yes"];
    };
    const rows = [
      ...Object.keys(CONTAINERS).map((what, index) => row(CONTAINER, what, `${CONTAINER}.g${index}`)),
      ...Object.entries(OTHERS).map(([type, what]) => row(type, what, "")),
    ];
    record(
      "docs/testbed-results.md",
      table(["Resource type", "With", "Apply", "Second plan", "Update", "Destroy"], rows),
    );
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
