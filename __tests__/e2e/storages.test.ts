import { removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun, type LabText } from "./harness/lab-run";
import { grantPrinted } from "./harness/roles";

jest.setTimeout(240_000);

const FINGERPRINT = Array.from({ length: 32 }, () => "ab").join(":");

const STORAGES = `
proxmox_storages:
  isos: { type: dir, path: "/srv/\${isos}", content: [iso, vztmpl, backup] }
  nas: { type: nfs, server: 10.0.0.10, export: /srv/nas, options: vers=4.2, content: [backup, rootdir], nodes: [pve1] }
  smb:
    { type: cifs, server: 10.0.0.11, share: backup, username: backup, password: { secret: smb_word }, content: [backup] }
  tank:
    type: zfspool
    pool: rpool/guests
    content: [rootdir, images]
    nodes: [pve1]
    dataset: { properties: [compression=zstd] }
  plato:
    { type: pbs, server: 10.0.0.12, datastore: main, namespace: lab, username: backup@pbs!lab, password: { secret: pbs_word }, fingerprint: "${FINGERPRINT}" }
proxmox_template_storage: isos
`;
const JOBS = `
proxmox_backup_jobs:
  nightly: { schedule: "02:30", storage: plato, keep: { daily: 7, weekly: 4 }, notes: "{guest} ({vmid}) \${x}" }
  pool:
    { schedule: "sat 18:15", storage: isos, pool: one, keep: all, mail_to: [root@example.org], mail_when: failure, bandwidth: 1000 }
  whole:
    { schedule: daily, storage: plato, guests: cluster, keep: { last: 3 }, mode: stop, repeat_missed: true, enabled: false, node: pve1 }
`;
const SECRETS = { TF_VAR_smb_word: "canary-smb", TF_VAR_pbs_word: "canary-pbs" };

describeOnTestbed("storages and backup jobs of a lab", () => {
  let run: LabRun;
  beforeAll(async () => {
    run = await LabRun.start();
  });
  afterAll(async () => {
    await run.close();
    removeLabFolders();
  });

  const text = (jobs: string, storages = STORAGES): LabText => ({
    guests: {
      web: ["vmid: 211", "storage: tank"],
      db: ["vmid: 212", "storage: nas", "template: downloaded"],
      tmp: ["vmid: 213", "not_backed_up: scratch"],
    },
    files: { "group_vars/guests.yml": storages + jobs },
  });

  it("are made before what uses them, with the rights that are printed; a second plan is empty", async () => {
    const lab = run.lab(text(JOBS));
    run.testbed.state.pools.one = { guests: [], storages: [] };
    await run.write(lab);
    const given = { ...SECRETS, TF_VAR_proxmox_api_token: grantPrinted(run.testbed, lab) };
    const applied = await run.terraform(["apply", "-auto-approve", "-no-color"], given);
    expect(applied.output).toContain("Apply complete!");
    expect(applied.output).not.toMatch(/canary/);
    expect((await run.plan(given)).changes).toEqual({});
    const { guests, storages } = run.testbed.state;
    expect(storages).toMatchObject({
      isos: { type: "dir", path: "/srv/${isos}", nodes: "pve1,pve2" },
      nas: { type: "nfs", export: "/srv/nas", nodes: "pve1", options: "vers=4.2" },
      smb: { type: "cifs", share: "backup", username: "backup" },
      tank: { type: "zfspool", pool: "rpool/guests", sparse: 1 },
      plato: { type: "pbs", datastore: "main", namespace: "lab", username: "backup@pbs!lab", content: "backup" },
    });
    expect(guests[211]?.config.rootfs).toContain("tank:");
    expect(run.shell.taken()).toContain("pve1 zfs-dataset");
    expect(run.testbed.state.sections["cluster/backup"]).toMatchObject({
      nightly: { vmid: "211,212", "notes-template": "{{guestname}} ({{vmid}}) ${x}" },
      pool: { pool: "one", mailto: "root@example.org" },
      whole: { all: 1, mode: "stop", enabled: 0, node: "pve1" },
    });
  });

  it("are changed in place, but for a password, which takes the entry out and in again", async () => {
    const changed = text(
      JOBS.replace("daily: 7", "daily: 9"),
      STORAGES.replace("[iso, vztmpl, backup]", "[vztmpl, backup]"),
    );
    await run.write(run.lab(changed));
    const token = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, run.lab(changed)) };
    const given = { ...SECRETS, ...token, TF_VAR_pbs_word: "canary-new" };
    expect((await run.plan(given)).changes).toEqual({
      "proxmox_storage_directory.isos": "update",
      "proxmox_storage_pbs.plato": "replace",
      "proxmox_backup_job.nightly": "update",
    });
    const applied = await run.terraform(["apply", "-auto-approve", "-no-color"], given);
    expect(applied.output).toContain("Apply complete!");
    expect((await run.plan(given)).changes).toEqual({});
    const gone = await run.terraform(["destroy", "-auto-approve", "-no-color"], given);
    expect(gone.output).toContain("Destroy complete!");
    expect(Object.keys(run.testbed.state.storages)).not.toContain("plato");
  });
});
