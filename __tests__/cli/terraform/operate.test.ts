import { existsSync } from "node:fs";
import { dirname } from "node:path";
import pc from "picocolors";
import { rebuild } from "../../../cli/rebuild";
import type { OperateOptions } from "../../../cli/terraform/operate";
import { container, hosts } from "../../support/lab-folder";
import { folder, GIVEN, run, standIn, VAULT } from "./stand-in";

jest.setTimeout(30_000);

const DB = { "host_vars/db.yml": container("vmid: 302") };

describe("npm run diff and deploy", () => {
  it("let Terraform collect its garbage less often, unless the environment says how often", async () => {
    const { started } = await run(folder(), ["diff", "lab"], GIVEN);
    for (const { env } of started)
      expect(env).toMatchObject({ GOGC: "400", GOMEMLIMIT: /^\d+MiB$/.exec(env.GOMEMLIMIT!)?.[0] });
    const own = await run(folder(), ["diff", "lab"], { ...GIVEN, GOGC: "50", GOMEMLIMIT: "1GiB" });
    expect(own.started[1]!.env).toMatchObject({ GOGC: "50", GOMEMLIMIT: "1GiB" });
  });

  it("say by the exit code that something would change, where that is asked for", async () => {
    expect((await run(folder(), ["diff", "lab", "-detailed-exitcode"], GIVEN)).code).toBe(2);
  });

  it("plan without a host, credentials or the vault password where they are told to", async () => {
    const { code, started } = await run(folder(), ["diff", "lab", "--offline"]);
    expect(code).toBe(0);
    expect(started[1]!.env.TF_VAR_proxmox_api_token).toMatch(/^\S+@\S+!\S+=[a-f0-9-]{36}$/);
    const own = await run(folder(), ["diff", "lab", "--offline"], GIVEN);
    expect(own.started[1]!.env).toMatchObject(GIVEN);
    expect((await run(folder(VAULT), ["diff", "lab", "--offline"])).code).toBe(0);
    expect((await run(folder(), ["diff", "lab"])).code).toBe(1);
  });

  it("plan for the hosts and groups of --limit alone, with all their steps", async () => {
    const cwd = folder({ "hosts.yml": hosts({ guests: ["web", "db"], web_group: ["web"] }), ...DB });
    const targets = async (...args: string[]) => {
      const { started } = await run(cwd, ["diff", "lab", ...args], GIVEN);
      return started.at(-1)!.args.flatMap((each) => (each.startsWith("-target=") ? [each.slice(8)] : []));
    };
    const web = ["proxmox_virtual_environment_container.web", "null_resource.web_base"];
    expect((await targets("--limit", "web")).sort()).toEqual(web.sort());
    expect(await targets("-l", "web_group")).toEqual(await targets("--limit=all,!db,!pve1"));
    expect((await targets("-l", "web", "--limit", "db")).length).toBe(4);
    expect(await targets()).toEqual([]);
    await expect(run(cwd, ["diff", "lab", "-l", "wep"], GIVEN)).rejects.toThrow('did you mean "web"');
    await expect(run(cwd, ["diff", "lab", "--limit", "web,!web_group"], GIVEN)).rejects.toThrow("nobody is left");
  });

  it("initialize once for a stack as it is", async () => {
    const cwd = folder();
    await run(cwd, ["diff", "lab"], GIVEN);
    expect((await run(cwd, ["diff", "lab"], GIVEN)).commands).toEqual(["init", "plan", "plan"]);
  });

  it("apply the very plan that was shown, which only its owner can read while it is there", async () => {
    const { code, started, commands } = await run(
      folder(),
      ["deploy", "lab", "--auto-approve", "-parallelism=3", "-refresh=false"],
      GIVEN,
    );
    expect(code).toBe(0);
    expect(commands).toEqual(["init", "plan", "apply"]);
    const file = started[1]!.args.find((each) => each.startsWith("-out="))!.slice("-out=".length);
    expect(started[2]!.args).toEqual(["apply", "-input=false", "-json", "-parallelism=3", file]);
    expect(existsSync(dirname(file))).toBe(false);
  });

  it("apply nothing where nothing changes, nobody says yes, or nobody can be asked", async () => {
    const nothing = await run(folder(), ["deploy", "lab", "-nothing"], GIVEN);
    expect(nothing).toMatchObject({ code: 0, commands: ["init", "plan"] });
    const asked = await run(folder(), ["deploy", "lab"], GIVEN, { confirm: async () => "y" });
    expect(asked).toMatchObject({ code: 1, commands: ["init", "plan"] });
    const alone = await run(folder(), ["deploy", "lab"], GIVEN);
    expect(alone).toMatchObject({ code: 1, told: expect.stringContaining("--auto-approve") });
    const yes = await run(folder(), ["deploy", "lab"], GIVEN, { confirm: async () => "yes\n" });
    expect(yes).toMatchObject({ code: 0, commands: ["init", "plan", "apply"] });
  });

  it("let a gate look at the plan before anybody is asked, and end with what it says", async () => {
    const seen: string[] = [];
    const gate: OperateOptions["gate"] = ({ lab, plan }) => {
      seen.push(lab.name, JSON.stringify(plan));
      return 3;
    };
    const { code, commands } = await run(folder(), ["deploy", "lab", "--auto-approve"], GIVEN, { gate });
    expect(code).toBe(3);
    expect(commands).toEqual(["init", "plan", "show"]);
    expect(seen).toEqual(["lab", '{"resource_changes":[]}']);
  });

  it("say at the end of a diff what the plan comes to, of a plan that is kept where the user wants it, too", async () => {
    const view: OperateOptions["view"] = ({ io, plan }) => io.out(`seen ${JSON.stringify(plan)}`);
    const own = await run(folder(), ["diff", "lab"], GIVEN, { view });
    expect(own).toMatchObject({ code: 0, told: 'seen {"resource_changes":[]}', commands: ["init", "plan", "show"] });
    for (const words of [["-out=/tmp/kept"], ["-out", "/tmp/kept"]]) {
      const { started } = await run(folder(), ["diff", "lab", ...words], GIVEN, { view });
      expect(started[1]!.args.slice(-words.length)).toEqual(words);
      expect(started[1]!.args.filter((word) => word.startsWith("-out="))).toHaveLength(words.length === 1 ? 1 : 0);
      expect(started[2]!.args).toEqual(["show", "-json", "/tmp/kept"]);
    }
    for (const words of [["-nothing"], ["-json"]])
      expect((await run(folder(), ["diff", "lab", ...words], GIVEN, { view })).commands).toEqual(["init", "plan"]);
  });

  it("plan nothing while the host does not answer, unless it is not asked", async () => {
    const probe: OperateOptions["probe"] = async (lab) => [
      {
        rule: "api-unreachable",
        severity: "error",
        at: lab.connection.source.at,
        message: "no answer",
        fix: "plug it in",
      },
    ];
    const { code, commands, told } = await run(folder(), ["diff", "lab"], GIVEN, { probe });
    expect({ code, commands }).toEqual({ code: 1, commands: [] });
    expect(told).toMatch(
      /group_vars\/all\.yml:2:\d+ error no answer; plug it in\nlab: 1 error; Terraform was not started/,
    );
    expect((await run(folder(), ["diff", "lab", "--offline"], GIVEN, { probe })).commands).toEqual(["init", "plan"]);
    await expect(run(folder(), ["deploy", "lab", "--offline"], GIVEN, { probe })).rejects.toThrow(
      /--offline is for npm/,
    );
  });

  it("apply nothing while a node lets no step in, and say so of a plan as a warning", async () => {
    const problem = (severity: "error" | "warning") => ({
      rule: "node-login",
      severity,
      message: "no way in",
      fix: "mend it",
    });
    const logins: OperateOptions["logins"] = async () => [problem("error")];
    const view = () => undefined;
    const deploy = ["deploy", "lab", "--auto-approve"];
    const refused = await run(folder(), deploy, GIVEN, { logins });
    expect(refused).toMatchObject({ code: 1, commands: ["init", "plan", "show"] });
    expect(refused.told).toBe("error no way in; mend it\nlab: 1 error; nothing was applied");
    const warned = await run(folder(), deploy, GIVEN, { logins: async () => [problem("warning")] });
    expect(warned).toMatchObject({ code: 0, commands: ["init", "plan", "show", "apply"] });
    const planned = await run(folder(), ["diff", "lab"], GIVEN, { logins, view });
    expect(planned).toMatchObject({ code: 0, told: "warning no way in; mend it" });
    expect(await run(folder(), ["diff", "lab", "--offline"], GIVEN, { logins, view })).toMatchObject({ told: "" });
    expect((await run(folder(), deploy, GIVEN, { logins, gate: () => 3 })).code).toBe(3);
  });

  it("are answered by lab rebuild with its own option where nobody can be asked", async () => {
    const cwd = folder();
    const lines: string[] = [];
    const tell = (text: string) => void lines.push(text);
    const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
    const program = standIn(cwd);
    expect(await rebuild("lab/web", { environment: GIVEN, program }, io)).toBe(1);
    expect(lines.join("\n")).toMatch(/nothing was applied; to apply without a question: --yes$/);
  });

  it("show what a step says when it fails, with host, role and the way there", async () => {
    const resource = { addr: "null_resource.web_base" };
    const output = "web base | error: packages htop: install_packages htop ended with status 100";
    const EVENTS = JSON.stringify([
      { type: "apply_start", hook: { resource, action: "create" } },
      { type: "provision_progress", hook: { resource, output } },
      { type: "apply_errored", hook: { resource, action: "create" } },
    ]);
    const args = ["deploy", "lab", "--auto-approve"];
    const { told } = await run(folder(), args, { ...GIVEN, EVENTS });
    expect(told).toContain(`FAILED web base (root@192.168.1.10: pct exec 301 --)\n  ${output}`);
  });

  it("tell what terraform init says when it fails", async () => {
    const { code, told } = await run(
      folder(),
      ["diff", "lab"],
      { ...GIVEN, TERRAFORM_BINARY_NAME: "none" },
      {
        program: [process.execPath, "-e", "console.error('no such provider'); process.exit(1)"],
      },
    );
    expect(code).toBe(1);
    expect(told).toMatch(/no such provider\nterraform init failed, in cdktf\.out\/stacks\/lab/);
  });
});
