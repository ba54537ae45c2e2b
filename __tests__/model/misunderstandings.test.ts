import { findLabs, loadLab } from "../../model";
import { formatProblem } from "../../model/problem";
import { environmentProblems } from "../../stacks/environment";
import {
  container,
  hosts,
  type LabFiles,
  load,
  removeLabFolders,
  SOUND,
  tiers,
  withNetworks,
} from "../support/lab-folder";
import { writeFolder } from "../support/problems";

afterAll(removeLabFolders);

const web = (...keys: string[]): LabFiles => ({ "host_vars/web.yml": container("vmid: 301", ...keys) });
const network = { ip: "192.168.1.51" };
const cards = `networks: [{ ip: ${network.ip} }, { network: dmz, ip: 10.0.0.5 }]`;
const faultyNetwork = withNetworks(
  "  lan: { brigde: vmbr0, cird: 192.168.1.0/24 }\n  dmz: { bridge: vmbr0, cidr: 10.0.0.0/24 }\n",
);
const override = `lxc_memory: 1024\n${container("vmid: 301", 'memory: "{{ lxc_memory }}"')}`;
const noTiers = web("exceptions: { memory: big }");
const strange = `all: { children: { proxmox_nodes: { hosts: { pve1: } }, functional_groups: { children: { docker_hosts: { hosts: { "no;tes $(id)": } } } }, guests: { hosts: { web: } } } }\n`;

describe("what is misunderstood is told once, where it stands, with what to write", () => {
  it.each<[string, LabFiles, readonly RegExp[]]>([
    [
      "a faulty network, and nothing that follows from it",
      { ...faultyNetwork, ...web(cards) },
      [/all\.yml:8:10 .*"brigde"; did you mean "bridge"/, /all\.yml:8:25 .*"cird"; did you mean "cidr"/],
    ],
    [
      "a network that is not there, beside a faulty one",
      { ...faultyNetwork, ...web("networks: [{ network: nope }]") },
      [/brigde/, /cird/, /no network is called "nope"/],
    ],
    [
      "a faulty template, and not that it is unknown",
      {
        ...web("template: mine"),
        "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}proxmox_templates: { mine: { os_type: debian, volume: local:vztmpl/a.tar.zst, volumee: x } }\n`,
      },
      [/mine\.volumee: unknown key "volumee"; did you mean "volume"/],
    ],
    [
      "groups that are called nearly right",
      {
        ...noTiers,
        "hosts.yml": hosts({ docker_host: ["web"], resource_tier: { children: ["small"] }, small: ["web"] }),
      },
      [
        /rename the group resource_tier to resource_tiers$/,
        /did you mean "docker_hosts"/,
        /did you mean "resource_tiers"/,
      ],
    ],
    [
      "keys under the names that others use",
      web("cpus: 2", "ram: 512", "rootfs: 8", "ip_address: 192.168.1.51"),
      [
        /"cpus"; did you mean "cores"/,
        /"ram"; did you mean "memory"/,
        /"rootfs"; did you mean "disk"/,
        /"ip_address"; did you mean "networks"/,
      ],
    ],
    ["an exception in a lab without tiers", noTiers, [/this lab has no tiers, .*make the tiers children of/]],
    [
      "a container without a card",
      { "host_vars/web.yml": "proxmox_lxc: { vmid: 301, cores: 1, memory: 512, disk: 4 }\n" },
      [/proxmox_lxc\.networks: web has no network card; add networks: \[\{ ip: dhcp \}\].*or networks: \[\]/],
    ],
    [
      "a virtual machine without sizes",
      { "host_vars/web.yml": "proxmox_vm: { vmid: 301 }\n" },
      [/boots nothing/, /has no cores/, /has no disk/, /has no memory/, /no network card/],
    ],
    ["a lab without a guest", { "host_vars/web.yml": "a: 1\n" }, [/the lab has no guest/]],
    [
      "a tier's variable set for the host itself",
      {
        ...tiers({ small: ["web"], large: [] }),
        "host_vars/web.yml": override,
        "hosts.yml": tiers({ small: ["web"] })["hosts.yml"],
        "group_vars/large.yml": "",
      },
      [
        /no group "large"/,
        /web\.yml:1:13 lxc_memory: .*the host web sets lxc_memory anew.*delete lxc_memory here, or add exceptions/,
      ],
    ],
    [
      "a full name for a host name",
      web("hostname: notes.example.internal"),
      [/; write notes; the domain example\.internal belongs to dns\.domain/],
    ],
    ["a host's name that no file can have", { "hosts.yml": strange }, [/no;tes.*; rename it to no-tes-id/]],
    ["an unknown alias", web("memory: *foo"), [/\*foo refers to no anchor/]],
    [
      "simple values for mappings and lists",
      web("cores: 0.5", "startup: 3", "dns: 1.2.3.4", "tags: web", "devices: [/dev/x]", "mounts: [/data]"),
      [
        /cores: .*; write 1, and cpu_limit: 0\.5/,
        /startup: \{ order: 3 \}$/,
        /dns: \{ servers: \[1\.2\.3\.4\] \}$/,
        /write tags: \[web\]$/,
        /- path: \/dev\/x$/,
        /- \{ path: \/data, source: \/tank\/data \}$/,
      ],
    ],
    [
      "a secret where none is taken, beside another mistake",
      web("description: { secret: x }", "pool: !vault abc", "swap: lots"),
      [
        /description: takes no secret.*write the value in clear/,
        /pool: takes no secret/,
        /swap: expected a whole number/,
      ],
    ],
    [
      "numbers that are read as others",
      { "host_vars/web.yml": container("vmid: 0305", "swap: 3:05", "devices: [{ path: /dev/x, mode: 0660 }]") },
      [
        /vmid|0305 is read as 197: .*octal; write 305 or 197/,
        /3:05 is read as 185/,
        /mode: expected a file mode in quotes.*got 432; write it in quotes: "0660" where 0660 stands/,
      ],
    ],
  ])("%s", (_, files, expected) => {
    expect(load(files).problems.map(formatProblem)).toEqual(expected.map((line) => expect.stringMatching(line)));
  });

  it("a variable of the environment with its own remedy", () => {
    const told = environmentProblems({ PROXMOX_VE_AUTH_TICKET: "x", PROXMOX_VE_CSRF_PREVENTION_TOKEN: "y" });
    expect(told.map(({ fix }) => fix)).toEqual([expect.not.stringContaining("certificates")]);
  });
});

describe("a target", () => {
  const cwd = writeFolder({
    "inventory/half/host_vars/web.yml": "a: 1\n",
    "inventory/two/production.yml": "all: { hosts: { a: } }\n",
    "inventory/two/staging.yml": "all: { hosts: { a: } }\n",
    "inventory/one/hosts.yml": "all: { hosts: { a: } }\n",
    "code/secret.yml": "password: hunter2\n",
  });
  const rules = (target: string) => loadLab(target, { cwd }).problems.map(formatProblem);

  it("without a hosts file is a lab with an error", () => {
    expect(findLabs(cwd).map(({ name }) => name)).toEqual(["half", "one", "two-production", "two-staging"]);
    expect(rules("half")).toEqual([expect.stringMatching(/^inventory\/half\/hosts\.yml:1:1 .*expected hosts\.yml/)]);
  });

  it("that is a folder of two labs tells their names", () => {
    expect(rules("two")).toEqual([expect.stringMatching(/holds 2 labs.*; name one: two-production or two-staging$/)]);
  });

  it("may end in a slash", () => {
    expect(rules("one/")).toEqual(rules("one"));
  });

  it.each(["code", "code/secret.yml", "", "."])("that is no inventory is not read: %j", (target) => {
    expect(rules(target)).toEqual([expect.not.stringMatching(/password|hunter2/)]);
  });
});
