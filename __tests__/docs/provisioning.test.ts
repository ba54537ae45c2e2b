import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allRoles } from "../../provision/registry";
import { hosts, load, removeLabFolders } from "../support/lab-folder";
import { documentedFiles, documentedRoles } from "../support/role-folder";
import { describeUnless } from "../support/skip";

afterAll(removeLabFolders);

/** __tests__/provision/roles.test.ts looks at its scripts and settings, as at those of every role. */
describe("the role in docs/provisioning.md", () => {
  const files = documentedFiles();
  const { documented, problems } = documentedRoles();

  it("is whole", () => {
    expect(Object.keys(files).sort()).toEqual(
      ["README.md", "apply.sh", "check.sh", "role.ts"].map((file) => `web/${file}`),
    );
    expect(problems).toEqual([]);
    expect(documented.map(({ name }) => name)).toEqual(["web"]);
  });

  it("has an example that a lab accepts", () => {
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(files["web/README.md"] ?? "") ?? [];
    const grouped = {
      "hosts.yml": hosts({ guests: ["web"], web_hosts: ["web"] }),
      "group_vars/web_hosts.yml": example,
    };
    const others = allRoles().filter(({ name }) => name !== "web");
    const { lab, problems: found } = load(grouped, [...others, ...documented]);
    expect(found).toEqual([]);
    const step = lab?.guests.flatMap(({ steps }) => steps).find(({ role }) => role === "web");
    expect(step).toMatchObject({ settings: { web_root: "/srv/www", web_listing: true } });
  });
});

const missing = existsSync("/usr/bin/dpkg-query") ? "" : "needs dpkg, which the role asks";
describeUnless(missing, "its check.sh", () => {
  it.each([{}, { web_port: "81", web_listing: "true" }])("works with what is set, and with what is not: %j", (set) => {
    const folder = mkdtempSync(join(tmpdir(), "step-"));
    cpSync(join(documentedRoles().folder, "web"), folder, { recursive: true });
    cpSync("provision/lib", join(folder, "lib"), { recursive: true });
    const env = { PATH: process.env.PATH, STEP_STATE: folder, web_root: "/srv/nowhere", ...set };
    const { status, stdout } = spawnSync("sh", ["check.sh"], { cwd: folder, encoding: "utf8", env });
    expect(stdout).toMatch(/^would change: \/srv\/nowhere$/m);
    expect(stdout).toMatch(/^would change: \/etc\/nginx\/conf\.d\/lab\.conf$/m);
    expect(status).toBe(2);
  });
});
