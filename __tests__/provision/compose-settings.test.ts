import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { appNames, readApp } from "../../provision/compose-app/app-folder";
import role from "../../provision/compose-app/role";
import { temporaryFolder } from "../support/run-step";

describe("settings of compose-app", () => {
  const problems = (app: object, name = "shop") =>
    role.variables.safeParse({ compose_apps: { [name]: app } }).error?.issues ?? [];
  const COMPOSE = "services: { web: { image: a } }\n";

  it("take a compose file as a mapping, and leave nothing to YAML that it reads otherwise than JSON", () => {
    const odd = "\u2028\u0085\ufeff\u007f é 😀 \ufffe";
    const shop = { compose: { services: { web: { image: odd } } } };
    const compose = role.variables.parse({ compose_apps: { shop } }).compose_apps?.[0]?.compose ?? "";
    expect(JSON.parse(compose).services.web.image).toBe(odd);
    expect(compose).toMatch(/^[\n\x20-\x7e😀]+$/u);
  });

  it.each([
    [{}, "an app needs a compose file, and has none"],
    [{ app: "x", compose: "services: {}" }, "an app has one compose file, not two"],
    [{ app: "no-such" }, "no folder provision/apps/no-such/ with a compose.yaml"],
    [
      { compose: { services: { web: { environment: { A: { secret: "x" } } } } } },
      "a secret cannot be part of the compose file itself",
    ],
  ])("refuse %j", (app, message) => expect(JSON.stringify(problems(app))).toContain(message));

  it.each([
    ...["../x", "/etc/passwd", "a/../b", "-x", "a//b", "a/", "a\nb", "."],
    ...[".env", "compose.yaml", ".managed", ".env/x", "compose.yaml/x"],
  ])("refuse the path %j", (path) => expect(problems({ compose: COMPOSE, files: { [path]: "" } })).not.toEqual([]));

  it.each(["PATH", "HOME", "a-b", "1A", "A=B"])("refuse the variable %j", (name) =>
    expect(problems({ compose: COMPOSE, env: { [name]: "" } })).not.toEqual([]),
  );

  it("refuse a file that is to be a folder as well, in the app's own folder or not", () => {
    const [issue, ...more] = problems({ compose: COMPOSE, files: { a: "", "a/b": "", "ab/c": "" } });
    expect(more).toEqual([]);
    expect(issue).toMatchObject({
      path: ["compose_apps", "shop", "files", "a/b"],
      message: '"a" cannot be a file, for "a/b" makes it a folder',
    });
    const [own] = problems({ app: "monitoring", files: { grafana: "" } });
    expect(own?.message).toBe('"grafana" cannot be a file, for "grafana/datasources.yml" makes it a folder');
    expect(problems({ compose: COMPOSE, files: { "a/b": "", "a/c": "", "a-b": "" } })).toEqual([]);
  });

  it("refuse the name of every compose project that another role runs", () => {
    const scripts = readdirSync("provision", { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".sh") && !path.startsWith("lib/"),
    );
    const projects = scripts.flatMap((path) =>
      [...readFileSync(join("provision", path), "utf8").matchAll(/\bcompose_project ([\w-]+) /g)].map(
        ([, name = ""]) => name,
      ),
    );
    expect(projects).toEqual(["service-agents"]);
    for (const name of projects) {
      expect(JSON.stringify(problems({ compose: COMPOSE }, name))).toContain(
        `the role ${name} runs a project of that name`,
      );
      expect(problems({ compose: COMPOSE }, `${name}-2`)).toEqual([]);
    }
  });
});

describe("a folder of apps", () => {
  function folder(files: { readonly [path: string]: string | Buffer }): string {
    const root = temporaryFolder();
    for (const [path, content] of Object.entries({ "compose.yaml": "x", ...files })) {
      mkdirSync(dirname(join(root, "shop", path)), { recursive: true });
      writeFileSync(join(root, "shop", path), content);
    }
    return root;
  }

  it("gives each app's compose file and what lies beside it", () => {
    const root = folder({ "README.md": "", "conf/a.ini": "a", "conf/README.md": "b", "Node Exporter Füll.json": "{}" });
    mkdirSync(join(root, "empty"));
    expect(appNames(root)).toEqual(["shop"]);
    expect(readApp(root, "shop")).toEqual({
      compose: "x",
      files: { "Node Exporter Füll.json": "{}", "conf/README.md": "b", "conf/a.ini": "a" },
      unfit: [],
    });
  });

  it("names each file that cannot travel, with a way out", () => {
    const root = folder({
      ".env": "A=1\n",
      ".managed": "",
      "a\nb": "",
      "logo.png": Buffer.from([0x89, 0xff]),
      "nul.txt": "a\0b",
    });
    symlinkSync("../compose.yaml", join(root, "shop/link"));
    expect(readApp(root, "shop").unfit.map(({ fix, message }) => `${message}; ${fix}`)).toEqual([
      "provision/apps/shop/.env cannot be: the project's .env is made of env:, where a secret may be; set its variables in env: of the app in the inventory, and delete the file",
      "provision/apps/shop/.managed has a name that this role needs for itself; rename the file",
      '"provision/apps/shop/a\\nb" has a name with a control character in it, or a blank at an end; rename the file',
      "provision/apps/shop/link is a symbolic link, and only files travel to the guest; put a copy of the file in its place",
      "provision/apps/shop/logo.png is not UTF-8 text; put binary files into an image or download them",
      "provision/apps/shop/nul.txt has a NUL in it, so it is no text; put binary files into an image or download them",
    ]);
  });
});
