import { allRoles } from "../../provision/registry";
import type { LabText } from "./harness/lab-run";
import { describeOnRealGuests } from "./harness/real-guests";

jest.setTimeout(300_000);

const CONTAINER = "proxmox_virtual_environment_container";
const [WEB, DATA] = [701, 702];

/** What the inventory says; a test changes one thing of it. */
interface Wanted {
  readonly greeting?: string;
  readonly memory?: number;
  readonly cores?: number;
  readonly mounts?: string;
  /** The script that makes /srv/made. */
  readonly script?: string;
}

const labText = ({ cores = 1, greeting = "hello", memory = 256, mounts = "", script }: Wanted): LabText => ({
  guests: {
    web: [],
    data: [`vmid: ${DATA}`, "memory: 256", "networks: [{ network: other, ip: 10.30.7.2 }]", `mounts: [${mounts}]`],
  },
  files: {
    "group_vars/guests.yml": "base_timezone: Europe/Berlin\nbase_security_upgrades: false\n",
    "host_vars/web.yml": [
      "proxmox_lxc:",
      `  { vmid: ${WEB}, cores: ${cores}, memory: ${memory}, disk: 4, swap: 0, networks: [{ ip: 10.20.7.1 }] }`,
      "files_present:",
      `  - { path: /srv/greeting, content: "${greeting}\\n" }`,
      "script_snippets:",
      `  - { name: make, creates: /srv/made, apply: "${script ?? "touch /srv/made"}" }`,
      "",
    ].join("\n"),
  },
});

const testbed = {
  id: "e2e",
  nodes: [{ name: "pve1", bridges: { vmbr1: "10.30.0.1/16" } }],
  options: { nodes: [{ name: "pve1", bridges: ["vmbr1"] }] },
};

describeOnRealGuests("a lab on real Debian guests", testbed, ({ guestTest, run }) => {
  const inside = (vmid: number, script: string): Promise<string> => run().shell.run(script, { vmid });
  /** Of the guest's init: another one after every restart. */
  const initOf = async (vmid: number) => (await run().shell.backend.status({ node: "pve1", vmid })).pid;
  const write = (wanted: Wanted) => run().write(labText(wanted), allRoles());

  guestTest("is deployed: guests run what was configured, and nothing is planned again", async () => {
    await write({});
    await run().deploy();
    const look = "hostname; . /etc/os-release; echo $ID; readlink /etc/localtime; systemctl is-system-running --wait";
    expect(await inside(WEB, look)).toBe("web\ndebian\n/usr/share/zoneinfo/Europe/Berlin\nrunning");
    expect(await inside(WEB, "cat /srv/greeting; ls /srv; ip -brief -4 address show eth0")).toMatch(
      /^hello\ngreeting\nmade\neth0.* 10\.20\.7\.1\/16/,
    );
    expect(await inside(DATA, "hostname; ip -brief -4 address show eth0")).toMatch(/^data\neth0.* 10\.30\.7\.2\/16/);
    expect(await run().shell.run("pct list | awk '{ print $1, $2 }'")).toBe("VMID Status\n701 running\n702 running");
    expect((await run().plan()).changes).toEqual({});
  });

  guestTest("runs only the step whose setting has changed", async () => {
    const before = await Promise.all([WEB, DATA].map(initOf));
    await write({ greeting: "good day" });
    expect((await run().plan()).changes).toEqual({ "null_resource.web_files": "replace" });
    await run().deploy();
    expect(await inside(WEB, "cat /srv/greeting")).toBe("good day");
    expect(await Promise.all([WEB, DATA].map(initOf))).toEqual(before);
    expect((await run().plan()).changes).toEqual({});
  });

  guestTest("is not deployed when a script fails: it says why, and the guest is as it was", async () => {
    const before = await initOf(WEB);
    await inside(WEB, "rm /srv/made");
    const broken = "echo the disk is upside down >&2; exit 3";
    await write({ greeting: "good day", script: broken });
    const { ok, output } = await run().apply();
    expect(ok).toBe(false);
    expect(output).toContain("the disk is upside down");
    expect((await run().plan()).changes).toEqual({ "null_resource.web_script": "replace" });
    expect(await initOf(WEB)).toBe(before);
    expect(await inside(WEB, "cat /srv/greeting")).toBe("good day");
    await write({ greeting: "good day", script: "touch /srv/made; echo done" });
    await run().deploy();
    expect(await inside(WEB, "ls /srv")).toBe("greeting\nmade");
    expect((await run().plan()).changes).toEqual({});
  });

  guestTest("gives a running guest cores and a volume without a restart, and memory with one", async () => {
    const [web, data] = await Promise.all([WEB, DATA].map(initOf));
    const volume = "{ path: /srv/data, storage: local-lvm, size: 1 }";
    const now = { greeting: "good day", script: "touch /srv/made; echo done" };
    await write({ ...now, cores: 2, mounts: volume });
    await run().deploy();
    expect(await inside(DATA, "mountpoint /srv/data && touch /srv/data/kept")).toBe("/srv/data is a mountpoint");
    expect(await Promise.all([WEB, DATA].map(initOf))).toEqual([web, data]);

    await write({ ...now, cores: 2, memory: 320, mounts: volume });
    expect((await run().plan()).changes).toEqual({ [`${CONTAINER}.web`]: "update" });
    await run().deploy();
    expect(await initOf(WEB)).not.toBe(web);
    expect(await initOf(DATA)).toBe(data);
    expect(await inside(WEB, "cat /srv/greeting; systemctl is-system-running --wait")).toBe("good day\nrunning");
    expect((await run().plan()).changes).toEqual({});
  });

  guestTest("is destroyed, and leaves nothing on the node", async () => {
    const { ok, output } = await run().destroy();
    expect({ ok, output: ok ? "" : output }).toEqual({ ok: true, output: "" });
    expect(run().testbed.state.guests).toEqual({});
    expect(run().testbed.state.volumes.filter(({ vmid }) => vmid !== undefined)).toEqual([]);
    const folders = "/etc/pve/lxc /var/lib/lxc /var/lib/vz/volumes/local-lvm /var/lib/vz/images";
    // Of scripts that Terraform ran files may remain, which hold no secret; steps take old ones away.
    const others = "-newer /run/sshd.pid -type f ! -name '.proxmox-lab-*.sh'";
    const made = `find ${folders} -mindepth 1 2>/dev/null; find /root /tmp ${others}; pct list`;
    expect(await run().shell.run(made)).toBe("");
  });
});
