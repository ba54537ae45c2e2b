import { setTimeout as sleep } from "node:timers/promises";
import { removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun, type LabText } from "./harness/lab-run";

jest.setTimeout(180_000);

const CONTAINER = "proxmox_virtual_environment_container";
const LAB: LabText = {
  guests: {
    one: ["vmid: 401", "networks: [{ ip: 10.20.4.1 }]"],
    two: ["vmid: 402", "networks: [{ ip: 10.20.4.2 }]"],
    three: ["vmid: 403", "networks: [{ ip: 10.20.4.3 }]"],
  },
  groups: { configured: ["one"] },
};

describeOnTestbed("a deploy that goes wrong", () => {
  let run: LabRun;
  const configOf = (vmid: number) => run.testbed.state.guests[vmid]?.config ?? {};
  const guests = () => Object.values(run.testbed.state.guests).map(({ running, vmid }) => [vmid, running]);
  const tasks = (type: string) => run.testbed.state.tasks.filter((task) => task.type === type).map(({ id }) => id);
  const ALL = [401, 402, 403].map((vmid) => [vmid, true]);

  beforeEach(async () => {
    run = await LabRun.start();
    await run.write(LAB);
  });

  afterEach(async () => {
    await run.close();
    removeLabFolders();
  });

  async function converges(): Promise<void> {
    await run.deploy();
    expect(guests()).toEqual(ALL);
    expect((await run.plan()).changes).toEqual({});
  }

  it("sees what was changed behind its back, and puts it right", async () => {
    await run.deploy();
    configOf(401).memory = "1024";
    configOf(402).description = "by hand\n";
    delete run.testbed.state.guests[403];
    const { changes } = await run.plan();
    expect(changes).toMatchObject({
      [`${CONTAINER}.one`]: "update",
      [`${CONTAINER}.two`]: "update",
      [`${CONTAINER}.three`]: "create",
    });
    await converges();
    expect(configOf(401).memory).toBe("512");
    expect(configOf(402).description).toBeUndefined();
  });

  it("is killed while guests are created: the next one finishes it, with nothing doubled", async () => {
    run.testbed.faults.add("POST /nodes/{node}/lxc", "slow-task=1500");
    await run.terraform(["apply", "-auto-approve", "-no-color"], {}, (terraform) => {
      const looking = setInterval(() => {
        if (Object.keys(run.testbed.state.guests).length < 2) return;
        clearInterval(looking);
        terraform.kill("SIGKILL");
      }, 20);
      terraform.on("exit", () => clearInterval(looking));
    });
    await run.testbed.settled();
    run.testbed.faults.clear();
    await converges();
    expect(tasks("vzcreate").sort()).toEqual(["401", "402", "403"]);
    expect(tasks("vzdestroy")).toEqual([]);
  });

  it("loses the API in the middle: the next one finishes it", async () => {
    run.testbed.faults.add("POST /nodes/{node}/lxc", "down=1500", 1);
    await run.apply();
    await run.testbed.settled();
    await sleep(2000);
    await converges();
  });

  it("gets 596 for a create that Proxmox VE carries out: the next one finishes it", async () => {
    run.testbed.faults.add("GET /nodes/{node}/tasks/{upid}/status", "status=596", 2);
    await run.apply();
    await run.testbed.settled();
    await converges();
  });

  it.each(["cut", "cut-before"])("has its connections cut (%s): the next one finishes it", async (fault) => {
    run.testbed.faults.add("POST /nodes/{node}/lxc", fault, 2);
    run.testbed.faults.add("PUT /nodes/{node}/lxc/{vmid}/config", fault, 1);
    await run.apply();
    await run.testbed.settled();
    run.testbed.faults.clear();
    await converges();
    expect(tasks("vzcreate").sort()).toEqual(["401", "402", "403"]);
  });

  it("finds the storage full: it says so in Proxmox VE's words, and makes nothing by halves", async () => {
    run.testbed.faults.add("POST /nodes/{node}/lxc", "full=local-lvm");
    const { ok, output } = await run.apply();
    expect(ok).toBe(false);
    expect(output).toContain("No space left on device");
    await run.testbed.settled();
    expect(guests()).toEqual([]);
    expect(run.testbed.state.volumes.filter(({ vmid }) => vmid !== undefined)).toEqual([]);
    run.testbed.faults.clear();
    await converges();
  });

  it("fails with a task that fails, and leaves nothing of the guest", async () => {
    run.testbed.faults.add("POST /nodes/{node}/lxc", "fail-task=the archive is broken", 1);
    const { ok, output } = await run.apply();
    expect(ok).toBe(false);
    expect(output).toContain("the archive is broken");
    await run.testbed.settled();
    expect(guests()).toHaveLength(2);
    await converges();
  });

  it("fails with what a role said, and neither touches nor taints the guest", async () => {
    run.shell.fail("one base", { code: 3, output: "one base | error: no such package\n" });
    const { ok, output } = await run.apply();
    expect(ok).toBe(false);
    expect(output).toContain("one base | error: no such package");
    expect(output).toMatch(/exited with\s+status 3/);
    const { changes } = await run.plan();
    expect(changes).toEqual({ "null_resource.one_base": "replace" });
    run.shell.fail("one base");
    await converges();
    expect(tasks("vzdestroy")).toEqual([]);
  });

  it("finds another's guest on one of its VMIDs, and creates nothing", async () => {
    const parameters = {
      ...{ vmid: "402", hostname: "foreign", rootfs: "local-lvm:1" },
      ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    };
    await run.testbed.local({ method: "POST", path: "/nodes/pve1/lxc", parameters });
    await run.testbed.settled();
    const { ok, output } = await run.apply();
    expect(ok).toBe(false);
    expect(output).toContain('VMID 402, wanted for two, is the container "foreign" on node pve1');
    expect(guests()).toEqual([[402, false]]);
  });

  it("is refused with a wrong token, in Proxmox VE's words", async () => {
    const { output, ok } = await run.plan({
      TF_VAR_proxmox_api_token: "terraform@pve!tf=00000000-0000-4000-8000-000000000000",
    });
    expect({ ok, output }).toMatchObject({ ok: true });
    const applied = await run.terraform(["apply", "-no-color", "-auto-approve"], {
      TF_VAR_proxmox_api_token: "terraform@pve!tf=00000000-0000-4000-8000-000000000000",
    });
    expect(applied.ok).toBe(false);
    expect(applied.output).toMatch(/401|Authentication failed/);
    expect(guests()).toEqual([]);
  });
});
