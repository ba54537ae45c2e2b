import { type BackupJobProps, BackupPlan } from "../../constructs/backup-plan";
import { TestStack } from "../support/synth";

const JOB: BackupJobProps = {
  name: "nightly",
  schedule: "02:30",
  storage: "plato",
  what: [302, 99999, 301],
  keep: { "keep-daily": 7 },
};

function made(changes: Partial<BackupJobProps> = {}) {
  const stack = new TestStack();
  new BackupPlan(stack, "backups", { jobs: [{ ...JOB, ...changes }] });
  const { "//": _, ...block } = stack.synth().resource.proxmox_backup_job?.nightly ?? {};
  return block;
}

describe("a backup job", () => {
  it("names its guests in order, and states what Proxmox VE would fill in", () => {
    expect(made()).toEqual({
      ...{ id: "nightly", schedule: "02:30", storage: "plato", enabled: true, mode: "snapshot", compress: "zstd" },
      ...{ vmid: ["301", "302", "99999"], prune_backups: { "keep-daily": "7" } },
      ...{ notes_template: "{{guestname}}", repeat_missed: false },
    });
  });

  it("takes the whole cluster or a pool, and then no list", () => {
    expect(made({ what: "cluster" })).toMatchObject({ all: true });
    expect(made({ what: { pool: "one" } })).toMatchObject({ pool: "one" });
    for (const what of ["cluster", { pool: "one" }] as const) expect(made({ what })).not.toHaveProperty("vmid");
    expect(made()).not.toHaveProperty("all");
  });

  it("runs where it is told, and says all else that it is told", () => {
    const said = {
      node: "pve1",
      mailTo: ["a@b"],
      mailWhen: "failure",
      bandwidthKiBps: 9,
      changeDetection: "data",
    } as const;
    expect(made(said)).toMatchObject({
      ...{ node: "pve1", mailto: ["a@b"], mailnotification: "failure", bwlimit: 9 },
      pbs_change_detection_mode: "data",
    });
  });

  it("of no guest is refused", () => {
    expect(() => made({ what: [] })).toThrow("[lab/backups] nightly.what: expected at least one VMID");
  });
});
