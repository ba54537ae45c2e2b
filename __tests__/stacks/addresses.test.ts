import { TerraformDataSource, TerraformResource, Testing } from "cdktf";
import fc from "fast-check";
import { LabStack } from "../../stacks/lab-stack";
import { quietStacks } from "../../stacks/quiet-stacks";
import { hosts, type LabFiles, load, removeLabFolders } from "../support/lab-folder";
import type { Terraform } from "../support/synth";
import { describeWithTerraform, Workspace } from "../support/terraform";

const restore = quietStacks();
afterAll(restore);
afterEach(removeLabFolders);

interface Names {
  readonly nodes: readonly string[];
  readonly guests: readonly string[];
  readonly storages: readonly string[];
  readonly bridges: readonly string[];
  readonly jobs: readonly string[];
  readonly templates: readonly string[];
}

/** A lab with one of everything that has a name of its user's, twice. */
function lab({ bridges, guests, jobs, nodes, storages, templates }: Names) {
  const each = (names: readonly string[], entry: (name: string, index: number) => unknown) =>
    Object.fromEntries(names.map((name, index) => [name, entry(name, index)]));
  const files: LabFiles = {
    "hosts.yml": hosts({ proxmox_nodes: nodes, guests }),
    "host_vars/pve1.yml": "{}",
    "host_vars/web.yml": "{}",
    "group_vars/all.yml": JSON.stringify({
      proxmox_api_host: "pve.example.internal",
      proxmox_default_node: nodes[0],
      proxmox_default_network: "lan",
      proxmox_networks: { lan: { bridge: "vmbr0", cidr: "192.168.1.0/24" } },
      proxmox_storages: each(storages, (_, index) => ({
        ...{ type: "zfspool", pool: `rpool/d${index}`, content: ["rootdir", "images"], dataset: {} },
      })),
      proxmox_template_storage: "local",
      proxmox_templates: each(templates, (name) => ({
        ...{ url: `https://t.example/${name}.tar.zst`, checksum: "0a".repeat(32), os_type: "debian" },
      })),
      proxmox_backup_jobs: each(jobs, () => ({ schedule: "02:30", storage: "local", keep: "all" })),
      proxmox_firewall: { enabled: false, nodes: each(nodes, () => ({})) },
      proxmox_guest_firewall: { rules: [{ allow: "SSH" }] },
    }),
    ...each(
      nodes.map((name) => `host_vars/${name}.yml`),
      (_, index) =>
        JSON.stringify({
          proxmox_node: {
            address: `192.168.1.${10 + index}`,
            bridges: { vmbr0: {}, ...each(bridges, () => ({ comment: "made" })) },
            storages: { local: { type: "dir", content: ["vztmpl", "backup"] } },
            time_zone: "Europe/Berlin",
            repositories: { no_subscription: true },
          },
        }),
    ),
    ...each(
      guests.map((name) => `host_vars/${name}.yml`),
      (_, index) =>
        JSON.stringify({
          proxmox_lxc: {
            ...{ vmid: 301 + index, hostname: `g${index}`, cores: 1, memory: 512, disk: 4, networks: [{ ip: "dhcp" }] },
            ...{ storage: storages[index % storages.length], template: templates[index % templates.length] },
          },
        }),
    ),
  } as LabFiles;
  const result = load(files);
  if (!result.lab) throw new Error(JSON.stringify(result.problems.filter(({ severity }) => severity === "error")));
  return result.lab;
}

function addressesOf(names: Names): string[] {
  return new LabStack(Testing.app(), lab(names)).node
    .findAll()
    .filter((each) => TerraformResource.isTerraformResource(each) || TerraformDataSource.isTerraformDataSource(each))
    .map((each) => {
      const kind = TerraformDataSource.isTerraformDataSource(each) ? "data." : "";
      return `${kind}${each.terraformResourceType}.${each.friendlyUniqueId}`;
    });
}

const IDENTIFIER = /^(data\.)?[a-z0-9_]+\.[A-Za-z_][A-Za-z0-9_-]*$/;
const sound = (names: Names) => {
  const all = addressesOf(names);
  expect(all.filter((address) => !IDENTIFIER.test(address))).toEqual([]);
  expect([...all].sort()).toEqual([...new Set(all)].sort());
};

const NAMES: Names = {
  nodes: ["1pve", "pve1"],
  guests: ["web", "db"],
  storages: ["a.b1", "ab.1"],
  bridges: ["vmbr1", "vm_br"],
  jobs: ["nightly", "weekly"],
  templates: ["debian-13", "debian_13"],
};

describe("Terraform's addresses of a lab", () => {
  it("are identifiers, no two alike, for a node whose name begins with a digit, and for names that differ by a dot", () => {
    sound(NAMES);
  });

  it("are so for a node that is called like the rules of all nodes", () => {
    sound({ ...NAMES, nodes: ["datacenter", "pve1"] });
  });

  it("do not make one file of two whose names differ by a character that addresses do not hold", () => {
    const { resource } = JSON.parse(Testing.synth(new LabStack(Testing.app(), lab(NAMES)))) as Terraform;
    const files = Object.values(resource.proxmox_download_file ?? {}).map(({ file_name }) => file_name);
    expect(files.sort()).toEqual(["debian-13.tar.zst", "debian_13.tar.zst"]);
    const of = Object.values(resource.proxmox_virtual_environment_container ?? {});
    expect(new Set(of.map(({ operating_system }) => JSON.stringify(operating_system))).size).toBe(2);
  });

  it("are so whatever names the inventory takes", () => {
    const two = (form: RegExp) =>
      fc.uniqueArray(fc.stringMatching(form), { minLength: 2, maxLength: 2, selector: (name) => name.toLowerCase() });
    const names = fc.record({
      nodes: two(/^[a-b1][a-b1-]{0,2}[a-b]$/),
      guests: two(/^[c-d_][c-d1_-]{1,3}$/),
      storages: two(/^[s][s1_.-]{1,3}[s1]$/),
      bridges: two(/^[v][v1_]{0,3}$/),
      jobs: two(/^[j][j1_-]{1,3}$/),
      templates: two(/^[t][t1_.-]{1,3}$/),
    });
    fc.assert(fc.property(names, sound), { numRuns: 40 });
  });
});

describeWithTerraform("a node called 1pve", () => {
  it("has addresses that Terraform takes", async () => {
    const workspace = await new Workspace({ lab: lab(NAMES) }).init();
    try {
      expect(await workspace.run(["validate", "-no-color"])).toMatchObject({ ok: true });
    } finally {
      workspace.remove();
    }
  });
});
