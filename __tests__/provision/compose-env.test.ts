import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { temporaryFolder } from "../support/run-step";
import { itUnless } from "../support/skip";

const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
const shells = ["dash", "busybox"].filter((shell) => !spawnSync(shell, ["true"]).error);

/** `.env` as the role writes it. */
function written(values: readonly string[], shell: string): string {
  const folder = temporaryFolder();
  values.forEach((value, index) => {
    writeFileSync(join(folder, `v${index}`), `${value}.`);
  });
  const script = `. ./lib/compose.sh; i=0; while [ $i -lt ${values.length} ]; do v=$(cat "$1/v$i"); env_line "V$i" "\${v%.}"; i=$((i + 1)); done`;
  const args = [...(shell === "busybox" ? ["sh"] : []), "-euc", script, "x", folder];
  const { status, stderr, stdout } = spawnSync(shell, args, {
    cwd: "provision",
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

  const lack = hasCompose ? "" : "no docker compose to read .env with";
  itUnless(lack, "arrives in a service byte for byte, as the real compose reads it", () => {
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
