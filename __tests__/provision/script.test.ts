import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Setting } from "../../constructs/step";
import script from "../../provision/script/role";
import { describeInSandbox, Sandbox } from "../support/sandbox";

interface Snippet {
  readonly [key: string]: Setting;
}
const snippets = (...list: readonly Snippet[]) => ({ script_snippets: list });
const MAKE = { name: "make", apply: "echo made >/etc/made", creates: "/etc/made" };

describeInSandbox("the script role", () => {
  it("runs a script until its path is there, and then no more", () => {
    const guest = new Sandbox({});
    const untouched = guest.digest();
    expect(guest.check("script", snippets(MAKE))).toMatchObject({
      status: 2,
      output: expect.stringContaining("would change: make"),
    });
    expect(guest.digest()).toBe(untouched);
    expect(guest.apply("script", snippets(MAKE)).output).toContain("changed: make");
    const applied = guest.digest();
    expect(guest.apply("script", snippets(MAKE)).output).toContain("done: 0 changed");
    expect(guest.check("script", snippets(MAKE)).status).toBe(0);
    expect(guest.digest()).toBe(applied);
  });

  it("asks unless and check, and runs again when the check fails later", () => {
    const guest = new Sandbox({ files: { "etc/count": "" } });
    const settings = snippets({
      name: "both",
      apply: "echo x >>/etc/count; echo good >/etc/state",
      unless: "test -f /etc/state",
      check: "grep -q good /etc/state",
    });
    guest.apply("script", settings);
    guest.apply("script", settings);
    expect(guest.read("etc/count")).toBe("x\n");
    writeFileSync(join(guest.root, "etc/state"), "bad\n");
    expect(guest.check("script", settings).status).toBe(2);
    guest.apply("script", settings);
    expect(guest.read("etc/count")).toBe("x\nx\n");
  });

  it.each([
    [{ apply: "false", creates: "/x" }, "bad: its apply ends with status 1"],
    [{ apply: "echo $UNSET_NAME", creates: "/x" }, "bad: its apply ends with status 2"],
    [{ apply: "echo why >&2; exit 7", unless: "false" }, "bad: its apply ends with status 7"],
    [{ apply: "true", creates: "/etc/never" }, "still not done: creates: there is no /etc/never"],
    [{ apply: "true", unless: "exit 3" }, "still not done: unless: it ends with status 3"],
    [{ apply: "false; true", check: "false" }, "bad: its apply ends with status 1"],
  ])("fails, and says why: %j", (part, message) => {
    const { output, status } = new Sandbox({}).apply("script", snippets({ name: "bad", ...part }));
    expect(status).toBe(1);
    expect(output).toContain(message);
  });

  it("stops at the first that fails, and shows what it said", () => {
    const guest = new Sandbox({});
    const bad = { name: "bad", apply: "echo the reason >&2; exit 1", creates: "/etc/x" };
    const { output } = guest.apply("script", snippets(bad, MAKE));
    expect(output).toContain("the reason");
    expect(() => guest.read("etc/made")).toThrow();
  });

  it("runs each in an empty folder of its own, with umask 022 and nothing to read", () => {
    const guest = new Sandbox({});
    const apply = '{ umask; ls -A; cat; } >/etc/seen; echo x >left; [ "$PWD" != / ]';
    guest.apply("script", snippets({ name: "look", apply, creates: "/etc/seen" }));
    expect(guest.read("etc/seen")).toBe("0022\n");
    expect(readdirSync(join(guest.root, "run"))).toEqual(["proxmox-lab-lock.guest_script"]);
  });

  it("can be bash", () => {
    const guest = new Sandbox({});
    const apply = 'parts=(a b); echo "${parts[1]}" >/etc/bash';
    const bash = { name: "b", shell: "bash", apply, creates: "/etc/bash", values: [{ name: "X", value: "y" }] };
    expect(guest.apply("script", snippets(bash)).status).toBe(0);
    expect(guest.read("etc/bash")).toBe("b\n");
  });

  it("hands values on byte for byte, in no environment, and runs nothing of them", () => {
    const guest = new Sandbox({});
    const nasty = fc.constantFrom("'", '"', "`id`", "$(touch /etc/pwned)", "${IFS}", "\\", "\n", ";", "-e ", "é", "\t");
    const text = fc
      .array(fc.oneof(nasty, fc.string()), { maxLength: 30 })
      .map((parts) => parts.join("").replaceAll("\0", ""));
    const list = [...fc.sample(text, 40), `$(touch /etc/pwned)'"\n`.repeat(3000), ""].map((V, index) => ({
      name: `n${index}`,
      values: [
        { name: "V", value: V },
        { name: "lower", value: "x" },
      ],
      apply: `printf %s "$V" >/etc/v${index}; env >/etc/env`,
      creates: `/etc/v${index}`,
    }));
    expect(guest.apply("script", snippets(...list))).toMatchObject({ status: 0 });
    list.forEach(({ values }, index) => {
      expect(guest.read(`etc/v${index}`)).toBe(values[0]?.value);
    });
    expect(guest.read("etc/env")).not.toMatch(/^(V|lower)=/m);
    expect(readdirSync(join(guest.root, "etc"))).not.toContain("pwned");
  });
});

describeInSandbox("values of names that the environment or bash knows", () => {
  const look = (shell: string, ...names: readonly string[]) => ({
    name: "look",
    shell,
    values: names.map((name) => ({ name, value: "007" })),
    apply: `printf '%s ' ${names.map((name) => `"$${name}"`).join(" ")} >/etc/seen; env >/etc/env`,
    creates: "/etc/seen",
  });

  it.each(["sh", "bash"])("reach a script of %s, and no program that it starts", (shell) => {
    const guest = new Sandbox({});
    // Both are in the environment of a role.
    const settings = snippets(look(shell, "HOME", "DEBIAN_FRONTEND", "USER"));
    expect(guest.apply("script", settings).status).toBe(0);
    expect(guest.read("etc/seen")).toBe("007 007 007 ");
    expect(guest.read("etc/env")).not.toContain("007");
  });

  it("leave bash's own files alone", () => {
    const guest = new Sandbox({ files: { "etc/bash.bashrc": "echo $PS1 >/etc/read", "root/.bashrc": "exit 9" } });
    writeFileSync(join(guest.root, "stand-ins/bash"), '#!/bin/sh\nSSH_CLIENT=x SHLVL=0 exec /bin/bash "$@"\n', {
      mode: 0o755,
    });
    expect(guest.apply("script", snippets(look("bash", "X")))).toMatchObject({ status: 0 });
    expect(readdirSync(join(guest.root, "etc"))).not.toContain("read");
  });
});

describeInSandbox("a secret of a script", () => {
  it("reaches the script, and neither the environment, an argument nor the output", () => {
    const guest = new Sandbox({});
    const canary = "canary'$(id) 4711";
    const apply = 'printf %s "$TOKEN" >/etc/token; env >/etc/env; cat /proc/[0-9]*/cmdline >/etc/arguments';
    const settings = snippets({
      name: "s",
      apply,
      creates: "/etc/token",
      values: [{ name: "TOKEN", value: null }],
    });
    const secrets = { script_snippets_0_values_0_value: canary };
    const { output, status } = guest.apply("script", settings, "apply", secrets);
    expect(status).toBe(0);
    expect(guest.read("etc/token")).toBe(canary);
    expect([output, guest.read("etc/env"), guest.read("etc/arguments")].join("")).not.toContain("canary");
  });
});

describe("settings of script", () => {
  const accepts = (entry: object) => script.variables.safeParse({ script_snippets: [entry] }).success;

  it("accept a script with any one guard", () => {
    expect(
      [{ creates: "/x" }, { unless: "true" }, { check: "true" }].map((g) => accepts({ name: "a", apply: "x", ...g })),
    ).toEqual([true, true, true]);
  });

  it.each([
    { name: "a", apply: "true" },
    { name: "a b", apply: "true", creates: "/x" },
    { name: "a", apply: " ", creates: "/x" },
    { name: "a", apply: "true", creates: "x" },
    { name: "a", apply: "true\0", creates: "/x" },
    { name: "a", apply: "true", creates: "/x", values: { script_snippets_0_name: "b" } },
    { name: "a", apply: "true", creates: "/x", values: { "A-B": "1" } },
    { name: "a", apply: "true", creates: "/x", shell: "zsh" },
  ])("refuse %j", (entry) => expect(accepts(entry)).toBe(false));

  const bash = spawnSync("bash", ["--norc", "-c", "compgen -v"], { encoding: "utf8", env: {} })
    .stdout.trim()
    .split("\n");
  const OTHERS = ["FUNCNAME", "HOME", "LC_ALL", "LD_PRELOAD", "MAPFILE", "PS1", "REPLY", "TMPDIR", "DEBIAN_FRONTEND"];
  it.each([...bash.filter((name) => name !== "TERM"), ...OTHERS])(
    "refuse the name %s, which is a shell's own",
    (name) => expect(accepts({ ...MAKE, values: { [name]: "1" } })).toBe(false),
  );

  it.each(["USER", "TERM", "PASSWORD", "HOST", "BASE", "lower"])("accept the name %s", (name) =>
    expect(accepts({ ...MAKE, values: { [name]: "1" } })).toBe(true),
  );

  it("turn values into a list, for a shell's names would mix them up", () => {
    const values = { DB_PASS: { secret: "db" }, A: "1" };
    const parsed = script.variables.parse(snippets({ ...MAKE, values }));
    expect(parsed.script_snippets?.[0]?.values).toEqual([
      { name: "DB_PASS", value: { secret: "db" } },
      { name: "A", value: "1" },
    ]);
  });

  it("refuse two of one name", () => {
    expect(script.variables.safeParse(snippets(MAKE, MAKE)).success).toBe(false);
  });
});
