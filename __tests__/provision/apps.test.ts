import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { APPS } from "../support/shipped";
import { describeUnless } from "../support/skip";

const FOLDER = "provision/apps";
const compose = (app: string) => readFileSync(join(FOLDER, app, "compose.yaml"), "utf8");
/** `${NAME…}`, but not `$${NAME}`, which is for the container. */
const variables = (text: string) =>
  new Set([...text.matchAll(/(?<!\$)\$\{([A-Z0-9_]+)/g)].map(([, name = ""]) => name));
const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

interface Project {
  readonly services: {
    readonly [name: string]: { readonly image: string; readonly restart: string; readonly volumes?: string[] };
  };
}

describe.each(APPS)("the app %s", (app) => {
  const project: Project = parse(compose(app), { merge: true });

  it("pins every image by version and digest, and restarts what failed", () => {
    for (const { image, restart } of Object.values(project.services)) {
      expect(image).toMatch(/^[a-z.]+\/[^:]+:[^:@]*\d[^:@]*@sha256:[0-9a-f]{64}$/);
      expect(restart).toBe("unless-stopped");
    }
  });

  it("explains every variable it asks for, and asks for every one it explains", () => {
    const page = readFileSync(join(FOLDER, app, "README.md"), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const explained = rows.flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name),
    );
    expect(explained.sort()).toEqual([...variables(compose(app))].sort());
  });

  it("has the files that it mounts", () => {
    const mounted = Object.values(project.services).flatMap(({ volumes = [] }) => volumes);
    for (const path of mounted.filter((each) => each.startsWith("./")).map((each) => each.split(":")[0] ?? ""))
      expect(existsSync(join(FOLDER, app, path))).toBe(true);
  });
});

describeUnless(works("docker", "compose", "version") ? "" : "there is no docker compose", "docker compose", () => {
  it.each(APPS)("accepts %s", (app) => {
    const env = Object.fromEntries(
      [...variables(compose(app))].map((name) => [name, name.endsWith("_PORT") ? "8000" : "x"]),
    );
    const { status, stderr } = spawnSync(
      "docker",
      ["compose", "--file", join(FOLDER, app, "compose.yaml"), "config", "--quiet"],
      {
        encoding: "utf8",
        env: { ...process.env, ...env },
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describeUnless(
  works("promtool", "--version") ? "" : "there is no promtool (Debian: prometheus)",
  "promtool and amtool",
  () => {
    it("accept what watches the lab", () => {
      const folder = join(FOLDER, "monitoring");
      // Files stand elsewhere in the container, so Prometheus' own configuration is checked for its syntax alone.
      for (const [program, ...args] of [
        ["promtool", "check", "config", "--syntax-only", join(folder, "prometheus.yml")],
        ["promtool", "check", "rules", join(folder, "alerts.yml")],
        ["amtool", "check-config", join(folder, "alertmanager.yml")],
      ] as const) {
        const { status, stderr, stdout } = spawnSync(program, args, { encoding: "utf8" });
        expect({ program, status, output: status === 0 ? "" : stdout + stderr }).toEqual({
          program,
          status: 0,
          output: "",
        });
      }
    });
  },
);
