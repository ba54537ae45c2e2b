import { spawn, spawnSync } from "node:child_process";
import fs, { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Batch, batchesOf, findingsOf, scriptOf } from "../../cli/drift/batch";
import { Connections } from "../../cli/ssh/connections";
import type { LabStep } from "../../stacks/lab-steps";
import { roleFolder, temporaryFolder } from "../support/run-step";
import { describeWithSshd, Sshd } from "../support/sshd";

jest.setTimeout(30_000);

/** Runs what it is given here; counts its calls. */
const PCT = `#!/bin/sh
echo "$1 $2" >>"$(dirname "$0")/calls"
case $2 in 404) echo "container '404' not running!" >&2; exit 255;; esac
shift 3
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
`;
const CHECK = "set -eu\nSTEP_CHECK=1\n. ./apply.sh\nfinish_check\n";
const APPLY = "set -eu\n. ./lib/step.sh\n";
const CANARY = "canary-51c0'$(id)\n\"-\u00e9";

describeWithSshd("drift over a real sshd", () => {
  const sshd = new Sshd();
  const root = temporaryFolder();
  let connections: Connections;

  beforeAll(async () => {
    for (const shared of ["lib", "transport"])
      cpSync(join("provision", shared), join(root, shared), { recursive: true });
    writeFileSync(join(sshd.bin, "pct"), PCT, { mode: 0o755 });
    await sshd.start();
    connections = await Connections.open(process.env, sshd.privateKey);
  });
  afterAll(async () => {
    await connections.close();
    sshd.stop();
  });

  const login = () => ({ host: "127.0.0.1", port: sshd.port, user: sshd.user, hostKey: sshd.hostKey });
  const step = (
    host: string,
    role: string,
    more: Partial<LabStep> & { apply?: string; check?: string } = {},
  ): LabStep => {
    const { apply = 'ok "all"', check = CHECK, ...changes } = more;
    const scripts = roleFolder(root, role, { "apply.sh": `${APPLY}${apply}\n`, "check.sh": check });
    const label = `${host} ${role}`;
    return {
      host,
      role,
      address: `null_resource.${host}_${role}`,
      label,
      scripts,
      settings: "",
      secrets: {},
      login: login(),
      enter: "pct exec 303 --",
      ...changes,
    };
  };
  const only = (steps: readonly LabStep[]): Batch => batchesOf(steps)[0]!;
  const run = async (steps: readonly LabStep[], secrets: Readonly<Record<string, string>> = {}) => {
    const batch = only(steps);
    return findingsOf(batch, await connections.run(login(), scriptOf(batch, new Map(Object.entries(secrets))), 0));
  };
  const calls = () => readFileSync(join(sshd.bin, "calls"), "utf8").trim().split("\n");

  it("checks all roles of a guest by one login and one pct exec, each with its own settings", async () => {
    const steps = [
      step("media", "one"),
      step("media", "two", { settings: "word='it'\\''s'\n", apply: 'change "word is $word" false; note "mind"' }),
      step("media", "three", { apply: 'echo out; [ -z "${word:-}" ]; echo err >&2; exit 9' }),
    ];
    const before = sshd.logins();
    const findings = await run(steps);
    expect(findings).toMatchObject([
      { host: "media", role: "one", state: "ok", changes: [], notes: [] },
      { host: "media", role: "two", state: "drifted", changes: ["word is it's"], notes: ["note: mind"] },
      {
        host: "media",
        role: "three",
        state: "failed",
        changes: [],
        notes: ["out", "err", "failed with status 9; what it said is above"],
      },
    ]);
    expect(calls()).toEqual(["exec 303"]);
    expect(sshd.logins() - before).toBeLessThanOrEqual(1);
  });

  it("takes a check that only broke with status 2 for no drift, and shows what it said", async () => {
    const [syntax] = await run([step("media", "broken", { check: "if\n" })]);
    expect(syntax).toMatchObject({ state: "failed", changes: [] });
    expect(syntax?.notes.join("\n")).toMatch(/yntax error[\s\S]*status 2/);
    const [unset] = await run([step("media", "unset", { apply: 'ok "one"; : "$chrony_poool"' })]);
    expect(unset).toMatchObject({ state: "failed", changes: [] });
    expect(unset?.notes.join("\n")).toContain("chrony_poool");
    const [late] = await run([step("media", "late", { apply: 'change "one" true; : "$chrony_poool"' })]);
    expect(late).toMatchObject({ state: "failed", changes: [] });
    expect(late?.notes.join("\n")).toContain("chrony_poool");
  });

  it("brings files whatever their names are", async () => {
    const odd = step("media", "odd", { apply: '[ "$(cat "files/a b/it\'s")" = here ] && ok "all"' });
    roleFolder(root, "odd", { "files/a b/it's": "here\n" });
    expect(await run([odd, step("media", "after")])).toMatchObject([{ state: "ok" }, { state: "ok" }]);
  });

  it("fails every role of a guest that cannot be entered, with what was said", async () => {
    const enter = "pct exec 404 --";
    const findings = await run([step("gone", "one", { enter }), step("gone", "two", { enter })]);
    expect(findings.map(({ notes, state }) => [state, notes.join("\n")])).toEqual([
      ["failed", expect.stringContaining("container '404' not running!")],
      ["failed", expect.stringContaining("container '404' not running!")],
    ]);
  });

  it("logs in once for many runs at a time, within what sshd allows to one connection", async () => {
    const before = sshd.logins();
    const steps = Array.from({ length: 24 }, (_, index) =>
      step(`guest${index}`, "one", { enter: `pct exec ${index} --` }),
    );
    const batches = batchesOf(steps);
    expect(batches).toHaveLength(24);
    const answers = await Promise.all(
      batches.map((batch, worker) => connections.run(login(), scriptOf(batch, new Map()), worker)),
    );
    expect(answers.filter(({ status }) => status !== 0)).toEqual([]);
    expect(sshd.logins() - before).toBeLessThanOrEqual(3);
  });

  it("goes through a node to a guest that has sshd", async () => {
    const through = login();
    const batch = only([step("vm", "one", { login: { ...login(), through }, enter: "" })]);
    const answer = await connections.run(batch.steps[0].login, scriptOf(batch, new Map()), 0);
    expect(findingsOf(batch, answer)).toMatchObject([{ host: "vm", state: "ok" }]);
  });

  it("refuses a machine that shows another host key", async () => {
    const batch = only([step("media", "one")]);
    const hostKey = sshd.hostKey.replace(/.{8}$/, "AAAAAAAA");
    const answer = await connections.run({ ...login(), host: "localhost", hostKey }, scriptOf(batch, new Map()), 0);
    expect(findingsOf(batch, answer)[0]).toMatchObject({
      state: "failed",
      notes: [expect.stringMatching(/^no connection to .*@localhost:\d+: .*; .*ssh_host_key/)],
    });
  });

  it("brings secrets byte for byte, readable by their owner alone, each to its own role", async () => {
    const out = temporaryFolder();
    const [one] = await run(
      [
        step("media", "secretive", {
          secrets: { token: "db_password" },
          apply: `printf %s "$token" >"${out}/token"; stat -c %a . secrets.sh >"${out}/modes"`,
        }),
        step("media", "other", { apply: '[ -z "${token:-}" ] && [ ! -e ../secrets.sh ] && [ ! -e ./secrets.sh ]' }),
      ],
      { db_password: CANARY },
    );
    expect(one).toMatchObject({ state: "ok" });
    expect(readFileSync(join(out, "token"), "utf8")).toBe(CANARY);
    expect(readFileSync(join(out, "modes"), "utf8")).toBe("700\n600\n");
  });

  it("leaves secrets in no process's arguments and in no file", async () => {
    const watched = `watched-drift-${process.pid}`;
    const steps = [
      step("media", "slow", { secrets: { token: "name" }, apply: 'printf %s "$token" | cat >/dev/null; sleep 0.5' }),
    ];
    const seen = await watch([watched, sshd.privateKey.split("\n")[1] ?? "?"], async () => {
      expect(await run(steps, { name: watched.repeat(2000) })).toMatchObject([{ state: "ok" }]);
    });
    expect(seen).toBe("");
    // Scratch of steps that other tests run at this moment is there, too.
    const scratch = ["/run", "/dev/shm", process.env.HOME ?? "/root"].flatMap((folder) =>
      readdirSync(folder).flatMap((name) => (/^\.?proxmox-lab[-.]/.test(name) ? [join(folder, name)] : [])),
    );
    const { stdout } = spawnSync("grep", ["-rlsF", "--", watched, "/dev/null", ...scratch], { encoding: "utf8" });
    expect(stdout).toBe("");
  });

  it("leaves nothing of its own behind when it is closed", async () => {
    const made = jest.spyOn(fs, "mkdtempSync");
    const own = await Connections.open(process.env, sshd.privateKey);
    expect((await own.run(login(), "true", 0)).status).toBe(0);
    const folders = made.mock.results.map(({ value }) => String(value));
    made.mockRestore();
    await own.close();
    expect(folders).not.toEqual([]);
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  });
});

/** What of the words any process had among its arguments meanwhile, plain or in base64. */
async function watch(words: readonly string[], run: () => Promise<void>): Promise<string> {
  const folder = temporaryFolder();
  const patterns = words.flatMap((word) => [word, Buffer.from(word).toString("base64").slice(0, 20)]);
  writeFileSync(join(folder, "patterns"), patterns.join("\n"));
  const loop =
    'while :; do cat /proc/[0-9]*/cmdline; done 2>/dev/null | grep --line-buffered -aoFf "$0/patterns" >"$0/seen"';
  const watcher = spawn("sh", ["-c", loop, folder], { detached: true, stdio: "ignore" });
  try {
    await run();
  } finally {
    process.kill(-watcher.pid!, "SIGKILL");
  }
  return readFileSync(join(folder, "seen"), "utf8");
}
