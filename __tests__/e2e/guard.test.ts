import { guardPlan } from "../../cli/guard/judge";
import type { Plan } from "../../cli/guard/plan";
import type { Verdict } from "../../cli/guard/verdict";
import { askHost } from "../../cli/guard/vmids";
import type { Lab } from "../../model/lab";
import { removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun } from "./harness/lab-run";

jest.setTimeout(180_000);

describeOnTestbed("the guard", () => {
  let run: LabRun;

  async function judged(lab: Lab, options: readonly string[] = []): Promise<readonly Verdict[]> {
    await run.write(lab);
    const plan = await run.plan({}, ...options);
    if (!plan.ok) throw new Error(plan.output);
    const { output } = await run.terraform(["show", "-json", "plan"]);
    return guardPlan(JSON.parse(output) as Plan, lab);
  }
  beforeAll(async () => {
    run = await LabRun.start();
  });

  afterAll(async () => {
    await run?.close();
    removeLabFolders();
  });

  it("sees that VMIDs are free, taken by a stranger, or held by a guest of ours that Terraform lost", async () => {
    const { labToken } = run.testbed.credentials;
    const lab = run.lab({ guests: { one: ["vmid: 401"], two: ["vmid: 402"], three: ["vmid: 403"] } });
    const verdicts = await judged(lab);
    expect(verdicts.map(({ outcome, subject }) => [subject, outcome]).slice(0, 3)).toEqual([
      ["one", "created"],
      ["two", "created"],
      ["three", "created"],
    ]);
    expect(await askHost(verdicts, lab, labToken)).toEqual({ asked: true, taken: [], ours: [] });
    const make = (vmid: string, hostname: string, tags: string) =>
      run.testbed.local({
        method: "POST",
        path: "/nodes/pve1/lxc",
        parameters: {
          vmid,
          hostname,
          tags,
          rootfs: "local-lvm:1",
          ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
        },
      });
    await make("402", "foreign", "lab-other");
    await make("403", "three", "lab-lab");
    await run.testbed.settled();
    expect(await askHost(verdicts, lab, labToken)).toEqual({
      asked: true,
      taken: ['VMID 402, wanted for two, is the container "foreign" on node pve1'],
      ours: [expect.stringContaining("VMID 403 (three) is there already")],
    });
    expect(await askHost(verdicts, lab, "terraform@pve!tf=00000000-0000-4000-8000-000000000000")).toMatchObject({
      asked: false,
      why: expect.stringContaining("the token is not accepted (401)"),
    });
    expect(await askHost(verdicts, lab, undefined)).toMatchObject({ asked: false });
    for (const vmid of [402, 403]) delete run.testbed.state.guests[vmid];
  });

  it("refuses to destroy a guest that only has another name, and tells how it is kept", async () => {
    const files = { "group_vars/guests.yml": "proxmox_guest_firewall: { rules: [{ allow: SSH }] }\n" };
    await run.write({ guests: { before: ["vmid: 405"] }, files });
    await run.deploy();
    const made = run.testbed.state.guests[405];
    const lab = run.lab({ guests: { after: ["vmid: 405"] }, files });
    const failing = (await judged(lab)).find(({ outcome }) => outcome === "fails");
    expect(failing).toMatchObject({ subject: "after" });
    const fixOf = (verdict: Verdict | undefined) => verdict?.changes.map((each) => each.fix).join("") ?? "";
    const [limited] = await judged(lab, ["-target", failing?.address ?? ""]);
    expect(limited?.changes).toContainEqual(
      expect.objectContaining({ text: "VMID 405 is that of before, which still has it" }),
    );
    const moves = [...fixOf(failing).matchAll(/terraform -chdir=cdktf.out\/stacks\/lab (state mv \S+ [^\s;]+)/g)];
    expect([...fixOf(limited).matchAll(/state mv \S+ [^\s;]+/g)].flat().sort()).toEqual(
      moves.map(([, words]) => words).sort(),
    );
    expect(moves.length).toBe(3);
    for (const [, words = ""] of moves) expect(await run.terraform(words.split(" "))).toMatchObject({ ok: true });
    const moved = await judged(lab);
    expect(moved.filter(({ isDestructive }) => isDestructive)).toEqual([]);
    expect(moved.find(({ subject }) => subject === "after")).toMatchObject({
      outcome: "rebooted",
      changes: expect.arrayContaining([
        expect.objectContaining({ text: expect.stringMatching(/hostname: before → after/) }),
      ]),
    });
    await run.deploy();
    expect(run.testbed.state.guests[405]).toBe(made);
    expect(made?.config.hostname).toBe("after");
    await run.write({ guests: {} });
    await run.deploy();
  });

  it("knows a guest that left the inventory, and what goes with it", async () => {
    const kept = ["vmid: 401"];
    const gone = ["vmid: 402", "mounts: [{ path: /data, storage: local-lvm, size: 1 }, { path: /srv, source: /srv }]"];
    await run.write({ guests: { kept, gone } });
    await run.deploy();
    await run.write({ guests: { kept } });
    expect((await run.plan()).output).toMatch(/Provider configuration not present[\s\S]*\.root\b/);
    const keepRoot = { "group_vars/guests.yml": "proxmox_keep_root: true\n" };
    const lab = run.lab({ guests: { kept }, files: keepRoot });
    const [verdict] = (await judged(lab)).filter(({ isDestructive }) => isDestructive);
    expect(verdict).toMatchObject({
      subject: "gone",
      outcome: "destroyed",
      changes: [
        { text: `gone is no longer in ${lab.folder}` },
        { text: expect.stringContaining("no longer applies hardware") },
      ],
      losses: {
        lost: [
          "root disk (local-lvm, 4 GiB)",
          expect.stringMatching(/^volume \/data \(local-lvm:vm-402-disk-\d+, 1 GiB\)$/),
        ],
        kept: ["/srv (bound from /srv of the node)"],
      },
    });
  });
});
