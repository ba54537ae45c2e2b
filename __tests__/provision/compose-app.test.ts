import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { appNames, readApp } from "../../provision/compose-app/app-folder";
import role from "../../provision/compose-app/role";
import { temporaryFolder } from "../support/run-step";
import { describeInSandbox, Sandbox } from "../support/sandbox";

/** Plays Docker: one service `web` a project, which runs once it is up. */
const DOCKER = `
echo "docker $*" >>/run/calls
if [ "$1" = compose ]; then
  shift
  while :; do case $1 in --project-name) name=$2; shift 2 ;; --*) shift 2 ;; *) break ;; esac; done
  case "$1 $2" in
    "config --quiet") [ ! -e /run/refuse ] || { cat /run/refuse; exit 15; } ;;
    "config --services") echo web ;;
    up*) env >/run/env; [ ! -e /run/fail ] || { cat /run/fail; exit 1; }; echo "web running Up 2 seconds (healthy)" >/run/state-$name ;;
    down*) rm -f /run/state-$name ;;
  esac
else
  case $1 in ps) name=\${4##*=}; [ ! -f /run/state-$name ] || cat /run/state-$name ;; volume) echo shop_data ;; esac
fi
`;
const CANARY = "canary $(touch /run/pwned) 'é\"";
const settings = (compose_apps: object) => {
  const parsed = role.variables.parse({ compose_apps });
  return JSON.parse(
    JSON.stringify(parsed, (_, value) => (value?.secret && typeof value.secret === "string" ? undefined : value)),
  );
};
const SHOP = {
  compose: { services: { web: { image: "web:1", environment: { TOKEN: "${TOKEN}" } } } },
  env: { TOKEN: { secret: "shop_token" }, LEVEL: 3 },
  files: { "conf/web.ini": "a=1\n", "tls.key": { content: "key", mode: "440" } },
};
const SECRETS = { compose_apps_0_env_0_value: CANARY };
const guestWithDocker = () => new Sandbox({ commands: { docker: DOCKER } });
const apply = (guest: Sandbox, apps: object, action = "apply") =>
  guest.apply("compose-app", settings(apps), action, SECRETS);
const calls = (guest: Sandbox) => guest.read("run/calls");
const mode = (guest: Sandbox, path: string) => (statSync(join(guest.root, path)).mode & 0o777).toString(8);

describeInSandbox("the compose-app role", () => {
  it("puts the project into a folder for root alone, starts it and says how its services are", () => {
    const guest = guestWithDocker();
    const { output, status } = apply(guest, { shop: SHOP });
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(output).toContain("note: shop: web running (healthy)");
    const folder = "opt/compose-apps/shop";
    expect(
      ["", "/compose.yaml", "/.env", "/conf", "/conf/web.ini", "/tls.key"].map((path) => mode(guest, folder + path)),
    ).toEqual(["700", "600", "600", "755", "644", "440"]);
    expect(JSON.parse(guest.read(`${folder}/compose.yaml`))).toEqual(SHOP.compose);
    expect(guest.read(`${folder}/.env`)).toBe(`TOKEN="canary \\$(touch /run/pwned) 'é\\""\nLEVEL="3"\n`);
    expect(calls(guest)).toMatch(/up --detach --remove-orphans --wait --wait-timeout 120\n/);
  });

  it("changes no file the second time; a check agrees before and after, and sees a container that stopped", () => {
    const guest = guestWithDocker();
    const untouched = guest.digest();
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(2);
    expect(guest.digest()).toBe(untouched);
    apply(guest, { shop: SHOP });
    const applied = guest.digest();
    expect(apply(guest, { shop: SHOP }).output).toContain("done: 0 changed");
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(0);
    expect(guest.digest()).toBe(applied);
    writeFileSync(join(guest.root, "run/state-shop"), "web exited Exited (1) 3 hours ago\n");
    expect(apply(guest, { shop: SHOP }, "check")).toMatchObject({
      status: 2,
      output: expect.stringContaining("shop up"),
    });
  });

  it("starts anew what a changed variable concerns, and everything when a file beside the project changed", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "run/calls"));
    apply(guest, { shop: { ...SHOP, env: { ...SHOP.env, LEVEL: 4 } } });
    expect(calls(guest)).toMatch(/ up .*--wait-timeout 120\n/);
    const { output } = apply(guest, { shop: { ...SHOP, files: { "conf/web.ini": "a=2\n" } } });
    expect(calls(guest)).toMatch(/ up .* --force-recreate\n/);
    expect(output).toContain("changed: /opt/compose-apps/shop/tls.key removed");
  });

  it("stops and removes an app that is no longer named, and leaves its data", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    writeFileSync(join(guest.root, "opt/compose-apps/shop/orders.db"), "");
    const { output, status } = apply(guest, {});
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(calls(guest)).toContain("--project-name shop down --remove-orphans --rmi all");
    expect(output).toContain("note: shop: its own data stays in /opt/compose-apps/shop");
    expect(output).toContain("these volumes stay: shop_data");
    expect(() => guest.read("opt/compose-apps/shop/.env")).toThrow();
    expect(apply(guest, {}).output).toContain("done: 0 changed");
  });

  it("touches nothing when compose refuses the project, and does not show what holds a secret", () => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/refuse"), "services.web: additional property imige\n");
    expect(apply(guest, { shop: SHOP }).output).toContain(
      "nothing was changed: services.web: additional property imige",
    );
    writeFileSync(join(guest.root, "run/refuse"), `invalid port ${CANARY}\n`);
    const { output, status } = apply(guest, { shop: SHOP });
    expect(status).toBe(1);
    expect(output).toContain("it holds a secret");
    expect(output).not.toContain("canary");
    expect(() => guest.read("opt/compose-apps/shop/.managed")).toThrow();
  });

  it("tries again what did not come up", () => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/fail"), "container shop-web-1 is unhealthy\n");
    const failed = apply(guest, { shop: SHOP });
    expect(failed.status).toBe(1);
    expect(failed.output).toContain("shop did not come up: container shop-web-1 is unhealthy");
    rmSync(join(guest.root, "run/fail"));
    expect(apply(guest, { shop: SHOP }).output).toContain("changed: shop up");
  });

  it("takes half-made containers of a run that was killed out of the way, and leaves volumes", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "opt/compose-apps/shop/.applied"));
    rmSync(join(guest.root, "run/calls"));
    const inTheWay = 'up*) [ -e /run/down ] || { echo "name is already in use"; exit 1; }; ';
    const docker = DOCKER.replace("up*) ", inTheWay).replace("down*) ", "down*) touch /run/down; ");
    writeFileSync(join(guest.root, "stand-ins/docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
    expect(apply(guest, { shop: SHOP }).status).toBe(0);
    expect(calls(guest)).toMatch(/ up (.*\n)+.* down --remove-orphans\n(.*\n)*.* up /);
  });

  it("gives no program a secret, neither as an argument nor in its environment", () => {
    const guest = guestWithDocker();
    const { output } = apply(guest, { shop: SHOP });
    expect(output + calls(guest) + guest.read("run/env")).not.toContain("canary");
    expect(() => guest.read("run/pwned")).toThrow();
  });

  it("says what is missing where Docker is not, and that it does not know Alpine", () => {
    expect(
      new Sandbox({ commands: { docker: "exit 1" } }).apply("compose-app", settings({ shop: SHOP })).output,
    ).toContain("put this host into the group docker_hosts");
    expect(new Sandbox({ osRelease: 'PRETTY_NAME="Alpine 3.22"\nID=alpine\n' }).apply("compose-app").output).toContain(
      "this is Alpine",
    );
  });
});

const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
const shells = ["dash", "busybox"].filter((shell) => !spawnSync(shell, ["true"]).error);

/** `.env` as the role writes it. */
function written(values: readonly string[], shell: string): string {
  const folder = temporaryFolder();
  values.forEach((value, index) => {
    writeFileSync(join(folder, `v${index}`), `${value}.`);
  });
  const script = `. provision/lib/compose.sh; i=0; while [ $i -lt ${values.length} ]; do v=$(cat "$1/v$i"); env_line "V$i" "\${v%.}"; i=$((i + 1)); done`;
  const args = [...(shell === "busybox" ? ["sh"] : []), "-euc", script, "x", folder];
  const { status, stderr, stdout } = spawnSync(shell, args, {
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}

const NASTY = [
  "",
  "\n",
  "a\n\n",
  "\\",
  "\\\\n",
  "\\$",
  "$$",
  "${HOME}",
  "$(id)",
  "`id`",
  "-n",
  "--help",
  "'",
  '"',
  '\\"',
  "#x",
  " x ",
  "a\r\nb\r",
];
const samples = [
  ...NASTY,
  "x".repeat(1 << 16),
  ...fc.sample(
    fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && !/\p{Surrogate}/u.test(text)),
    100,
  ),
];

describe("a value of .env", () => {
  it.each(shells)("is the same text whatever shell wrote it: %s", (shell) => {
    expect(written(samples, shell)).toBe(written(samples, "sh"));
  });

  it("arrives in a service byte for byte, as the real compose reads it", () => {
    if (!hasCompose) {
      process.stderr.write("skipped: no docker compose to read .env with\n");
      return;
    }
    const folder = temporaryFolder();
    const names = samples.map((_, index) => `V${index}`);
    const environment = Object.fromEntries(names.map((name) => [name, `\${${name}}`]));
    writeFileSync(join(folder, "compose.yaml"), JSON.stringify({ services: { web: { image: "web", environment } } }));
    writeFileSync(join(folder, ".env"), written(samples, "sh"));
    const { stderr, stdout } = spawnSync(
      "env",
      ["-i", `PATH=${process.env.PATH}`, `HOME=${process.env.HOME}`, "docker", "compose", "config", "--format", "json"],
      { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 },
    );
    const read = stderr === "" ? JSON.parse(stdout).services.web.environment : stderr;
    // What is printed is a compose file again, in which a dollar is two.
    expect(names.map((name) => read[name]?.replaceAll("$$", "$"))).toEqual(samples);
  });
});

describe("settings of compose-app", () => {
  const problems = (app: object) => role.variables.safeParse({ compose_apps: { shop: app } }).error?.issues ?? [];

  it("take a compose file as a mapping, and leave nothing to YAML that it reads otherwise than JSON", () => {
    const odd = "\u2028\u0085\ufeff\u007f é 😀 \ufffe";
    const [app] = settings({ shop: { compose: { services: { web: { image: odd } } } } }).compose_apps;
    expect(JSON.parse(app.compose).services.web.image).toBe(odd);
    expect(app.compose).toMatch(/^[\n\x20-\x7e😀]+$/u);
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

  it.each(["../x", "/etc/passwd", "a/../b", ".env", "compose.yaml", ".managed", "-x", "a//b", "a/", "a\nb", "."])(
    "refuse the path %j",
    (path) => expect(problems({ compose: "x", files: { [path]: "" } })).not.toEqual([]),
  );

  it.each(["PATH", "HOME", "a-b", "1A", "A=B"])("refuse the variable %j", (name) =>
    expect(problems({ compose: "x", env: { [name]: "" } })).not.toEqual([]),
  );
});

describe("a folder of apps", () => {
  it("gives each app's compose file and what lies beside it", () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "shop/conf"), { recursive: true });
    mkdirSync(join(root, "empty"));
    for (const path of ["compose.yaml", "README.md", "conf/a.ini"]) writeFileSync(join(root, "shop", path), path);
    expect(appNames(root)).toEqual(["shop"]);
    expect(readApp(root, "shop")).toEqual({ compose: "compose.yaml", files: { "conf/a.ini": "conf/a.ini" } });
    writeFileSync(join(root, "shop/logo.png"), Buffer.from([0x89, 0xff]));
    expect(() => readApp(root, "shop")).toThrow("provision/apps/shop/logo.png is not UTF-8 text");
  });
});
