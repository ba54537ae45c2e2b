import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readRoles } from "../../provision/registry";

const PROJECT = resolve(__dirname, "../..");

/** Texts of files, by path in provision/. */
export interface RoleFiles {
  readonly [path: string]: string;
}

/** A folder of roles as provision/ is one; they import what the project's own do. Removed with all other scratch. */
export function roleFolder(files: RoleFiles): string {
  const root = mkdtempSync(join(tmpdir(), "roles-"));
  const provision = join(root, "provision");
  mkdirSync(provision);
  for (const shared of ["node_modules", "model", "provision/role.ts", "provision/lib"])
    symlinkSync(join(PROJECT, shared), join(root, shared));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(provision, path)), { recursive: true });
    writeFileSync(join(provision, path), text);
  }
  return provision;
}

/** The files that docs/provisioning.md shows of a role, as they stand there: each behind the line that begins with its path. */
export function documentedFiles(): RoleFiles {
  const page = readFileSync(join(PROJECT, "docs/provisioning.md"), "utf8");
  const shown = page.matchAll(/^`provision\/(\S+)`.*\n(?:\S.*\n)*\n(`{3,})\w+\n([\s\S]*?)^\2$/gm);
  return Object.fromEntries(Array.from(shown, ([, path = "", , text = ""]) => [path, text]));
}

/** That role beside the project's own, with its folder. */
export function documentedRoles() {
  const files = documentedFiles();
  const folder = roleFolder(files);
  // Whoever follows the page has it in provision/, too.
  const shown = new Set(Object.keys(files).map((path) => path.split("/")[0]));
  const own = readdirSync(join(PROJECT, "provision"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of own.filter((each) => each.name !== "lib" && !shown.has(each.name)))
    cpSync(join(PROJECT, "provision", name), join(folder, name), { recursive: true });
  symlinkSync(join(PROJECT, "provision/settings.ts"), join(folder, "settings.ts"));
  const { problems, roles } = readRoles(folder);
  return { problems, documented: roles.filter(({ name }) => shown.has(name)), folder };
}
