import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { safeParse } from "zod/v4/core";
import base from "../../provision/base/role";
import { allRoles } from "../../provision/registry";
import { HOSTILE, LONG } from "../support/hostile";
import { documentedRoles } from "../support/role-folder";
import { textLeaves } from "../support/schema-leaves";
import { publicKey } from "../support/ssh-key";

/** With the role that docs/provisioning.md shows, which is to hold whatever the project's own do. */
const { documented, folder } = documentedRoles();
const roles = [...allRoles(), ...documented];
const folders = [
  ...readdirSync("provision", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, path: join("provision", name) })),
  ...documented.map(({ name }) => ({ name, path: join(folder, name) })),
];
const scripts = folders.flatMap(({ path }) =>
  readdirSync(path)
    .filter((file) => file.endsWith(".sh"))
    .map((file) => join(path, file)),
);
const folderOf = (role: string) => folders.find(({ name }) => name === role)?.path ?? "";
const guestRoles = roles.filter(({ targets }) => targets?.includes("container") ?? true);
const applied = folders.filter(({ path }) => existsSync(join(path, "apply.sh")));

describe("every role", () => {
  it.each(applied)("$name has a check that shares its look, and a page", ({ path }) => {
    expect(readFileSync(join(path, "check.sh"), "utf8")).toContain(". ./apply.sh");
    expect(existsSync(join(path, "README.md"))).toBe(true);
  });

  it.each(["dash", "busybox"])("parses in %s", (shell) => {
    const found = !spawnSync(shell, ["true"]).error;
    if (!found) process.stderr.write(`skipped: no ${shell} to parse the roles' scripts with\n`);
    const args = (path: string) => [...(shell === "busybox" ? ["sh"] : []), "-n", path];
    expect(found ? scripts.filter((path) => spawnSync(shell, args(path)).status !== 0) : []).toEqual([]);
  });

  it("passes shellcheck", () => {
    const { error, stdout } = spawnSync("shellcheck", scripts, { encoding: "utf8" });
    if (error) process.stderr.write("skipped: no shellcheck to read the roles' scripts\n");
    expect(stdout ?? "").toBe("");
  });

  it.each(roles)("$name describes each of its variables in a sentence", ({ variables }) => {
    const silent = Object.entries(variables.shape).filter(([, { description = "" }]) => !/[.)]$/.test(description));
    expect(silent.map(([variable]) => variable)).toEqual([]);
  });

  it.each(roles)("$name says in words what it expects of a text, not as a pattern", ({ variables }) => {
    expect(textLeaves(variables).filter(({ speaks }) => !speaks)).toEqual([]);
  });

  it.each(guestRoles)("$name says on its page what stays when it is taken back", ({ name }) => {
    expect(readFileSync(join(folderOf(name), "README.md"), "utf8")).toMatch(/Taking it back|\*\*Removed\*\*/);
  });
});

/**
 * Texts that may hold anything. Of each of them __tests__/guests or the role's own tests show that nothing of it is executed,
 * and that it arrives byte for byte or is refused; a new one belongs there first.
 */
const FREE_TEXT = [
  "compose_apps{}.compose",
  "compose_apps{}.compose.services{key}",
  "compose_apps{}.app",
  "compose_apps{}.env{}",
  "compose_apps{}.files{}",
  "compose_apps{}.files{}.content",
  "dns_zones{}[].value",
  "files_present[].content",
  "files_present[].content[]",
  "files_present[].lines[]",
  "files_present[].path",
  "files_folders[].path",
  "files_absent[]",
  "node_nvidia_driver.path",
  "nvidia_cfg.runfile.path",
  "script_snippets[].apply",
  "script_snippets[].creates",
  "script_snippets[].unless",
  "script_snippets[].check",
  "script_snippets[].values{}",
  "systemd_units[].content",
  "systemd_units[].drop_in",
];
/** Texts that may begin with a dash, and are no argument of a program: they go into files. */
const DASHES = ["dhcp_networks{}.interface", "dns_contact", "traefik_kop.redis_user", "traefik_kop.namespaces[]"];

describe("text of the inventory that would be code elsewhere", () => {
  it.each(roles)("is refused by $name, except where any text may stand", ({ variables }) => {
    const taken = textLeaves(variables).flatMap(({ path, schema }) =>
      [...HOSTILE, ...HOSTILE.map((text) => `/${text}`), LONG]
        .filter((text) => safeParse(schema, text).success)
        .filter((text) => !FREE_TEXT.includes(path) && !(DASHES.includes(path) && text.startsWith("-")))
        .map((text) => `${path}: ${JSON.stringify(text.slice(0, 40))}`),
    );
    expect(taken).toEqual([]);
  });

  it("is refused everywhere where it holds NUL, which no shell can", () => {
    const taken = roles
      .flatMap(({ variables }) => textLeaves(variables))
      .filter(({ schema }) => safeParse(schema, "a\0b").success);
    expect(taken.map(({ path }) => path)).toEqual([]);
  });
});

describe("settings of base", () => {
  const SK = publicKey("sk-ssh-ed25519@openssh.com", [Buffer.alloc(32, 7), Buffer.from("ssh:")]);
  const accepts = (value: object) => base.variables.safeParse(value).success;

  it.each([
    { base_timezone: "America/Argentina/Buenos_Aires" },
    { base_timezone: "Etc/GMT+1" },
    { base_locale: "en_US.UTF-8" },
    { base_journal_max_use: "1048576", base_journal_retention: "2678400s" },
    { base_journal_max_use: "10485760K", base_node_exporter_listen: "metrics.lab:65535" },
    { base_node_exporter_listen: "[fd00::1]:9100", base_packages: ["g++", "libstdc++6", "memtest86+"] },
    { base_users: [{ name: "john-doe", ssh_keys: [`${SK} j@x y`], sudo: true }] },
  ])("accept %j", (value) => expect(accepts(value)).toBe(true));

  it.each([
    { base_timezone: "../../shadow" },
    { base_locale: "C; reboot" },
    { base_packages: ["--force-yes"] },
    { base_users: [{ name: "root shell" }] },
    { base_users: [{ name: "ann", ssh_keys: ["ssh-ed25519 AAAA\nssh-ed25519 BBBB"] }] },
    { base_users: [{ name: "ann", shell: "/bin/sh:x" }] },
    { base_journal_max_use: "a lot" },
    { base_journal_max_use: "5" },
    { base_journal_max_use: "99999999999T" },
    { base_journal_retention: "999999year" },
    { base_node_exporter_listen: ":99999" },
    { base_node_exporter_listen: "192.0.2.777:9100" },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));
});
