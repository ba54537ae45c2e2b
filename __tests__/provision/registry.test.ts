import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { problemLine } from "../../model/problem";
import { allRoles, readRoles, roleProblems, STEPS } from "../../provision/registry";
import { type RoleFiles, roleFolder } from "../support/role-folder";

const PROJECT = resolve(__dirname, "../..");

const HEAD = 'import { z } from "zod";\nimport { defineRole } from "../role";\n\n';
const SOUND = {
  summary: '"Keeps the time."',
  group: '"time_hosts"',
  variables: 'z.object({ chrony_pool: z.string().describe("Pool.") })',
};

/** The files of a role whose definition has these keys instead, or not those that are undefined. */
function role(name: string, keys: { readonly [key: string]: string | undefined } = {}): RoleFiles {
  const lines = Object.entries({ ...SOUND, ...keys }).flatMap(([key, value]) =>
    value === undefined ? [] : [`  ${key}: ${value},\n`],
  );
  return {
    [`${name}/role.ts`]: `${HEAD}export default defineRole({\n${lines.join("")}});\n`,
    [`${name}/apply.sh`]: "",
    [`${name}/check.sh`]: "",
    [`${name}/README.md`]: "",
  };
}

const without = (files: RoleFiles, ...paths: readonly string[]) =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));

/** What is told of a folder of roles, without the way to it. */
const told = (files: RoleFiles) => {
  const folder = roleFolder(files);
  return readRoles(folder).problems.map((problem) =>
    problemLine(problem).replaceAll(/\S*\/provision\//g, "provision/"),
  );
};

describe("the roles under provision/", () => {
  it("are sound, and sorted by what they come after", () => {
    expect(roleProblems()).toEqual([]);
    const names = allRoles().map(({ name }) => name);
    for (const { after = [], name } of allRoles())
      for (const other of after.filter((each) => names.includes(each)))
        expect(names.indexOf(other)).toBeLessThan(names.indexOf(name));
  });

  it.each(STEPS)("are not %s, which a construct makes a step of", (name) => {
    const folder = join(PROJECT, "provision", name);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["apply.sh", "check.sh"]));
    expect(existsSync(join(folder, "role.ts"))).toBe(false);
    const constructs = readdirSync(join(PROJECT, "constructs")).filter((file) => file.endsWith(".ts"));
    const texts = constructs.map((file) => readFileSync(join(PROJECT, "constructs", file), "utf8"));
    expect(texts.some((text) => text.includes(`role: "${name}"`))).toBe(true);
  });
});

describe("a role of one's own", () => {
  it("is found by its folder, after those it names", () => {
    const files = { ...role("a", { after: '["z", "node-network"]' }), ...role("z", { variables: "z.object({})" }) };
    const { problems, roles } = readRoles(roleFolder(files));
    expect(problems).toEqual([]);
    expect(roles.map(({ name }) => name)).toEqual(["z", "a"]);
  });

  const at = (line: number, column = 3) => `provision/chrony/role.ts:${line}:${column} error `;
  it.each<[string, { readonly [key: string]: string | undefined }, string]>([
    ["no group", { group: undefined }, `${at(4, 1)}group is required but missing: expected the name of the group`],
    [
      "no summary",
      { summary: undefined },
      `${at(4, 1)}summary is required but missing: expected one sentence; add summary:`,
    ],
    ["an unknown key", { swich: '"with_x"' }, `${at(8)}unknown key "swich"; did you mean "switch"?`],
    [
      "a when that is none",
      { when: '"chrony_pol"' },
      `${at(8)}when: expected "set", for who has at least one of its variables, got "chrony_pol"`,
    ],
    [
      "a when without variables",
      { when: '"set"', variables: "z.object({})" },
      `${at(8)}when: "set", and there is no variable`,
    ],
    [
      "a function of variables",
      { variables: "() => ({})" },
      `${at(7)}variables: expected z.object({ … }) with the role's variables, or with none, got a function`,
    ],
    [
      "a mapping of variables",
      { variables: "{ chrony_pool: z.string() }" },
      `${at(7)}variables: expected z.object({ … })`,
    ],
    [
      "a schema that was not made",
      { variables: "z.object({ chrony_pool: z.string })" },
      `${at(7, 25)}variables.chrony_pool: expected a zod schema, got a function; write such as z.string()`,
    ],
    [
      "a name that is no variable of a shell",
      { variables: 'z.object({ "chrony-pool": z.string() })' },
      `${at(7, 25)}variables: a shell has none called "chrony-pool"; use small letters, digits and _`,
    ],
    [
      "a name that the shell needs itself",
      { variables: "z.object({ PATH: z.string() })" },
      `${at(7, 25)}variables: a shell has none called "PATH"`,
    ],
    [
      "itself in after",
      { after: '["chrony"]' },
      `${at(8)}after: the role would wait for itself; take "chrony" from it`,
    ],
    [
      "an unknown role in after",
      { after: '["chrno", "hardwear"]' },
      `${at(8, 20)}after: there is no role "hardwear"; did you mean "hardware"?`,
    ],
    [
      "another target",
      { targets: '["lxc"]' },
      `${at(8)}targets: expected a list of "container", "vm" and "node", got a list; write that, or leave it out`,
    ],
    [
      "a variable of others that is none",
      { ofAnyHost: '["chrony_pol"]' },
      `${at(8, 15)}ofAnyHost: "chrony_pol" is none of its variables; did you mean "chrony_pool"?`,
    ],
    [
      "ahead without ahead.sh",
      { ahead: "true" },
      `${at(8)}ahead: true, and there is no ahead.sh; write ahead.sh, or leave ahead out`,
    ],
    [
      "a variable of the inventory itself",
      { variables: "z.object({ lxc_cores: z.number() })" },
      `${at(7, 25)}the inventory itself has a variable lxc_cores already; rename it`,
    ],
  ])("may not have %s", (_, keys, line) => {
    expect(told(role("chrony", keys))).toContainEqual(expect.stringContaining(line));
  });

  it.each([
    ["check.sh", "the role chrony has no check.sh: drift could not be seen; write provision/chrony/check.sh"],
    ["apply.sh", "the role chrony has no apply.sh: nothing could be applied; write provision/chrony/apply.sh"],
    ["README.md", "the role chrony has no README.md: its page could not be written; write provision/chrony/README.md"],
  ])("needs %s", (file, line) => {
    expect(told(without(role("chrony"), `chrony/${file}`))).toEqual([expect.stringContaining(`${at(4, 1)}${line}`)]);
  });

  it("is told all that is wrong with it at once", () => {
    const keys = { summary: undefined, swich: '"with_x"', after: '["hardwear"]', ofAnyHost: '["pool"]' };
    expect(told(role("chrony", keys)).map((line) => line.split(" error ")[1]?.split(";")[0])).toEqual([
      'unknown key "swich"',
      "summary is required but missing: expected one sentence",
      'after: there is no role "hardwear"',
      'ofAnyHost: "pool" is none of its variables',
    ]);
  });

  it("needs a definition", () => {
    const scripts = without(role("chrony"), "chrony/role.ts");
    expect(told(scripts)).toEqual([expect.stringContaining("the folder chrony has no role.ts")]);
    expect(told({ ...scripts, "chrony/roles.ts": role("chrony")["chrony/role.ts"]! })).toEqual([
      "provision/chrony/roles.ts:1:1 error the folder chrony has no role.ts, so that nobody would get the role; rename roles.ts to role.ts",
    ]);
    expect(told({ ...scripts, "chrony/role.ts": "export const role = 1;\n" })).toEqual([
      `${at(1, 1)}expected a role as the default export, got nothing; write export default defineRole({ … })`,
    ]);
  });

  it("says that it has an ahead.sh", () => {
    expect(told({ ...role("chrony"), "chrony/ahead.sh": "" })).toEqual([expect.stringContaining("add ahead: true")]);
  });

  it("has its variables for itself, unless two take one schema", () => {
    expect(told({ ...role("chrony"), ...role("ntp") })).toEqual([
      "provision/ntp/role.ts:7:25 error the role chrony has a variable chrony_pool already; " +
        "rename one of the two, or let both take one schema for it from one file\n    provision/chrony/role.ts:7:25 declares it, too",
    ]);
    const shared = { "shared.ts": 'import { z } from "zod";\nexport const pool = z.string().describe("Pool.");\n' };
    const variables = 'z.object({ chrony_pool: require("../shared").pool })';
    expect(told({ ...shared, ...role("chrony", { variables }), ...role("ntp", { variables }) })).toEqual([]);
  });

  it("does not wait for one that waits for it", () => {
    const circle = { ...role("a", { after: '["b"]' }), ...role("b", { after: '["a"]', variables: "z.object({})" }) };
    expect(told(circle)).toEqual([
      "provision/a/role.ts:8:3 error after: roles wait for each other: a → b → a; take one of them from after",
    ]);
  });

  it("is told of together with all others", () => {
    const files = {
      ...role("a", { group: undefined }),
      ...without(role("b"), "b/check.sh"),
      "c/role.ts": "import '../nowhere';",
    };
    expect(told(files).map((line) => line.split(":")[0])).toEqual([
      "provision/a/role.ts",
      "provision/b/role.ts",
      ...Array(4).fill("provision/c/role.ts"),
    ]);
  });
});

describe("commands of a project with roles that are no program", () => {
  const cwd = mkdtempSync(join(tmpdir(), "project-"));
  const place = (name: string, text: string) => {
    const folder = join(cwd, "provision", name);
    mkdirSync(folder);
    for (const file of ["apply.sh", "check.sh", "README.md"]) writeFileSync(join(folder, file), "");
    writeFileSync(join(folder, "role.ts"), text);
  };
  beforeAll(() => {
    for (const each of ["cli", "constructs", "model", "provision", "scripts", "stacks", "main.ts", "inventory/tiers"])
      cpSync(join(PROJECT, each), join(cwd, each), {
        recursive: true,
        filter: (path) => basename(path) !== "node_modules",
      });
    for (const each of ["node_modules", ".gen"]) symlinkSync(join(PROJECT, each), join(cwd, each));
    place("braces", `${HEAD}export default defineRole({{\n  summary: "x",\n});\n`);
    const typed = "type Nothing = {\n  readonly a: string;\n};\n";
    place("slip", `${HEAD}${typed}export default defineRole({\n  variables: z.object({ a: z.strng() }),\n});\n`);
    place("import", 'import { z } from "zod";\nimport { defineRole } from "../rol";\nexport default defineRole(z);\n');
  });
  const run = (...args: readonly string[]) => {
    const node = ["--require", "./scripts/typescript.cjs", ...args];
    const { status, stderr, stdout } = spawnSync(process.execPath, node, { cwd, encoding: "utf8" });
    return { status, text: stdout + stderr };
  };
  const LINES = [
    /^provision\/braces\/role\.ts:4:28 error Unexpected token `{`/m,
    /^provision\/import\/role\.ts:2:28 error Cannot find module '\.\.\/rol'; mend it; npm run types says/m,
    /^provision\/slip\/role\.ts:8:30 error z\.strng is not a function; /m,
  ];

  it.each([
    ["validate", ["cli/lab.ts", "validate"]],
    ["list", ["cli/lab.ts", "list", "tiers"]],
    ["cdktf synth", ["main.ts"]],
  ])("tell file, line and remedy of each: %s", (_, args) => {
    const { status, text } = run(...args);
    expect(status).toBe(1);
    for (const line of LINES) expect(text).toMatch(line);
    expect(text).toMatch(/\b3 errors\b/);
    expect(text).not.toMatch(/^\s+at |mistake of this program/m);
  });

  it("annotate the files on GitHub", () => {
    expect(run("cli/lab.ts", "validate", "--format", "github").text).toContain(
      "::error file=provision/braces/role.ts,line=4,col=28,title=role-definition::",
    );
  });
});
