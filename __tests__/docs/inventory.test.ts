import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { referencePage } from "../../cli/reference";
import { findLabs, loadLab } from "../../model";
import { TESTS } from "../../model/render/expression";
import { FACTS } from "../../model/render/facts";
import { FILTERS } from "../../model/render/filters";
import { VARIABLES } from "../../model/schema/variables";
import { CATALOGUE } from "../../model/templates";
import { toPlain } from "../../model/tree";
import { allRoles } from "../../provision/registry";
import { SOUND } from "../support/lab-folder";

const docs = resolve(__dirname, "../../docs");
const read = (file: string) => readFileSync(join(docs, file), "utf8");

type Files = ReadonlyMap<string, string>;

/** The files of a section: every block whose first line is a comment with the file's name. */
function filesOf(markdown: string): Files {
  const blocks = [...markdown.matchAll(/^```yaml\n# (\S+\.yml)\n([\s\S]*?)^```$/gm)];
  return new Map(blocks.map(([, file = "", text = ""]) => [file, text]));
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function written(...sets: readonly Files[]): string {
  const cwd = mkdtempSync(join(tmpdir(), "docs-"));
  folders.push(cwd);
  for (const [file, text] of sets.flatMap((files) => [...files])) {
    const path = join(cwd, "inventory/home", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return cwd;
}

describe("docs/inventory.md", () => {
  const page = read("inventory.md");

  it("is what the schemas say; else run npm run -s lab -- schema --write", () => {
    expect(page).toBe(referencePage());
  });

  it("has every variable of the model and of every role", () => {
    const names = [...Object.keys(VARIABLES), ...allRoles().flatMap(({ variables }) => Object.keys(variables.shape))];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it("tells units, bounds, defaults and what is required", () => {
    for (const row of [
      "| `swap` | whole number of MiB, 0 or more | 512, as in the web interface | Swap in MiB. |",
      "| `disk` | whole number of GiB, 1 or more | lxc_disk | Root disk in GiB. |",
      "| `vlan` | whole number, 1 to 4094 |",
      "| `vmid` | whole number, 100 to 999999999 | **required** |",
      "| `ip` | dhcp, or an IPv4 address",
      "| `docker_source` | one of docker, distribution | docker |",
    ]) {
      expect(page).toContain(row);
    }
  });
});

describe("docs/examples.md", () => {
  const [, base = "", ...examples] = read("examples.md").split(/^## /m);
  const named = examples.map((text) => ({ title: text.split("\n")[0]!, files: filesOf(text) }));

  it.each(named)("$title: loads without a problem", ({ files }) => {
    expect(files.size).toBeGreaterThan(0);
    const cwd = written(filesOf(base), files);
    const labs = findLabs(cwd).map(({ target }) => loadLab(target, { cwd }));
    expect(labs.flatMap(({ problems }) => problems)).toEqual([]);
    const guests = labs.flatMap(({ lab }) => lab?.guests ?? []).map(({ name }) => name);
    const described = [...files.keys()].filter((file) => /host_vars\/(?!pve)/.test(file));
    expect(guests).toEqual(expect.arrayContaining(described.map((file) => /(\w+)\.yml$/.exec(file)![1])));
  });

  it("builds two labs of production and staging, which share no VMID", () => {
    const cwd = written(named.at(-1)!.files);
    const labs = findLabs(cwd).map(({ target }) => loadLab(target, { cwd }));
    expect(labs.map(({ lab, name }) => [name, lab?.guests.map(({ vmid }) => vmid)])).toEqual([
      ["shop-production", [201]],
      ["shop-staging", [301]],
    ]);
  });

  it("takes the router's word for what it is", () => {
    const cwd = written(filesOf(base));
    const [guest] = loadLab("home", { cwd }).lab!.guests;
    expect(guest?.nics.map(({ address, gateway, vlan }) => ({ address, gateway, vlan }))).toEqual([
      { address: "192.168.1.11/24", gateway: "192.168.1.1", vlan: undefined },
      { address: "192.168.30.1/24", gateway: undefined, vlan: 30 },
    ]);
  });
});

describe("docs/inventory-rules.md", () => {
  const page = read("inventory-rules.md");

  it("names every filter, test, fact, built-in template and group that a role is for", () => {
    const groups = allRoles().map(({ group }) => group);
    const names = [...FILTERS.keys(), ...FACTS, ...CATALOGUE.keys(), ...groups.filter((group) => group !== "all")];
    const absent = [...names, ...TESTS.map((test) => `is ${test}`)].filter((name) => !page.includes(`\`${name}\``));
    expect(absent).toEqual([]);
  });

  it("shows expressions that work", () => {
    const [text = ""] = filesOf(page).values();
    const cwd = written(
      new Map([...Object.entries(SOUND), ["group_vars/guests.yml", text]].map(([file, t]) => [file!, t!])),
    );
    const { problems, vars } = loadLab("home", { cwd });
    expect(problems).toEqual([]);
    expect(toPlain(vars.get("web")!.get("examples")!)).toEqual({
      number: 301,
      text: "192.168.1.100",
      choice: 4096,
      fallback: 8,
      from_text: 1,
      half: 150,
      member: true,
      joined: "WEB",
    });
  });

  it.each(["{{ a ** 2 }}", "{{ a.split() }}", "{{ a | sort }}", "{{ lookup('env', 'A') }}", "{% if a %}1{% endif %}"])(
    "says rightly that %s is refused",
    (expression) => {
      const files = { ...SOUND, "group_vars/guests.yml": `a: "1"\nb: "${expression}"\n` };
      const { problems } = loadLab("home", { cwd: written(new Map(Object.entries(files))) });
      expect(problems.map(({ severity, path }) => [severity, path])).toEqual([["error", "b"]]);
    },
  );
});
