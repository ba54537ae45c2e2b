import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import base from "../../provision/base/role";
import docker from "../../provision/docker/role";

const folders = readdirSync("provision", { withFileTypes: true }).filter((entry) => entry.isDirectory());
const scripts = folders.flatMap(({ name }) =>
  readdirSync(join("provision", name))
    .filter((file) => file.endsWith(".sh"))
    .map((file) => join("provision", name, file)),
);
const applied = folders.map(({ name }) => name).filter((name) => existsSync(join("provision", name, "apply.sh")));

describe("every role", () => {
  it.each(applied)("%s has a check that shares its look, and a page", (name) => {
    expect(readFileSync(join("provision", name, "check.sh"), "utf8")).toContain(". ./apply.sh");
    expect(existsSync(join("provision", name, "README.md"))).toBe(true);
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

  it.each([
    ["base", base],
    ["docker", docker],
  ])("%s describes each of its variables, which bear its name", (name, { variables }) => {
    for (const [variable, schema] of Object.entries(variables.shape)) {
      expect(variable).toMatch(new RegExp(`^${name}_[a-z_]+$`));
      expect(schema.description).toMatch(/\.$/);
    }
  });
});

describe("settings of base", () => {
  const accepts = (value: object) => base.variables.safeParse(value).success;

  it.each([
    { base_timezone: "America/Argentina/Buenos_Aires" },
    { base_timezone: "Etc/GMT+1" },
    { base_locale: "en_US.UTF-8" },
    { base_users: [{ name: "john-doe", ssh_keys: ["sk-ssh-ed25519@openssh.com AAAAGnNr= j@x y"], sudo: true }] },
  ])("accept %j", (value) => expect(accepts(value)).toBe(true));

  it.each([
    { base_timezone: "../../shadow" },
    { base_locale: "C; reboot" },
    { base_packages: ["--force-yes"] },
    { base_users: [{ name: "root shell" }] },
    { base_users: [{ name: "ann", ssh_keys: ["ssh-ed25519 AAAA\nssh-ed25519 BBBB"] }] },
    { base_users: [{ name: "ann", shell: "/bin/sh:x" }] },
    { base_journal_max_use: "a lot" },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));
});
