import { loadLab } from "../../model";
import type { Lab } from "../../model/lab";
import { describeOnTestbed, LabRun } from "./harness/lab-run";
import { grantPrinted } from "./harness/roles";

jest.setTimeout(180_000);

describeOnTestbed("the roles that `lab credentials` prints for the lab tiers", () => {
  let run: LabRun;
  let lab: Lab;
  let token: string;

  const grant = (without?: string): void => {
    token = grantPrinted(run.testbed, lab, without);
  };

  const apply = () =>
    run.terraform(["apply", "-no-color", "-auto-approve", "-parallelism=40"], { TF_VAR_proxmox_api_token: token });

  beforeAll(async () => {
    const { lab: tiers } = loadLab("tiers");
    if (!tiers) throw new Error("the lab tiers has errors");
    run = await LabRun.start();
    const { connection, nodes } = tiers;
    lab = {
      ...tiers,
      connection: { ...connection, endpoint: `${run.testbed.url}/`, verifyTls: false, sshUser: run.shell.user },
      nodes: nodes.map((node) => ({ ...node, address: "127.0.0.1", sshPort: run.shell.port })),
    };
    await run.write(lab);
  });

  afterAll(async () => {
    await run?.close();
  });

  it.each(["Sys.AccessNetwork", "SDN.Use", "Datastore.AllocateSpace", "VM.Config.Network"])(
    "are refused without %s",
    async (privilege) => {
      grant(privilege);
      const { ok, output } = await apply();
      expect(ok).toBe(false);
      expect(output).toMatch(/403|Permission check failed|permission/i);
      grant();
      await run.terraform(["destroy", "-no-color", "-auto-approve"], { TF_VAR_proxmox_api_token: token });
      await run.testbed.reset();
    },
  );

  it("are enough to deploy it, to plan it again and to destroy it", async () => {
    grant();
    const { ok, output } = await apply();
    expect({ ok, output: ok ? "" : output }).toEqual({ ok: true, output: "" });
    expect(Object.keys(run.testbed.state.guests)).toEqual(["301", "302", "303", "304"]);
    expect((await run.plan({ TF_VAR_proxmox_api_token: token })).changes).toEqual({});
    const destroyed = await run.terraform(["destroy", "-no-color", "-auto-approve"], {
      TF_VAR_proxmox_api_token: token,
    });
    expect(destroyed.ok).toBe(true);
    expect(Object.keys(run.testbed.state.guests)).toEqual([]);
  });
});
