import { Testing } from "cdktf";
import { tokenRoles } from "../../model/credential-roles";
import { LabStack } from "../../stacks/lab-stack";
import { container, load, removeLabFolders, SOUND } from "../support/lab-folder";
import { addresses, type Terraform } from "../support/synth";

afterAll(() => removeLabFolders());

const WIDE = `
proxmox_firewall:
  enabled: true
  aliases: { desk: { address: 192.168.1.9, comment: "\${desk}" } }
  ipsets: { management: [desk] }
  security_groups: { web: { hosts: web, rules: [{ allow: HTTP, comment: "%{web}" }] } }
  nodes: { pve1: {} }
proxmox_guest_firewall: { rules: [] }
proxmox_storages:
  tank: { type: zfspool, pool: rpool/x, content: [rootdir, images], dataset: {} }
  isos: { type: dir, path: /srv/isos, content: [vztmpl] }
  plato: { type: pbs, server: 10.0.0.9, datastore: main, username: u@pbs, password: { secret: pbs_word } }
proxmox_backup_jobs:
  nightly: { schedule: "02:30", storage: plato, keep: { daily: 7 } }
proxmox_template_storage: isos
`;

function lab() {
  const result = load(
    {
      "group_vars/all.yml": SOUND["group_vars/all.yml"] + WIDE,
      "host_vars/web.yml": container("vmid: 301", "storage: tank", "networks: [{ ip: 192.168.1.51 }]"),
    },
    [],
  );
  if (!result.lab) throw new Error(JSON.stringify(result.problems, undefined, 2));
  return result.lab;
}

describe("a lab with a firewall, storages and backup jobs", () => {
  const terraform: Terraform = JSON.parse(Testing.synth(new LabStack(Testing.app(), lab()), true));
  const { resource } = terraform;

  it("has them at addresses by their names", () => {
    const known = /firewall|storage|backup|zfs/;
    expect(addresses(terraform).filter((address) => known.test(address))).toEqual([
      "null_resource.pve1_zfs-dataset-tank",
      "proxmox_backup_job.nightly",
      "proxmox_node_firewall.pve1",
      "proxmox_storage_directory.isos",
      "proxmox_storage_pbs.plato",
      "proxmox_storage_zfspool.tank",
      "proxmox_virtual_environment_cluster_firewall.datacenter",
      "proxmox_virtual_environment_cluster_firewall_security_group.web",
      "proxmox_virtual_environment_firewall_alias.desk",
      "proxmox_virtual_environment_firewall_ipset.management",
      "proxmox_virtual_environment_firewall_options.web",
      "proxmox_virtual_environment_firewall_rules.datacenter",
      "proxmox_virtual_environment_firewall_rules.pve1",
      "proxmox_virtual_environment_firewall_rules.web",
    ]);
  });

  it("lets what uses a storage wait for it, and nobody for one of backups", () => {
    const web = resource.proxmox_virtual_environment_container?.web;
    expect(web?.depends_on).toEqual(expect.arrayContaining(["proxmox_storage_directory.isos"]));
    expect(resource.proxmox_storage_directory?.isos?.depends_on).toEqual(["proxmox_storage_zfspool.tank"]);
    expect(resource.proxmox_storage_zfspool?.tank?.depends_on).toEqual(["null_resource.pve1_zfs-dataset-tank"]);
    const [template] = Object.values(resource.proxmox_download_file ?? {});
    expect(template?.depends_on).toEqual(["proxmox_storage_directory.isos"]);
    const [volumes] = Object.values(terraform.data.proxmox_files ?? {});
    expect(volumes?.depends_on).toEqual(["terraform_data.vmid_guard", "proxmox_storage_zfspool.tank"]);
    expect(JSON.stringify(web)).not.toContain("storage_pbs");
    expect(resource.proxmox_backup_job?.nightly?.depends_on).toEqual(["proxmox_storage_pbs.plato"]);
  });

  it("takes texts as they are written, and a password from a sensitive variable", () => {
    expect(resource.proxmox_virtual_environment_firewall_alias?.desk?.comment).toBe("$${desk}");
    expect(JSON.stringify(resource.proxmox_virtual_environment_cluster_firewall_security_group)).toContain("%%{web}");
    expect(resource.proxmox_storage_pbs?.plato?.password).toBe("${var.pbs_word}");
    expect(terraform.variable.pbs_word).toMatchObject({ sensitive: true });
  });

  it("asks of the token what Proxmox VE demands for them, and no right on a storage that would vanish with it", () => {
    const granted = new Map(
      tokenRoles(lab()).flatMap(({ paths, privileges }) => paths.map(({ path }) => [path, privileges] as const)),
    );
    expect(granted.get("/")).toEqual(["Sys.Audit", "Sys.Modify"]);
    expect(granted.get("/nodes/pve1")).toEqual(expect.arrayContaining(["Sys.Audit", "Sys.Modify"]));
    expect(granted.get("/storage")).toEqual(expect.arrayContaining(["Datastore.Allocate", "Datastore.AllocateSpace"]));
    expect(granted.get("/vms")).toEqual(expect.arrayContaining(["VM.Config.Network", "VM.Audit"]));
    expect([...granted.keys()].filter((path) => path.startsWith("/storage/"))).toEqual([]);
  });
});
