import pc from "picocolors";
import { Progress, type ProgressOptions } from "../../cli/terraform/progress";

const STEP = "null_resource.media_base";
const GUEST = "proxmox_virtual_environment_container.media";

function progress(options: Partial<ProgressOptions> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  let now = 0;
  const each = new Progress({
    steps: new Map([[STEP, { label: "media base", way: "root@pve1: pct exec 303 --" }]]),
    secrets: new Map([["vpn_key", "hunter2-secret"]]),
    verbose: false,
    io: {
      cwd: "/",
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      colors: pc.createColors(false),
    },
    now: () => now,
    ...options,
  });
  const take = (type: string, addr: string, hook: object = {}) =>
    each.take(JSON.stringify({ type, hook: { resource: { addr }, action: "create", ...hook } }));
  const say = (...lines: string[]) => {
    for (const output of lines) take("provision_progress", STEP, { output });
  };
  const wait = (seconds: number) => {
    now += seconds * 1000;
    each.tick();
  };
  return { each, err, out, say, take, wait };
}

const SCRIPT = [
  "Connecting to remote host via SSH...",
  "media base: changed: /etc/localtime",
  "media base: note: the node exporter answers everybody",
  "media base: done: 1 changed, 14 as they were",
];

describe("the progress of an apply", () => {
  it("is one line a step, and what the operator should know", () => {
    const { out, say, take } = progress();
    take("apply_start", STEP);
    say(...SCRIPT);
    take("apply_complete", STEP, { elapsed_seconds: 3 });
    expect(out).toEqual([
      "media base done in 3 s: 1 changed, 14 as they were",
      "media base: note: the node exporter answers everybody",
    ]);
  });

  it("is all that scripts say, as it comes, when asked for", () => {
    const { out, say, take } = progress({ verbose: true });
    take("apply_start", STEP);
    say(...SCRIPT);
    expect(out).toEqual(SCRIPT.slice(1));
  });

  it("tells what becomes of guests, but not that a step's former run is forgotten", () => {
    const { out, take } = progress();
    take("apply_start", GUEST);
    take("apply_complete", GUEST, { elapsed_seconds: 75 });
    take("apply_start", STEP, { action: "delete" });
    take("apply_complete", STEP, { action: "delete" });
    expect(out).toEqual([`${GUEST} created in 1 min 15 s`]);
  });

  it("shows why a step failed before the rest of its output, and not Terraform's words for it again", () => {
    const { each, err, out, say, take } = progress();
    take("apply_start", STEP);
    say("media base | E: Unable to locate package htpo", "media base | error: packages htpo: install_packages htpo");
    take("apply_errored", STEP);
    const detail = 'error executing "./.proxmox-lab-1.sh": Process exited with status 100';
    for (const [address, text] of [
      [STEP, detail],
      [GUEST, "401 no ticket"],
    ]) {
      const diagnostic = { severity: "error", summary: "it failed", detail: text, address };
      each.take(JSON.stringify({ type: "diagnostic", diagnostic }));
    }
    expect(out).toEqual([]);
    expect(err).toEqual([
      "FAILED media base (root@pve1: pct exec 303 --)",
      "  media base | error: packages htpo: install_packages htpo",
      "  media base | E: Unable to locate package htpo",
      `error ${GUEST}: it failed`,
      "  401 no ticket",
    ]);
  });

  it("says of the inventory's warnings, which Terraform has as checks, what they say", () => {
    const { each, err } = progress();
    const diagnostic = {
      severity: "warning",
      summary: "Check block assertion failed",
      detail: "a.yml:3:4 too large\n",
    };
    each.take(JSON.stringify({ type: "diagnostic", diagnostic }));
    expect(err).toEqual(["warning: a.yml:3:4 too large"]);
  });

  const errored = ({ say, take }: ReturnType<typeof progress>, ...lines: string[]) => {
    take("apply_start", STEP);
    say(...lines);
    take("apply_errored", STEP);
  };

  it("keeps the reason of a failure that comes after the news of it, with secrets hidden", () => {
    const run = progress();
    errored(run, "media base | Reading package lists...");
    expect(run.err).toEqual([]);
    run.say("media base | error: packages: hunter2-secret");
    run.wait(1);
    const block = [
      "FAILED media base (root@pve1: pct exec 303 --)",
      "  media base | error: packages: (secret vpn_key)",
      "  media base | Reading package lists...",
    ];
    expect(run.err).toEqual(block);
    run.say("and later still: hunter2-secret");
    run.each.close();
    const last = ["  media base | and later still: (secret vpn_key)", "1 failed: media base; mend and run again"];
    expect(run.err).toEqual([...block, ...last]);
  });

  it("shows of a failed step's long output the end, every line with its step", () => {
    const run = progress();
    errored(run, ...Array.from({ length: 165 }, (_, index) => `line ${index}`), "media base | error: no room");
    run.each.close();
    expect(run.err.slice(1, 4)).toEqual([
      "  media base | error: no room",
      "  media base | … 125 earlier lines are left out; --verbose shows them",
      "  media base | line 125",
    ]);
    expect(run.err.slice(-2)).toEqual(["  media base | line 164", "1 failed: media base; mend and run again"]);
  });

  it("does not repeat in a failure what it has said as it came", () => {
    const run = progress({ verbose: true });
    errored(run, "media base | Reading package lists...", "sudo: it has no terminal", "media base | error: no room");
    run.say("media base | late");
    run.each.close();
    expect(run.out).toEqual([
      "media base | Reading package lists...",
      "media base | error: no room",
      "media base | late",
    ]);
    expect(run.err).toEqual([
      "FAILED media base (root@pve1: pct exec 303 --)",
      "  media base | error: no room",
      "  media base | sudo: it has no terminal",
      "1 failed: media base; mend and run again",
    ]);
  });

  it("leaves Terraform's words for a script that said nothing, and ends well with no last line", () => {
    const run = progress();
    errored(run);
    const diagnostic = { severity: "error", summary: "it failed", detail: "exited with status 1", address: STEP };
    run.each.take(JSON.stringify({ type: "diagnostic", diagnostic }));
    expect(run.err.slice(1)).toEqual(["error media base: it failed", "  exited with status 1"]);
    const well = progress();
    well.each.close();
    expect(well.err).toEqual([]);
  });

  it("never shows a secret's value, wherever it turns up", () => {
    const { each, err, out, say, take } = progress({ verbose: true });
    take("apply_start", STEP);
    say("media base: it is hunter2-secret");
    const diagnostic = { severity: "error", summary: "hunter2-secret", detail: "so: hunter2-secret" };
    each.take(JSON.stringify({ type: "diagnostic", diagnostic }));
    each.take("panic: hunter2-secret");
    expect([...out, ...err].join("\n")).not.toContain("hunter2-secret");
    expect(out[0]).toBe("media base: it is (secret vpn_key)");
  });

  it("shows neither the rest of a secret that contains another, nor a line of one of several lines", () => {
    const secrets = new Map([
      ...Object.entries({ short: "hunter2", long: "hunter2-secret", key: "-----BEGIN KEY-----\nb3BlbnNzaC1rZXk\n}\n" }),
    ]);
    const { out, say, take } = progress({ verbose: true, secrets });
    take("apply_start", STEP);
    say("media base: it is hunter2-secret", "media base | b3BlbnNzaC1rZXk", "media base | }");
    expect(out).toEqual(["media base: it is (secret long)", "media base | (secret key)", "media base | }"]);
  });

  it("says in a log once a minute what still runs, and moves no cursor", () => {
    const { out, take, wait } = progress();
    take("apply_start", STEP);
    for (let second = 0; second < 130; second += 5) wait(5);
    expect(out).toEqual(["1 running: media base 1 min 0 s", "1 running: media base 2 min 0 s"]);
  });

  it("keeps what runs in the last line of a terminal, cut to its width and gone at the end", () => {
    const written: string[] = [];
    const terminal = { columns: 20, write: (text: string) => void written.push(text) };
    const { each, out, take, wait } = progress({ terminal });
    take("apply_start", STEP);
    wait(2);
    take("apply_complete", STEP, { elapsed_seconds: 2 });
    each.close();
    expect(written).toContain("\r\u001b[K1 running: media ba");
    expect(written.at(-1)).toBe("\r\u001b[K");
    expect(out).toEqual(["media base done in 2 s"]);
  });
});
