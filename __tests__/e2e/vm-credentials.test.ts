import { removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun } from "./harness/lab-run";
import { grantPrinted } from "./harness/roles";

jest.setTimeout(240_000);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV operator";
const VOLUMES = ["local:import/haos_ova-16.3.qcow2", "local:iso/Win11.iso"];

describeOnTestbed("the roles that `lab credentials` prints for VMs", () => {
  let run: LabRun;

  beforeAll(async () => {
    run = await LabRun.start({ nodes: [{ name: "pve1", bridges: ["vmbr1"] }], volumes: VOLUMES });
  });

  afterAll(async () => {
    await run.close();
    removeLabFolders();
  });

  const lines = (own: readonly string[]) => `proxmox_vm:\n${own.map((line) => `  ${line}\n`).join("")}`;
  const labWith = (more: string) =>
    run.lab(
      {
        guests: {},
        groups: { proxmox_nodes: ["pve1"], vms: ["haos", "docker", "empty"] },
        files: {
          "host_vars/pve1.yml": NODE.replace("PORT", String(run.shell.port)),
          "host_vars/haos.yml": lines([
            ...["vmid: 100", "cores: 2", "disk: 32", "networks: [{ ip: 10.20.5.1 }]", 'haos: { version: "16.3" }'],
            ...["startup: { order: 1 }", more],
          ]),
          "host_vars/docker.yml": lines([
            ...["vmid: 101", "cores: 2", "memory: 1024", "disk: 16", "networks: [{ ip: 10.20.5.2, vlan: 30 }]"],
            `cloud_init: { image: debian-13, ssh_keys: ["${KEY}"], upgrade: false }`,
            "disks: [{ size: 4 }]",
          ]),
          "host_vars/empty.yml": lines([
            ...["vmid: 103", "cores: 1", "memory: 512", "disk: 4", "networks: []", "started: false"],
            'iso: "local:iso/Win11.iso"',
          ]),
        },
      },
      [],
    );

  it("are enough to make them of a download, an image and a disc, to change them, and to destroy them", async () => {
    await run.write(labWith("memory: 2048"));
    const environment = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, labWith("memory: 2048")) };
    const apply = ["apply", "-no-color", "-auto-approve"];
    expect(await run.terraform(apply, environment)).toMatchObject({ ok: true });
    expect(Object.keys(run.testbed.state.guests)).toEqual(["100", "101", "103"]);
    expect((await run.plan(environment)).changes).toEqual({});
    await run.write(labWith("memory: 4096"));
    expect(await run.terraform(apply, environment)).toMatchObject({ ok: true });
    expect(run.testbed.state.guests[100]?.config.memory).toBe("4096");
    expect(await run.terraform(["destroy", "-no-color", "-auto-approve"], environment)).toMatchObject({ ok: true });
    expect(run.testbed.state.guests).toEqual({});
  });

  it.each(["Datastore.AllocateTemplate", "VM.Config.HWType"])("are refused without %s", async (privilege) => {
    const lab = labWith("memory: 2048");
    await run.write(lab);
    const environment = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, lab, privilege) };
    const { ok, output } = await run.terraform(["apply", "-no-color", "-auto-approve"], environment);
    expect({ ok, isRefusal: /403|Permission check failed|permission/i.test(output) }).toEqual({
      ok: false,
      isRefusal: true,
    });
    const all = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, lab) };
    await run.terraform(["destroy", "-no-color", "-auto-approve"], all);
  });
});

const NODE = `
proxmox_node:
  address: 127.0.0.1
  ssh_port: PORT
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl, iso, import] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
`;
