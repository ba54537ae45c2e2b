import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import fc from "fast-check";
import { type Setting, Step } from "../../constructs/step";
import {
  IN_GUEST,
  type Run,
  type RunOptions,
  roleFolder,
  runStep,
  synthesizeSteps,
  temporaryFolder,
} from "../support/run-step";
import { itUnless } from "../support/skip";

const CANARY = "canary-4f1d'$(id)\n\"-\u00e9";

/** A node whose `pct` runs what it is given here, after writing down how it was called. */
const PCT = `#!/bin/sh
echo "pct $*" >>"$(dirname "$0")/calls"
[ "$1" = status ] && { cat "$(dirname "$0")/state"; exit 0; }
grep -q stopped "$(dirname "$0")/state" && { echo "container '$2' not running!" >&2; exit 255; }
shift 3
exec env -i PATH="$PATH" "$@"
`;

const root = temporaryFolder();
for (const part of ["lib", "transport"]) cpSync(join("provision", part), join(root, part), { recursive: true });

interface Scenario {
  readonly apply: string;
  readonly settings?: { readonly [name: string]: Setting };
  readonly secrets?: { readonly [name: string]: string };
  readonly state?: string;
  readonly run?: Partial<RunOptions>;
}

/** A name in which a shell might see more than a name. */
const ODD = 'a$HOME`id`$(id)"\\';

let number = 0;

function scenario({ apply, run = {}, secrets = {}, settings = {}, state = "status: running" }: Scenario) {
  const role = `role${number++}`;
  const scripts = relative(
    process.cwd(),
    roleFolder(root, role, { "apply.sh": apply, "files/data": "binary \u0000\u00ff", [`files/${ODD}`]: "." }),
  );
  const stack = synthesizeSteps((scope) => {
    const expressions = Object.keys(secrets).map((name) => {
      const variable = new TerraformVariable(scope, `:${name}`, { type: "string", sensitive: true });
      variable.overrideLogicalId(name);
      return [name, variable.stringValue];
    });
    new Step(new Construct(scope, "media"), "role", {
      role,
      scripts,
      ...IN_GUEST,
      settings,
      secrets: Object.fromEntries(expressions),
    });
  });
  const [home, bin] = [temporaryFolder(), temporaryFolder()];
  writeFileSync(join(bin, "pct"), PCT, { mode: 0o755 });
  writeFileSync(join(bin, "state"), state);
  const start = (): Run => runStep(stack, "media_role", { home, bin, variables: secrets, ...run });
  return { stack, home, bin, start, role, calls: () => readFileSync(join(bin, "calls"), "utf8").match(/^pct \w+/gm) };
}

describe("a step that runs", () => {
  it("brings settings, secrets and files to the guest byte for byte, by one call of pct", () => {
    const out = temporaryFolder();
    const text = fc.sample(
      fc.string({ unit: "grapheme" }).filter((each) => !each.includes("\0")),
      30,
    );
    const { calls, start } = scenario({
      apply: `printf '%s' "$word" >"${out}/word"; printf '%s' "$token" >"${out}/token"; cp files/data "${out}/data"
index=0; while [ $index -lt $list_COUNT ]; do eval "printf '%s\\0' \\"\\$list_$index\\""; index=$((index + 1)); done >"${out}/list"`,
      settings: { word: "it's $(id) ${x} %{y}\n", list: text },
      secrets: { token: CANARY },
    });
    expect(start()).toMatchObject({ status: 0, output: expect.stringContaining("media role") });
    expect(readFileSync(join(out, "word"), "utf8")).toBe("it's $(id) ${x} %{y}\n");
    expect(readFileSync(join(out, "token"), "utf8")).toBe(CANARY);
    expect(readFileSync(join(out, "data"), "utf8")).toBe("binary \u0000\u00ff");
    expect(readFileSync(join(out, "list"), "utf8").split("\0").slice(0, -1)).toEqual(text);
    expect(calls()).toEqual(["pct exec"]);
  });

  it("brings a file under its name, whatever a shell would make of that", () => {
    const out = temporaryFolder();
    expect(scenario({ apply: `ls -Q files >"${out}/names"; cat files/a* >"${out}/text"` }).start().status).toBe(0);
    expect(readFileSync(join(out, "names"), "utf8").split("\n")).toContain(JSON.stringify(ODD));
    expect(readFileSync(join(out, "text"), "utf8")).toBe(".");
  });

  it("says in one line what it changed, with host and role in front, and keeps the script's own output to itself", () => {
    const { role, start } = scenario({
      apply: '. ./lib/step.sh; echo noise; ok "one"; change "two" true; skip "three" "not here"',
    });
    expect(start().output.trim().split("\n")).toEqual([
      `media ${role}: changed: two`,
      `media ${role}: skipped: three: not here`,
      `media ${role}: done: 1 changed, 1 as they were`,
    ]);
  });

  it("says all that its script says where that is asked for, and is no other step for it", () => {
    const apply = '. ./lib/step.sh; echo noise; ok "one"; change "two" true';
    const { role, stack, start } = scenario({ apply, run: { variables: { step_verbose: "true" } } });
    expect(start().output.trim().split("\n")).toEqual([
      `media ${role} | noise`,
      `media ${role} | ok: one`,
      `media ${role} | changed: two`,
      `media ${role}: done: 1 changed, 1 as they were`,
    ]);
    expect(JSON.stringify(stack.json.resource.null_resource.media_role?.triggers)).not.toContain("step_verbose");
  });

  it("is no longer connected to services that it started", () => {
    const before = Date.now();
    expect(scenario({ apply: "sleep 20 & " }).start().status).toBe(0);
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  const withoutLock = spawnSync("flock", ["--version"]).error || process.getuid?.() !== 0 ? "needs root and flock" : "";
  itUnless(withoutLock, "waits for a run of the same step that has outlived its connection", () => {
    const log = join(temporaryFolder(), "log");
    const { bin, start } = scenario({ apply: `echo begin >>"${log}"; sleep 1; echo end >>"${log}"` });
    const drops = `
cat >"$0.in"
[ -e "${log}" ] || { env -i PATH="$PATH" "$@" <"$0.in" >/dev/null 2>&1 & until [ -s "${log}" ]; do sleep 0.1; done; exit 255; }
exec env -i PATH="$PATH" "$@" <"$0.in"`;
    writeFileSync(join(bin, "pct"), PCT.replace('exec env -i PATH="$PATH" "$@"', drops));
    expect(start().status).toBe(255);
    expect(start()).toMatchObject({
      status: 0,
      output: expect.stringMatching(
        /^media role\d+: a run of this step still works here, as process \d+; waiting for it/,
      ),
    });
    expect(readFileSync(log, "utf8")).toBe("begin\nend\nbegin\nend\n");
  });

  it("leaves no file of its own behind, in the guest or on the node, but the script that Terraform empties", () => {
    const folders = join(temporaryFolder(), "folders");
    const done = scenario({ apply: `pwd >>"${folders}"`, secrets: { token: CANARY } });
    done.start();
    const failed = scenario({ apply: `pwd >>"${folders}"; exit 1`, secrets: { token: CANARY } });
    failed.start();
    for (const { home } of [done, failed]) expect(readdirSync(home)).toEqual([".proxmox-lab-4711.sh"]);
    const used = readFileSync(folders, "utf8").trim().split("\n");
    expect(used).toHaveLength(2);
    expect(used.filter(existsSync)).toEqual([]);
  });

  it("sweeps up what killed runs left on the node", () => {
    const { home, start } = scenario({ apply: ":" });
    mkdirSync(join(home, ".proxmox-lab-1"));
    const longAgo = Date.now() / 1000 - 7200;
    utimesSync(join(home, ".proxmox-lab-1"), longAgo, longAgo);
    start();
    expect(existsSync(join(home, ".proxmox-lab-1"))).toBe(false);
  });
});

const withoutBusybox =
  spawnSync("unshare", ["--mount", "busybox", "true"]).status === 0 ? "" : "needs root, unshare and busybox";

itUnless(withoutBusybox, "a guest whose shell is busybox's gets the same", () => {
  const out = join(temporaryFolder(), "out");
  const { bin, start } = scenario({
    apply: `. ./lib/step.sh; printf '%s' "$word$token" | install_file "${out}" 640; readlink /proc/$$/exe; false`,
    settings: { word: "it's $(id)\n" },
    secrets: { token: CANARY },
  });
  const inside = 'mount --bind "$(command -v busybox)" "$(readlink -f /bin/sh)" && exec "$@"';
  writeFileSync(join(bin, "pct"), PCT.replace("exec env -i", `exec unshare --mount bash -c '${inside}' x env -i`));
  const { output, status } = start();
  expect(output).toMatch(/\| \S*(busybox|sh)\n/);
  expect(status).toBe(1);
  expect(readFileSync(out, "utf8")).toBe(`it's $(id)\n${CANARY}`);
});

describe("a step that fails", () => {
  it("passes the exit status on, and shows what the script said", () => {
    const { role, start } = scenario({ apply: "echo out; echo err >&2; exit 42" });
    const { output, status } = start();
    expect(status).toBe(42);
    expect(output.trim().split("\n")).toEqual([
      `media ${role} | out`,
      `media ${role} | err`,
      `media ${role}: failed with status 42; what it said is above`,
    ]);
  });

  it("names what it was doing, and the command", () => {
    const { output } = scenario({ apply: '. ./lib/step.sh; change "the engine" sh -c "exit 100"' }).start();
    expect(output).toContain("error: the engine: sh -c exit 100 ended with status 100");
  });

  it("stops at a setting that is not there", () => {
    expect(scenario({ apply: 'echo "$missing_setting"; echo went on' }).start()).toMatchObject({
      status: expect.any(Number),
      output: expect.not.stringContaining("went on"),
    });
  });

  it("says that the container is stopped, and what to do", () => {
    const { output, status } = scenario({ apply: ":", state: "status: stopped" }).start();
    expect(status).toBe(255);
    expect(output).toContain("container 303 is not running");
    expect(output).toContain("pct start 303");
  });

  it("runs nothing when the connection broke half-way", () => {
    const out = temporaryFolder();
    const { bin, start } = scenario({ apply: `touch "${out}/ran"` });
    const half = PCT.replace("exec env", "head -c 3000 | env");
    writeFileSync(join(bin, "pct"), half);
    const { output, status } = start();
    expect(status).toBe(97);
    expect(output).toContain("nothing was run");
    expect(existsSync(join(out, "ran"))).toBe(false);
  });
});

describe("a secret", () => {
  it("is neither in the JSON nor in the output, also when the role fails", () => {
    const { stack, start } = scenario({ apply: '[ -n "$token" ]; exit 3', secrets: { token: CANARY } });
    expect(start().output).not.toContain("canary-4f1d");
    expect(stack.text).not.toContain("canary-4f1d");
    expect(stack.text).not.toContain(Buffer.from(CANARY).toString("base64").slice(0, 12));
  });

  it("lies only where its owner can read it", () => {
    const out = temporaryFolder();
    const { home, bin, start } = scenario({
      apply: `stat -c %a . secrets.sh >"${out}/modes"; [ -z "$(env | grep canary)" ]`,
      secrets: { token: CANARY },
    });
    const look = `#!/bin/sh\nstat -c %a "${home}/.proxmox-lab-4711" >"${out}/folder"\n${PCT}`;
    writeFileSync(join(bin, "pct"), look);
    chmodSync(join(bin, "pct"), 0o755);
    expect(start().status).toBe(0);
    expect(readFileSync(join(out, "modes"), "utf8")).toBe("700\n600\n");
    expect(readFileSync(join(out, "folder"), "utf8")).toBe("700\n");
  });

  it("is in no process's arguments or environment while the step runs", () => {
    const seen = (apply: string) =>
      watched(() => {
        expect(scenario({ apply, secrets: { token: `${WATCHED}${"x".repeat(100_000)}` } }).start().status).toBe(0);
      });
    expect(seen('printf %s "$token" | cat >/dev/null; sleep 0.3')).toBe("");
    // Proof that the watcher would see it.
    expect(seen('sh -c "sleep 0.3; : "$1"" x "${token%%x*}"')).toContain(WATCHED);
  });
});

const WATCHED = `watched-secret-${process.pid}`;

/** What of the watched secret, plain or encoded, any process had as argument or in its environment meanwhile. */
function watched(run: () => void): string {
  const folder = temporaryFolder();
  const patterns = [WATCHED, Buffer.from(WATCHED).toString("base64").slice(0, 20)];
  writeFileSync(join(folder, "patterns"), patterns.join("\n"));
  const loop =
    'while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done 2>/dev/null | grep -aoFf "$0/patterns" >"$0/seen"';
  const watcher = spawn("sh", ["-c", loop.replace("grep", "grep --line-buffered"), folder], {
    detached: true,
    stdio: "ignore",
  });
  try {
    run();
  } finally {
    process.kill(-watcher.pid!, "SIGKILL");
  }
  return readFileSync(join(folder, "seen"), "utf8");
}
