import { z } from "zod";
import { allRoles } from "../../provision/registry";
import { defineRole } from "../../provision/role";
import { container, hosts, type LabFiles, load, removeLabFolders, SOUND, tiers, told } from "../support/lab-folder";

afterAll(removeLabFolders);

const two = hosts({ guests: ["web", "db"] });

describe("a lab without mistakes", () => {
  it("has no problem at all", () => {
    const { lab, problems } = load();
    expect(problems).toEqual([]);
    expect(lab?.guests).toHaveLength(1);
  });
});

describe("tiers", () => {
  it("one-tier: names the host and both lines of one in two tiers", () => {
    const result = load(tiers({ small: ["web"], large: ["web"] }));
    expect(result.lab).toBeUndefined();
    expect(told(result, "one-tier")).toEqual([
      "inventory/lab/hosts.yml:8:9 web is in 2 resource tiers: small and large; leave it in exactly one" +
        "\n    inventory/lab/hosts.yml:11:9 names it in large",
    ]);
  });

  it("one-tier: names a container in none", () => {
    const files = tiers({ small: ["web"] });
    const result = load({
      ...files,
      "hosts.yml": `${files["hosts.yml"].replace("web:", "web2:")}    guests:\n      hosts:\n        web:\n`,
    });
    expect(told(result, "one-tier")).toEqual([
      expect.stringContaining("web is a container in no resource tier; add it to one of: small"),
    ]);
  });

  it("one-tier: looks through child groups of a tier", () => {
    const result = load({
      "group_vars/small.yml": tiers({})["group_vars/small.yml"],
      "hosts.yml": hosts({ inner: ["web"], small: { children: ["inner"] }, resource_tiers: { children: ["small"] } }),
    });
    expect(result.problems).toEqual([]);
    expect(result.lab?.guests[0]?.tier).toBe("small");
  });

  it("exception-without-reason: warns where a value departs from the tier's", () => {
    const result = load({ ...tiers({ small: ["web"] }), "host_vars/web.yml": container("vmid: 301", "memory: 4096") });
    expect(told(result, "exception-without-reason")).toEqual([
      expect.stringMatching(
        /^inventory\/lab\/host_vars\/web\.yml:3:11 proxmox_lxc\.memory: web has 4096 MiB where its tier small has 2048 MiB, and no reason is given/,
      ),
    ]);
    expect(result.lab?.guests[0]?.exceptions).toEqual([{ key: "memory", tierValue: 2048, value: 4096 }]);
  });

  it("exception-without-reason: also sees an override of the tier's variable in host_vars", () => {
    const result = load({
      ...tiers({ small: ["web"] }),
      "host_vars/web.yml": "lxc_memory: 4096\nproxmox_lxc: { vmid: 301 }\n",
    });
    expect(told(result, "exception-without-reason")).toHaveLength(1);
  });

  it("reason-without-exception: warns of a reason for what is none", () => {
    const result = load({
      ...tiers({ small: ["web"] }),
      "host_vars/web.yml": container("vmid: 301", "exceptions: { memory: because }"),
    });
    expect(told(result, "reason-without-exception")).toEqual([
      expect.stringContaining("its memory is that of its tier small"),
    ]);
  });
});

describe("groups", () => {
  const subsets = {
    "group_vars/all/x.yml": "group_subsets: { agents: dockers }\n",
    "group_vars/all/y.yml": SOUND["group_vars/all.yml"]!,
  };
  const without = { "group_vars/all.yml": "{}\n" };

  it("group-subset: names a member of the subset that is not in the superset", () => {
    const result = load({ ...without, ...subsets, "hosts.yml": hosts({ agents: ["web"], dockers: [] }) });
    expect(told(result, "group-subset")).toEqual([
      expect.stringMatching(
        /web is in agents, but not in dockers; add web to dockers.*\n.*says that agents is a subset of dockers/,
      ),
    ]);
  });

  it("unknown-group: proposes the nearest", () => {
    const result = load({ ...without, ...subsets, "hosts.yml": hosts({ agents: ["web"], docker: ["web"] }) });
    expect(told(result, "unknown-group")).toEqual([
      expect.stringContaining('no group is called "dockers"; did you mean "docker"?; or delete the line'),
    ]);
  });

  it("setting-without-group: warns of what only members of a role's group have read", () => {
    const role = {
      ...defineRole({
        summary: "x",
        group: "xs",
        ofAnyHost: ["x_alias"],
        variables: z.object({ x_apps: z.string().optional(), x_alias: z.string().optional() }),
      }),
      name: "x",
    };
    const idle = (files: LabFiles) => told(load(files, [role]), "setting-without-group");
    const web = container("vmid: 301");
    const own = { "host_vars/web.yml": `x_apps: a\n${web}` };
    expect(idle(own)).toEqual([
      "inventory/lab/host_vars/web.yml:1:1 x_apps: x_apps has no effect: it is read for members of xs, and web is not in there; add web to xs, or delete x_apps",
    ]);
    expect(idle({ ...own, "hosts.yml": hosts({ guests: ["web"], xs: ["web"] }) })).toEqual([]);
    expect(idle({ "group_vars/guests.yml": "x_apps: a\n" })).toEqual([
      expect.stringContaining(
        "group_vars/guests.yml:1:1 x_apps: x_apps has no effect: it is read for members of xs, and no member of guests",
      ),
    ]);
    for (const files of [
      { "group_vars/all/x.yml": "x_apps: a\n", "group_vars/all/y.yml": SOUND["group_vars/all.yml"]!, ...without },
      { "group_vars/xs.yml": "x_apps: a\n", "hosts.yml": hosts({ guests: ["web"], xs: [] }) },
      { "group_vars/guests.yml": "x_apps: a\n", "hosts.yml": hosts({ guests: ["web", "db"], xs: ["web"] }) },
      { "host_vars/web.yml": `x_alias: a\n${web}` },
    ])
      expect(idle(files)).toEqual([]);
    const shared = { ...role, name: "y", group: "all" };
    expect(told(load(own, [role, shared]), "setting-without-group")).toEqual([]);
  });

  it("setting-without-group: knows that cards need gpu_access, and every role that comes with the project", () => {
    const cards = { "host_vars/web.yml": container("vmid: 301", "gpus: [p40]") };
    expect(told(load(cards), "setting-without-group")).toEqual([
      expect.stringMatching(/web\.yml:3:3 proxmox_lxc\.gpus: gpus has no effect: only members of gpu_access/),
    ]);
    expect(
      told(load({ ...cards, "hosts.yml": hosts({ guests: ["web"], gpu_access: ["web"] }) }), "setting-without-group"),
    ).toEqual([]);
    const vars = "compose_apps: {}\ndhcp_networks: {}\ndns_domain: a.test\ndns_zones: {}\ndns_aliases: [www]\n";
    const result = load({ "host_vars/web.yml": `${vars}${container("vmid: 301")}` }, allRoles());
    expect(told(result, "setting-without-group").map((text) => text.split(" ")[1])).toEqual([
      "compose_apps:",
      "dhcp_networks:",
      "dns_domain:",
      "dns_zones:",
    ]);
  });

  it("group-without-effect: warns of a member that nothing of the group is for", () => {
    const result = (group: string) =>
      told(load({ "hosts.yml": hosts({ guests: ["web"], [group]: ["pve1"] }) }, allRoles()), "group-without-effect");
    expect(result("docker_hosts")).toEqual([
      expect.stringMatching(
        /hosts\.yml:\d+:\d+.*pve1 is a node, and nothing that docker_hosts brings.*containers and VMs$/,
      ),
    ]);
    expect(result("dns_hosts")).toHaveLength(1);
    expect(result("dhcp_hosts")).toEqual([]);
  });

  it("member-without-guest: names a member of a functional group that is nothing", () => {
    const result = load({
      "hosts.yml": hosts({ guests: ["web"], dockers: ["ghost"], functional_groups: { children: ["dockers"] } }),
    });
    expect(told(result, "member-without-guest")).toEqual([
      expect.stringContaining("ghost is in dockers, but nothing says what it is"),
    ]);
  });

  it("switch-without-group: warns of a switch that does nothing", () => {
    const result = load({ "host_vars/web.yml": `enable_gpu: true\n${container("vmid: 301")}` });
    expect(told(result, "switch-without-group")).toEqual([
      expect.stringContaining(
        "host_vars/web.yml:1:13 enable_gpu: enable_gpu is set for web, which is not in gpu_access",
      ),
    ]);
    expect(result.lab).toBeDefined();
  });

  it("switch-without-group: knows the switches of roles, and lets a host turn one off", () => {
    const role = { ...defineRole({ summary: "x", group: "xs", switch: "with_x", variables: z.object({}) }), name: "x" };
    const web = (value: string) => ({ "host_vars/web.yml": `with_x: ${value}\n${container("vmid: 301")}` });
    expect(told(load(web("true"), [role]), "switch-without-group")).toHaveLength(1);
    expect(told(load(web("false"), [role]), "switch-without-group")).toHaveLength(0);
  });

  it("docker-without-nesting: warns, also where nesting is off by default", () => {
    const dockers = { "hosts.yml": hosts({ docker_hosts: ["web"] }) };
    const result = (line: string) => load({ ...dockers, "host_vars/web.yml": container("vmid: 301", line) });
    expect(told(result("features: { nesting: false }"), "docker-without-nesting")).toHaveLength(1);
    expect(told(result("unprivileged: false"), "docker-without-nesting")).toHaveLength(1);
    expect(result("unprivileged: true").problems).toEqual([]);
  });

  it("lab-name: proposes a name that a stack can have", () => {
    expect(load({}, undefined, "my lab").problems).toMatchObject([
      { rule: "lab-name", fix: "rename the folder to my-lab" },
    ]);
  });

  it("no-nodes: says what is missing", () => {
    const result = load({ "hosts.yml": "all: { hosts: { web: } }\n" });
    expect(told(result, "no-nodes")).toHaveLength(1);
  });

  it("node-outside-group, node-without-description: nodes are in proxmox_nodes and describe themselves", () => {
    const outside = load({
      "hosts.yml": hosts({ others: ["pve2"] }),
      "host_vars/pve2.yml": "proxmox_node: { address: 10.0.0.2 }\n",
    });
    expect(told(outside, "node-outside-group")).toHaveLength(1);
    const bare = load({ "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"] }) });
    expect(told(bare, "node-without-description")).toEqual([
      expect.stringContaining("pve2 is in proxmox_nodes, but has no proxmox_node"),
    ]);
  });
});

describe("capacity", () => {
  const sized = (web: readonly string[], db: readonly string[]) => ({
    "hosts.yml": two,
    "host_vars/web.yml": container("vmid: 301", ...web),
    "host_vars/db.yml": container("vmid: 302", ...db),
  });
  const severities = (files: Record<string, string>) => load(files).problems.map((p) => `${p.severity} ${p.rule}`);

  it("memory: error above the node's, warning above nine tenths, silence below", () => {
    expect(severities(sized(["memory: 32768"], ["memory: 1024"]))).toEqual(["error memory-overcommitted"]);
    expect(severities(sized(["memory: 28672"], ["memory: 2048"]))).toEqual(["warning memory-tight"]);
    expect(severities(sized(["memory: 16384"], ["memory: 8192"]))).toEqual([]);
  });

  it("memory: stopped guests are counted apart", () => {
    expect(severities(sized(["memory: 20480"], ["memory: 20480", "started: false"]))).toEqual([
      "warning memory-of-stopped",
    ]);
  });

  it("cores are never counted", () => {
    expect(severities(sized(["cores: 64"], ["cores: 64"]))).toEqual([]);
  });

  it("disk: a warning where disks grow, an error where they are taken whole", () => {
    const files = sized(["disk: 400"], ["mounts: [{ path: /d, storage: local-lvm, size: 200 }]"]);
    expect(severities(files)).toEqual(["warning disk-overcommitted"]);
    const thick = { "host_vars/pve1.yml": SOUND["host_vars/pve1.yml"]!.replace("lvmthin", "lvm") };
    expect(severities({ ...files, ...thick })).toEqual(["error disk-overcommitted"]);
  });

  it("disk: a shared storage is one storage, whatever nodes list it", () => {
    const rbd = (address: string) =>
      `proxmox_node: { address: ${address}, bridges: [vmbr0], storages: { local: { type: dir, content: [vztmpl] }, local-lvm: { type: rbd, content: [rootdir], size: 100 } } }\n`;
    const files = {
      ...sized(["disk: 60"], ["disk: 60", "node: pve2"]),
      "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: ["web", "db"] }),
      "host_vars/pve1.yml": rbd("192.168.1.10"),
      "host_vars/pve2.yml": rbd("192.168.1.11"),
    };
    expect(severities(files)).toEqual(["warning disk-overcommitted"]);
  });
});
