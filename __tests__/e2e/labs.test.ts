import type { Lab } from "../../model/lab";
import { furnish, INSIDE, letIn, playInside, withImage } from "./harness/homeserver";
import { canary, describeLab, type LabOnTestbed } from "./harness/labs";
import { differences } from "./harness/left";
import { errorsOf } from "./harness/stack";
import { giveImage, withStandIns } from "./harness/stand-in-apps";

jest.setTimeout(400_000);

/** What was said to deploy a lab of inventory/ to a testbed that has its nodes, and what is so for every such lab. */
class Deployed {
  #before: object = {};
  #change: (lab: Lab) => Lab = (lab) => lab;

  constructor(
    private readonly of: () => LabOnTestbed,
    /** A container's kernel settings are the machine's, which are not its to change. */
    private readonly profile = "group_vars/proxmox_nodes.yml",
  ) {}

  /** @param change what stands in for what is not there; for real guests only */
  async first(change: (lab: Lab) => Lab): Promise<string> {
    const { copy, real, run, testbed } = this.of();
    if (real) {
      copy.set(this.profile, ["node_profile"], "none");
      this.#change = change;
    }
    const lab = await this.#write();
    this.#before = structuredClone(testbed.state);
    const { ok, output } = await run.apply();
    if (!ok) throw new Error([...(output.match(/^.*\): .* error: .*$/gm) ?? []), errorsOf(output)].join("\n"));
    for (const { name } of lab.secrets) expect(output).not.toContain(canary(name));
    const found = Object.values(testbed.state.guests).map(({ node, running, vmid }) => [vmid, node, running]);
    expect(found).toEqual(lab.guests.map(({ node, started, vmid }) => [vmid, node, started]));
    expect(await run.plan()).toMatchObject({ ok: true, changes: {} });
    return output;
  }

  /** Deploys what the copy says now. @returns what the plan said */
  async again(): Promise<Readonly<Record<string, string>>> {
    const { run } = this.of();
    await this.#write();
    const { changes, ok, output } = await run.plan();
    if (!ok) throw new Error(errorsOf(output));
    await run.deploy(true);
    expect(await run.plan()).toMatchObject({ ok: true, changes: {} });
    return changes;
  }

  /** @returns what is not as it was before the lab; accounts, which the test itself changed, are left out */
  async destroy(): Promise<string[]> {
    const { run, testbed } = this.of();
    const { ok, output } = await run.destroy();
    if (!ok) throw new Error(errorsOf(output));
    expect(await run.resources()).toEqual([]);
    const left = differences(this.#before as typeof testbed.state, testbed.state);
    return left.filter((path) => !/^(acl|roles|users)\./.test(path));
  }

  #write(): Promise<Lab> {
    return this.of().write(this.#change);
  }
}

const POOL = { type: "lvmthin", vgname: "pve", thinpool: "data", content: "images,rootdir", sizeGiB: 1600 };
const DOCKER_PS = "docker ps --format '{{.Names}}' | sort";

/*
 * Two nodes, which are Debians with LXC; six containers, which are Debians. In their place:
 * - NVIDIA's cards and driver: files that read as empty, and `driver: none`;
 * - images of the apps: one made of the guest's own shell, by the role `script`; the projects are the apps' own else;
 * - Docker's repository: Debian's packages;
 * - `node_profile`, settings of the one kernel that the testbed has: `none`;
 * - Plato, the backup server: an entry of the API, for nothing is backed up here.
 */
describeLab(
  "ai",
  {
    nodes: [
      { name: "rawls", address: "10.203.3.47", cores: 16, memoryMiB: 65_536 },
      { name: "socrates", address: "10.203.3.42", cores: 56, memoryMiB: 131_072 },
    ],
    storages: { "local-lvm": POOL },
    keys: 160,
    real: [
      { name: "rawls", address: "10.203.3.47/24", gateway: "10.203.3.1" },
      { name: "socrates", address: "10.203.3.42/24", gateway: "10.203.3.1" },
    ],
  },
  ({ lab, realTest }) => {
    const deployed = new Deployed(lab);
    const [GPU0, GPU1, DNS, NETBOX, GITLAB] = [203, 204, 201, 202, 184];
    const on = { [GPU0]: "socrates", [GPU1]: "socrates", [DNS]: "rawls", [NETBOX]: "rawls", [GITLAB]: "rawls" };
    const inside = (vmid: number, script: string) => lab().real?.run(script, { vmid, node: on[vmid] ?? "" });

    it("is deployed, and nothing is planned again", async () => {
      if (lab().real) {
        giveImage(lab().copy, ["ai-gpu0", "ai-gpu1", "gitlab", "netbox"]);
        lab().copy.set("group_vars/ai_workloads.yml", ["nvidia_cfg", "driver"], "none");
      }
      const output = await deployed.first(withStandIns);
      const { guests, storages } = lab().testbed.state;
      expect(storages.plato).toMatchObject({ type: "pbs", server: "10.203.3.97", datastore: "lab" });
      expect(guests[205]?.running).toBe(false);
      expect(guests[GPU0]?.config).toMatchObject({ rootfs: expect.stringContaining("size=300G") });
      const steps = ["socrates node-base", "rawls node-base", "dns dns", "ai-gpu0 nvidia", "ai-gpu1 compose-app"];
      for (const step of steps) expect(output).toContain(`${step.replace(" ", "_")}: Creation complete`);
      expect(output).not.toMatch(/frege|russell|wittgenstein/);
    });

    realTest(
      "runs: names of the lab are answered, apps are up with their secrets, cards are where they belong",
      async () => {
        const names = "git.lab.home.arpa ollama.lab.home.arpa socrates.lab.home.arpa 10.203.3.202";
        expect(await inside(NETBOX, `for each in ${names}; do getent hosts $each | awk '{ print $1, $2 }'; done`)).toBe(
          "10.203.3.184 gitlab.lab.home.arpa\n10.203.3.203 ai-gpu0.lab.home.arpa\n10.203.3.42 socrates.lab.home.arpa\n10.203.3.202 netbox.lab.home.arpa",
        );
        expect(await inside(GPU0, DOCKER_PS)).toBe("ollama-ollama-1");
        expect(await inside(GPU1, DOCKER_PS)).toBe(
          "karakeep-chrome-1\nkarakeep-meilisearch-1\nkarakeep-web-1\nollama-ollama-1",
        );
        expect(await inside(NETBOX, DOCKER_PS)).toBe(
          "netbox-netbox-1\nnetbox-postgres-1\nnetbox-valkey-1\nnetbox-worker-1",
        );
        expect(await inside(GITLAB, "docker exec gitlab-gitlab-1 sh -c 'echo $GITLAB_URL $GITLAB_ROOT_PASSWORD'")).toBe(
          `http://gitlab.lab.home.arpa ${canary("gitlab_root_password")}`,
        );
        expect(await inside(GPU0, "cd /dev; ls nvidia[0-9]")).toBe("nvidia0");
        expect(await inside(GPU1, "cd /dev; ls nvidia[0-9]")).toBe("nvidia1");
      },
    );

    realTest("runs on nodes that are configured, each with the containers that belong there", async (real) => {
      const look = "systemctl is-active prometheus-node-exporter; pct list | awk 'NR > 1 { print $1, $2 }'";
      expect(await real.run(look, { node: "socrates" })).toBe("active\n203 running\n204 running\n205 stopped");
      expect(await real.run(look, { node: "rawls" })).toBe("active\n184 running\n201 running\n202 running");
    });

    it("changes what one more name and fewer cores change, and nothing else", async () => {
      lab().copy.set("host_vars/dns.yml", ["dns_aliases"], ["ns", "resolver"]);
      lab().copy.set("host_vars/ai-gpu0.yml", ["proxmox_lxc", "cores"], 12);
      expect(await deployed.again()).toEqual({
        "null_resource.dns_dns": "replace",
        "proxmox_virtual_environment_container.ai-gpu0": "update",
      });
      expect(lab().testbed.state.guests[GPU0]?.config.cores).toBe("12");
    });

    realTest("answers the new name at once", async () => {
      expect(await inside(GITLAB, "getent hosts resolver.lab.home.arpa | awk '{ print $1 }'")).toBe("10.203.3.201");
    });

    it("is destroyed, and leaves nothing", async () => {
      expect(await deployed.destroy()).toEqual([]);
    });

    realTest("leaves nothing on the nodes", async (real) => {
      for (const node of ["rawls", "socrates"])
        expect(await real.run("pct list; ls /etc/pve/lxc /var/lib/lxc", { node })).toBe(
          "/etc/pve/lxc:\n\n/var/lib/lxc:",
        );
    });
  },
);

/*
 * One node, which is a Debian with a card `eno1` towards the router; its VMs are state. In their place:
 * - inside of the VM docker, a container with its address, in which the roles run;
 * - inside of the VM haos, a container with its MAC address, which asks the node for an address and serves a page;
 * - Home Assistant OS: a packed file of the node, with its own checksum;
 * - `qm`, which only notes what it is asked: the disc it puts in is not in the VM's state;
 * - the PCI bus, GRUB, and the programs that write initramfs and GRUB's configuration: see `furnish`;
 * - apps, Docker's repository and `node_profile`: as above.
 */
describeLab(
  "homeserver",
  {
    nodes: [
      {
        ...{ name: "pve", address: "10.0.200.1", cores: 16, memoryMiB: 65_536 },
        pciDevices: [
          { id: "0000:01:00.0", device: "0x2484" },
          { id: "0000:01:00.1", device: "0x228b" },
        ],
      },
    ],
    storages: { "local-lvm": POOL },
    volumes: ["local:iso/Win11.iso", "local:iso/virtio-win.iso", "local:import/haos_ova-16.3.qcow2"],
    keys: 80,
    real: [
      {
        ...{ name: "pve", address: "10.0.200.1/24", bridges: { vmbr1: "10.0.100.1/24" } },
        cards: { eno1: { address: "192.168.1.10/24", gateway: "192.168.1.1" } },
      },
    ],
  },
  ({ lab, realTest }) => {
    const deployed = new Deployed(lab);
    const configOf = (vmid: number) => lab().testbed.state.guests[vmid]?.config;

    it("is deployed, and nothing is planned again", async () => {
      const { copy, real } = lab();
      let checksum = "";
      if (real) {
        checksum = await furnish(real);
        await playInside(real, "docker", "ip=10.0.100.101/24,gw=10.0.100.1");
        await letIn(real, INSIDE.docker);
        giveImage(copy, ["docker"]);
      }
      const output = await deployed.first((each) => withStandIns(withImage(checksum)(each)));
      expect(configOf(100)).toMatchObject({ bios: "ovmf", usb0: expect.stringContaining("mapping=zigbee") });
      expect(configOf(101)).toMatchObject({ ipconfig0: "gw=10.0.100.1,ip=10.0.100.101/24" });
      expect(configOf(102)).toMatchObject({ hostpci0: expect.stringContaining("mapping=gpu0"), ostype: "win11" });
      expect(lab().testbed.state.nodes.pve?.network.vmbr1).toMatchObject({ cidr: "10.0.100.1/24" });
      const steps = ["pve network-guard", "pve node-network", "pve node-base", "pve dhcp", "pve gpu-passthrough"];
      for (const step of [...steps, "docker cloud-init", "docker compose-app"])
        expect(output).toContain(`${step.replace(" ", "_")}: Creation complete`);
    });

    realTest("has a node that lends addresses, lets guests out and keeps them off itself", async (real) => {
      const inDocker = (script: string) => real.run(script, { vmid: INSIDE.docker });
      expect(await inDocker("ping -c 1 -W 2 192.168.1.1 >/dev/null && echo out")).toBe("out");
      expect(await inDocker("timeout 3 bash -c '</dev/tcp/10.0.100.1/22' 2>/dev/null || echo kept off")).toBe(
        "kept off",
      );
      expect(await inDocker("timeout 3 bash -c '</dev/tcp/10.0.200.1/22' 2>/dev/null || echo isolated")).toBe(
        "isolated",
      );
      expect(await inDocker("timeout 3 bash -c '</dev/tcp/10.0.100.1/9100' && echo metrics")).toBe("metrics");
      await playInside(real, "haos", "ip=dhcp,hwaddr=BC:24:11:00:01:00");
      const started = "systemctl is-system-running --wait >/dev/null || :; ip -brief -4 address show eth0";
      expect(await real.run(started, { vmid: INSIDE.haos })).toContain("10.0.100.100/24");
    });

    realTest("forwards the port of Home Assistant from the router's network", async (real) => {
      const listen =
        'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => 8123, Listen => 5) or die; close STDOUT; while ($c = $s->accept) { print $c "HTTP/1.0 200 OK\\r\\n\\r\\nhome\\n"; close $c }';
      await real.run(`cat >/run/page.pl <<'END'\n${listen}\nEND\nsystemd-run -q perl /run/page.pl; sleep 1`, {
        vmid: INSIDE.haos,
      });
      const port = await real.backend.forward("192.168.1.10", 8123);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("home\n");
    });

    realTest("puts the second disc of Windows into its drive by the node's own command", async (real) => {
      expect(await real.run("cat /var/log/qm")).toBe("set 102 --ide0 local:iso/virtio-win.iso,media=cdrom");
    });

    realTest("has its card kept for VMs from the next boot on, and says that it wants one", async (real) => {
      expect(await real.run("sort -u /var/log/boot-files; cat /etc/modprobe.d/proxmox-lab-vfio.conf | head -n 1")).toBe(
        "update-grub\nupdate-initramfs\noptions vfio-pci ids=10de:228b,10de:2484",
      );
    });

    realTest("runs its apps inside the VM docker", async (real) => {
      expect(await real.run(DOCKER_PS, { vmid: INSIDE.docker })).toBe(
        "monitoring-alertmanager-1\nmonitoring-grafana-1\nmonitoring-prometheus-1",
      );
    });

    it("changes what more memory and a firewall that is off change, and nothing else", async () => {
      lab().copy.set("host_vars/haos.yml", ["proxmox_vm", "memory"], 6144);
      lab().copy.set("group_vars/all/firewall.yml", ["proxmox_firewall", "enabled"], false);
      expect(await deployed.again()).toEqual({
        "proxmox_virtual_environment_vm.haos": "update",
        "proxmox_virtual_environment_cluster_firewall.datacenter": "update",
      });
      expect(configOf(100)?.memory).toBe("6144");
    });

    it("is destroyed, and leaves nothing but settings of the node, which no deletion takes back", async () => {
      const left = (await deployed.destroy()).map((path) => path.split(".").slice(0, 3).join("."));
      expect([...new Set(left)].sort()).toEqual([
        "firewalls.cluster.options",
        "nodes.pve.dns",
        "nodes.pve.repositories",
        "nodes.pve.timezone",
      ]);
    });
  },
);
