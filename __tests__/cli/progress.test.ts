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

  it("shows a failing step's output in full, and not Terraform's words for it again", () => {
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
      "  media base | E: Unable to locate package htpo",
      "  media base | error: packages htpo: install_packages htpo",
      `error ${GUEST}: it failed`,
      "  401 no ticket",
    ]);
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
