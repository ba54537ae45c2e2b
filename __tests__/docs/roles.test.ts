import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ROLE_PAGES, rolePages } from "../../cli/role-pages";
import { loadLab } from "../../model";
import { allRoles, type Role } from "../../provision/registry";
import { container, SOUND } from "../support/lab-folder";

const project = resolve(__dirname, "../..");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/**
 * The sound lab, whose guest or node has the role and those before it that need no settings, with these variables, the later ones
 * stronger.
 */
function labWith({ after = [], group, targets = ["container"] }: Role, examples: readonly string[]): string {
  const host = targets.every((each) => each === "node") ? "pve1" : "web";
  const cwd = mkdtempSync(join(tmpdir(), "roles-"));
  folders.push(cwd);
  const before = allRoles().filter(({ name, variables }) => after.includes(name) && variables.safeParse({}).success);
  const own = ["all", "proxmox_nodes"];
  const groups = new Set([group, ...before.map((role) => role.group)].filter((name) => !own.includes(name)));
  const members = [...groups].map((name) => `    ${name}: { hosts: { ${host}: } }\n`).join("");
  const files = {
    ...SOUND,
    "hosts.yml": `${SOUND["hosts.yml"]!.trimEnd()}\n${members}`,
    "host_vars/pve1.yml": `${SOUND["host_vars/pve1.yml"]!.trimEnd()}\n  gpus: { gpu0: { vendor: nvidia } }\n`,
    "group_vars/all.yml": `${SOUND["group_vars/all.yml"]!.trimEnd()}\n  guests: { bridge: vmbr0, cidr: 10.0.100.0/24 }\n`,
    "host_vars/web.yml": container("vmid: 301", "memory: 8192", "networks: [{ ip: 192.168.1.51 }]"),
    ...Object.fromEntries(examples.map((text, index) => [`host_vars/${host}/z${index}.yml`, text])),
  };
  for (const [file, text] of Object.entries(files)) {
    const path = join(cwd, "inventory/lab", file.replace(/^host_vars\/(\w+)\.yml$/, "host_vars/$1/main.yml"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return cwd;
}

describe("docs/roles", () => {
  const pages = rolePages();
  const written = (path: string) => readFileSync(join(project, path), "utf8");

  it.each([...pages.keys()])("%s is what the role says; else run npm run -s lab -- schema --write", (path) => {
    expect(written(path)).toBe(pages.get(path));
  });

  it("has no page of a role that is gone", () => {
    const names = readdirSync(join(project, ROLE_PAGES)).map((file) => `${ROLE_PAGES}/${file}`);
    expect(names.sort()).toEqual([...pages.keys()].sort());
  });

  it("is reached from the documentation's first page", () => {
    expect(written("docs/README.md")).toContain("(roles/README.md)");
  });

  describe.each(allRoles().map((role) => [role.name, role] as const))("of %s", (name, role) => {
    const page = pages.get(`${ROLE_PAGES}/${name}.md`) ?? "";

    it("tells every setting with its meaning, and what stays when it is taken back", () => {
      for (const variable of Object.keys(role.variables.shape)) expect(page).toContain(`\`${variable}\``);
      const rows = page.split("\n").filter((line) => /^\| (\[?)`/.test(line));
      expect(rows.filter((row) => / \| +\|$/.test(row))).toEqual([]);
      expect(page).toMatch(/\*\*(Taking it back|Removed)\b/);
    });

    const names = Object.keys(role.variables.shape);
    const sets = (text: string) => names.some((variable) => new RegExp(`^${variable}:`, "m").test(text));
    const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text).filter(sets);
    it("has an example, unless there is nothing to set", () =>
      expect(examples.length > 0 || names.length === 0).toBe(true));

    if (examples.length > 0)
      it.each(examples)("has examples that a lab accepts, a further one beside the first: %#", (text) => {
        const [first = ""] = examples;
        const { problems } = loadLab("lab", { cwd: labWith(role, text === first ? [first] : [first, text]) });
        expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
      });
  });
});
