import { loadLab } from "../../model";
import { pveumCommands } from "../../model/credential-roles";
import type { Lab } from "../../model/lab";
import { newSecret } from "../../testbed/api/auth/tickets";
import { describeOnTestbed, LabRun } from "./harness/lab-run";

jest.setTimeout(180_000);

const USER = "terraform@pve";

describeOnTestbed("the roles that `lab credentials` prints for the lab tiers", () => {
  let run: LabRun;
  let lab: Lab;
  let token: string;

  /** Does what the printed commands do, but for one privilege. */
  function grant(without?: string): void {
    const { state } = run.testbed;
    const secret = newSecret();
    const commands = pveumCommands(lab).join("\n");
    state.acl = [];
    state.users[USER] = { enable: 1, expire: 0, groups: [], tokens: {} };
    const name = /user token add \S+ (\S+)/.exec(commands)?.[1] ?? "";
    state.users[USER].tokens[name] = { secret, privsep: 1, expire: 0 };
    for (const [, role = "", privileges = ""] of commands.matchAll(/role add (\S+) --privs "([^"]+)"/g)) {
      state.roles[role] = privileges.split(" ").filter((privilege) => privilege !== without);
    }
    for (const [, path = "", roleid = "", propagate] of commands.matchAll(
      /acl modify (\S+) \$who --roles (\S+) --propagate (\d)/g,
    )) {
      const entry = { path, roleid, propagate: Number(propagate) };
      state.acl.push({ ...entry, type: "user", ugid: USER }, { ...entry, type: "token", ugid: `${USER}!${name}` });
    }
    run.testbed.changed();
    token = `${USER}!${name}=${secret}`;
  }

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
