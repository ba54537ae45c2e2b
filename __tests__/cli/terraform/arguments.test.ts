import { existsSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { UsageError } from "../../../cli/output";
import { parseArguments } from "../../../cli/terraform/arguments";
import { container } from "../../support/lab-folder";
import { folder, GIVEN, run } from "./stand-in";

jest.setTimeout(30_000);

describe("what stands behind npm run diff and deploy: they", () => {
  it("take no option of terraform plan for a slip in one of their own", async () => {
    // terraform plan -help, 1.11
    const plan =
      "compact-warnings destroy detailed-exitcode generate-config-out input json lock lock-timeout no-color out parallelism refresh refresh-only replace state target var var-file";
    const options = plan.split(" ").map((name) => `-${name}`);
    const io = { cwd: folder(), out: () => undefined, err: () => undefined, colors: pc.createColors(false) };
    for (const command of ["diff", "deploy"] as const)
      expect(parseArguments(command, ["lab", ...options], io).rest).toEqual(options);
  });

  it.each([
    ["--ask-vault-pass", /--vault-password-file FILE, LAB_VAULT_PASSWORD_FILE/],
    ["--ask_vault_pass", /nobody is asked/],
    ["--vault-id=me@prompt", /write --vault-password-file \[ID@\]FILE/],
    ["--hosts=web", /--limit HOSTS/],
    ["--list-hosts", /lab list LAB/],
    ["--tags", /-replace=/],
    ["--check", /npm run diff -- LAB/],
    ["-e", /in the inventory/],
    ["-vvv", /write --verbose/],
    ["--forks=9", /-parallelism=N/],
    ["-K", /proxmox_ssh_user/],
    ["--yes", /--auto-approve/],
  ])("know that %s is another program's, and say what there is instead", async (option, instead) => {
    for (const command of ["diff", "deploy"]) {
      const cwd = folder();
      await expect(run(cwd, [command, "lab", option], GIVEN)).rejects.toThrow(instead);
      expect(existsSync(join(cwd, "calls.jsonl"))).toBe(false);
    }
  });

  it.each([["-l", "web,db"], ["-l=web,db"], ["-lweb,db"], ["--limit=web", "-l", "db"]])(
    "take hosts by %s %s",
    (...args) => {
      const io = { cwd: folder(), out: () => undefined, err: () => undefined, colors: pc.createColors(false) };
      expect(parseArguments("diff", ["lab", ...args, "-lock=false"], io)).toMatchObject({
        limit: "web,db",
        rest: ["-lock=false"],
      });
    },
  );

  it("refuse for a diff what only a deployment takes", async () => {
    for (const option of ["--auto-approve", "--allow=web"])
      await expect(run(folder(), ["diff", "lab", option], GIVEN)).rejects.toThrow("are for npm run deploy");
  });

  it("print how they are used, whatever else is given", async () => {
    const help = await run(folder(), ["diff", "--help"]);
    expect(help).toMatchObject({
      code: 0,
      commands: [],
      told: expect.stringMatching(/Usage: npm run diff -- LAB[\s\S]*--offline/),
    });
    const { told } = await run(folder(), ["deploy", "lab", "-h"]);
    expect(told).toMatch(/Usage: npm run deploy -- LAB[\s\S]*--auto-approve[\s\S]*--allow NAME/);
  });

  it("ask for a lab, and tell the mistakes of one", async () => {
    await expect(run(folder(), ["diff"])).rejects.toThrow(UsageError);
    await expect(run(folder(), ["diff", "lba"])).rejects.toThrow(/did you mean "lab"/);
    await expect(run(folder(), ["diff", "lab", "--ofline"])).rejects.toThrow("did you mean --offline?");
    await expect(run(folder(), ["deploy", "lab", "--alow=web"])).rejects.toThrow("did you mean --allow?");
    for (const slip of ["--Offline", "--off", "—offline"])
      await expect(run(folder(), ["diff", "lab", slip])).rejects.toThrow("did you mean --offline?");
    await expect(run(folder(), ["deploy", "lab", "--auto_approve"])).rejects.toThrow("did you mean --auto-approve?");
    await expect(run(folder(), ["deploy", "lab", "--allow", "--auto-approve"])).rejects.toThrow("the name of a guest");
    const broken = await run(folder({ "host_vars/web.yml": container("vmid: no") }), ["diff", "lab"]);
    expect(broken).toMatchObject({ code: 1, told: expect.stringContaining("mend them first") });
  });
});
