import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pc from "picocolors";
import { loadLab } from "../../model";
import { pveumCommands, tokenRoles } from "../../model/credential-roles";
import type { Lab } from "../../model/lab";
import { startTestbed, type Testbed } from "../../testbed/api/index";
import { createToken } from "../../testbed/demo/credentials";
import { differences, type ShownGuest } from "../../testbed/demo/guests";
import { Progress } from "../../testbed/demo/progress";
import { DemoProject } from "../../testbed/demo/project";
import { Interrupted, reasons, runTool, ToolError } from "../../testbed/demo/tool";
import { describeWithTerraform } from "../support/terraform";

const ROOT = resolve(__dirname, "../..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-demo-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tiers(cwd = ROOT): Lab {
  const { lab, problems } = loadLab("tiers", { cwd });
  if (!lab) throw new Error(problems.map(({ message }) => message).join("\n"));
  return lab;
}

describe("the demo's token", () => {
  let testbed: Testbed;
  beforeEach(async () => {
    testbed = await startTestbed({ authDelayMs: 0 });
  });
  afterEach(() => testbed.close());

  const call = (token: string, method: string, url: string, body?: string) =>
    testbed.inject({
      ...{ method, url: `/api2/json${url}`, headers: { authorization: `PVEAPIToken=${token}` } },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });

  it("has the roles that lab credentials prints, on their paths, and no others", async () => {
    const lab = tiers();
    const token = await createToken(lab, testbed.local);
    expect(token).toMatch(/^terraform@pve!tf-tiers=[0-9a-f-]{36}$/);
    const printed = pveumCommands(lab);
    for (const { privileges, role } of tokenRoles(lab)) {
      expect([...(testbed.state.roles[role] ?? [])].sort()).toEqual(privileges);
      expect(printed).toContain(`pveum role add ${role} --privs "${privileges.join(" ")}"`);
    }
    for (const ugid of ["terraform@pve", "terraform@pve!tf-tiers"]) {
      const granted = testbed.state.acl
        .filter((entry) => entry.ugid === ugid)
        .map(
          ({ path, propagate, roleid }) => `  pveum acl modify ${path} $who --roles ${roleid} --propagate ${propagate}`,
        );
      expect(granted.sort()).toEqual(printed.filter((line) => line.startsWith("  pveum acl")).sort());
    }
  });

  it("may see guests, and may not make users", async () => {
    const token = await createToken(tiers(), testbed.local);
    expect((await call(token, "GET", "/nodes/pve1/lxc")).status).toBe(200);
    expect((await call(token, "POST", "/access/users", "userid=x%40pve")).status).toBe(403);
  });

  it("says in Proxmox VE's words why it cannot be made", async () => {
    await expect(createToken(tiers(), async () => ({ status: 500, message: "no quorum" }))).rejects.toThrow(
      "POST /access/roles: 500 no quorum",
    );
  });
});

describe("the demo's project", () => {
  it("is the tiers lab, at the testbed's addresses", () => {
    const lines = new DemoProject(folder).pointAt({ port: 12345, sshPort: 23456 });
    expect(lines).toContain("  proxmox_api_port: 12345");
    const { connection, guests, nodes } = tiers(folder);
    expect(connection).toMatchObject({ endpoint: "https://127.0.0.1:12345/", verifyTls: false });
    expect(nodes).toMatchObject([{ name: "pve1", address: "127.0.0.1", sshPort: 23456 }]);
    const withoutPlaces = (lab: readonly Lab["guests"][number][]) =>
      lab.map(({ name, memoryMiB, nics }) => ({ name, memoryMiB, nics }));
    expect(withoutPlaces(guests)).toEqual(withoutPlaces(tiers().guests));
  });

  it("never leads SSH to this machine's own sshd", () => {
    new DemoProject(folder).pointAt({ port: 12345 });
    expect(tiers(folder).nodes).toMatchObject([{ address: "127.0.0.1", sshPort: 9 }]);
  });

  it("gives a tier another memory by one line, and leaves the project's inventory alone", () => {
    const original = readFileSync(join(ROOT, "inventory/tiers/group_vars/small_servers.yml"), "utf8");
    const project = new DemoProject(folder);
    expect(project.setTierMemory("small_servers", 3072)).toEqual([
      "inventory/tiers/group_vars/small_servers.yml",
      "- lxc_memory: 2048",
      "+ lxc_memory: 3072",
    ]);
    const memory = (lab: Lab) => Object.fromEntries(lab.guests.map(({ name, memoryMiB }) => [name, memoryMiB]));
    expect(memory(tiers(folder))).toEqual({ ...memory(tiers()), codeserver: 3072, frontend: 3072 });
    expect(readFileSync(join(ROOT, "inventory/tiers/group_vars/small_servers.yml"), "utf8")).toBe(original);
    expect(() => project.setTierMemory("small_servers", 3072)).toThrow('expected a line "lxc_memory: …" with another');
  });

  describe("steps", () => {
    const STEPS = ["codeserver_base", "codeserver_service-agents", "media_nvidia", "pve1_hardware"];
    const standIns = (inert: boolean) => {
      const project = new DemoProject(folder);
      mkdirSync(project.stack, { recursive: true });
      const steps = Object.fromEntries(STEPS.map((name) => [name, { provisioner: [] }]));
      writeFileSync(join(project.stack, "cdk.tf.json"), JSON.stringify({ resource: { null_resource: steps } }));
      const found = project.standIn(inert).map(({ step }) => step);
      const file = join(project.stack, "testbed_override.tf.json");
      const { resource } = JSON.parse(readFileSync(file, "utf8"));
      expect(Object.keys(resource.null_resource)).toEqual(found);
      return found;
    };

    it("that need what the testbed lacks are replaced", () => {
      expect(standIns(false)).toEqual(["codeserver_service-agents", "media_nvidia"]);
    });

    it("are all replaced where guests are inert", () => expect(standIns(true)).toEqual(STEPS));
  });
});

describe("a deployed guest", () => {
  const [guest] = tiers().guests;
  if (!guest) throw new Error("the lab tiers has no guest");
  const inside = {
    hostname: "codeserver",
    system: "Debian",
    timeZone: "Europe/Berlin",
    docker: "26.1.5, compose 2.26",
  };
  const shown: ShownGuest = {
    ...{ name: "codeserver", vmid: 301, status: "running", address: "192.168.1.51", cores: "2", memoryMiB: "2048" },
    ...{ tags: "docker", inside },
  };

  it("is compared with the inventory", () => {
    const { inside: _, ...inert } = shown;
    for (const each of [shown, inert]) expect(differences(guest, each)).toEqual([]);
    expect(differences(guest, undefined)).toContain("codeserver: status: expected running, got nothing");
    const other = { ...shown, memoryMiB: "512", inside: { ...inside, docker: ", compose " } };
    expect(differences(guest, other)).toEqual([
      "codeserver: memory: expected 2048, got 512",
      "codeserver: docker: expected an engine that answers, with compose, got , compose ",
    ]);
  });
});

describe("a tool", () => {
  const shell = (script: string, signal = new AbortController().signal) =>
    runTool("tool", "sh", ["-c", script], { folder, environment: {}, signal });

  it("gives what it printed, without colours", async () => {
    expect(await shell("printf '\\033[1mone\\033[0m\\n'; echo two >&2")).toMatch(/^one\ntwo\n?$/);
  });

  it("fails with what it printed", async () => {
    const error = await shell("echo why; exit 3").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ToolError);
    expect(error).toMatchObject({ command: "tool", output: expect.stringContaining("why") });
  });

  it("ends with all that it started, also in sessions of their own, when the user interrupts", async () => {
    const abort = new AbortController();
    const file = join(folder, "pid");
    const running = shell(`setsid sh -c 'echo $$ >${file}; exec sleep 60' & wait`, abort.signal);
    while (!existsSync(file) || readFileSync(file, "utf8") === "") await new Promise((done) => setTimeout(done, 10));
    abort.abort();
    await expect(running).rejects.toBeInstanceOf(Interrupted);
    const pid = readFileSync(file, "utf8").trim();
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "gone";
    expect(state).toMatch(/^gone|\) Z /);
  });

  it("is not started after an interruption", async () => {
    await expect(shell("exit 3", AbortSignal.abort())).rejects.toBeInstanceOf(Interrupted);
  });

  it("tells the reason of a failure: the words of the step, then Terraform's", () => {
    const output = [
      "tiers  null_resource.media_docker (media/docker/Default) (remote-exec): media docker | Unpacking docker.io",
      "       null_resource.media_docker (media/docker/Default) (remote-exec): media docker | error: docker: no overlay",
      "       null_resource.media_docker (media/docker/Default) (remote-exec): media docker: failed with status 1; what it said is above",
      "tiers  Error: remote-exec provisioner error",
      "",
      "         with null_resource.media_docker (media/docker/Default),",
    ];
    expect(reasons(output.join("\n")).map((line) => line.trim())).toEqual([
      "media docker | error: docker: no overlay",
      "media docker: failed with status 1; what it said is above",
      "Error: remote-exec provisioner error",
      "with null_resource.media_docker (media/docker/Default),",
    ]);
  });
});

describe("progress", () => {
  const shown = async (isTerminal: boolean, work: () => Promise<void>) => {
    let text = "";
    const out = (more: string): void => {
      text += more;
    };
    const progress = new Progress({ out, colors: pc.createColors(false), isTerminal });
    await progress.stage("Stage", work).catch(() => undefined);
    return text;
  };

  it("is one line a stage with its seconds", async () => {
    expect(await shown(false, async () => undefined)).toMatch(/^ +\d+\.\d s {2}Stage\n$/);
  });

  it("says when a stage failed, and when the user ended it", async () => {
    expect(await shown(false, () => Promise.reject(new Error("no")))).toMatch(/Stage: failed\n$/);
    expect(await shown(false, () => Promise.reject(new Interrupted()))).toMatch(/Stage: interrupted\n$/);
  });

  it("shows on a terminal the seconds of the stage that runs", async () => {
    const text = await shown(true, () => new Promise((done) => setTimeout(done, 250)));
    expect(text).toContain("Stage …");
    expect(text).toMatch(/Stage\n$/);
  });
});

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the demo as a user does, with folders of its own. @param interruptAfter what it has said when Ctrl-C comes */
function demo(environment: NodeJS.ProcessEnv = {}, interruptAfter?: string): Promise<Ended> {
  const args = ["--require", "./scripts/typescript.cjs", "testbed/demo.ts", "--inert"];
  const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
  const own = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder, NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...inherited, ...own, ...environment } });
  let text = "";
  const read = (block: Buffer): void => {
    text += block.toString();
    if (interruptAfter !== undefined && text.includes(interruptAfter)) child.kill("SIGINT");
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  return new Promise((done) => child.on("close", (code) => done({ code, text })));
}

const leftovers = () =>
  ["proxmox-lab-testbed-run", "proxmox-lab-testbed"].flatMap((name) =>
    existsSync(join(folder, name)) ? readdirSync(join(folder, name)) : [],
  );

describe("npm run demo", () => {
  it("says what is missing without Terraform, and leaves nothing", async () => {
    const { code, text } = await demo({ PATH: folder });
    expect(code).toBe(1);
    expect(text).toContain("Missing: Terraform on PATH");
    expect(leftovers()).toEqual([]);
  }, 30_000);
});

describeWithTerraform("npm run demo with Terraform", () => {
  it("deploys, sees no change, changes one tier, destroys, and leaves nothing", async () => {
    const { code, text } = await demo();
    expect(text).toContain("Guests are inert");
    expect(text).toMatch(/codeserver +301 +running +192\.168\.1\.51 +2 +2048 /);
    expect(text).toContain("No changes. Your infrastructure matches the configuration.");
    expect(text).toContain("Plan: 0 to add, 2 to change, 0 to destroy.");
    expect(text).toContain("Now: codeserver 3072 MiB, frontend 3072 MiB, media 8192 MiB");
    expect(text).toMatch(/Destroy complete! Resources: \d+ destroyed\./);
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  }, 180_000);

  it("takes everything down when it is interrupted in the middle of a deploy", async () => {
    const { code, text } = await demo({}, "root@pam acts for");
    expect(text).toContain("npx cdktf deploy tiers: interrupted");
    expect(code).toBe(130);
    expect(leftovers()).toEqual([]);
  }, 60_000);
});
