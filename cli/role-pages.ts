import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { allRoles, type Role } from "../provision/registry";
import { cell, settingsTables } from "./reference";

/** Where the pages stand, relative to the project. */
export const ROLE_PAGES = "docs/roles";

const PROVISION = resolve(__dirname, "../provision");
const WRITTEN = "Written by npm run -s lab -- schema --write";

/** A page for each role and one that lists them, by path: the facts from role.ts, the rest from the role's README. */
export function rolePages(roles: readonly Role[] = allRoles()): ReadonlyMap<string, string> {
  const pages = roles.map((role) => [`${ROLE_PAGES}/${role.name}.md`, page(role)] as const);
  return new Map([[`${ROLE_PAGES}/README.md`, index(roles)], ...pages]);
}

function page(role: Role): string {
  return [
    `# Role ${role.name}`,
    `<!-- ${WRITTEN}, from provision/${role.name}/role.ts and its README: change those. -->`,
    role.summary,
    facts(role),
    "## Settings",
    settings(role),
    "## What it does",
    body(role.name),
    "",
  ].join("\n\n");
}

function facts(role: Role): string {
  const { after = [], osTypes, switch: off, targets = ["container", "vm"] } = role;
  const rows = [
    ["Who gets it", whose(role) + (off === undefined ? "" : `, unless \`${off}\` is false`)],
    ["Kinds of hosts", targets.map((each) => KINDS[each]).join(", ")],
    ["Systems", osTypes?.join(", ") ?? "every one"],
    ["Runs after", after.map(asLink).join(", ") || "nothing"],
  ];
  return ["| | |", "|---|---|", ...rows.map(([what, text]) => `| ${what} | ${text} |`)].join("\n");
}

function whose({ group, targets, when }: Role): string {
  const everyone = targets?.every((each) => each === "node") ? "every node" : "every guest";
  const members = group === "all" ? everyone : `members of \`${group}\``;
  return when === "set" ? `${members} with at least one of its variables` : members;
}

function settings({ name, variables }: Role): string {
  if (Object.keys(variables.shape).length === 0) return "None.";
  const tables = settingsTables(variables.shape);
  const secrets = tables.includes("{ secret: NAME }")
    ? ["", `\`{ secret: NAME }\` is a reference: see [secrets](../commands/secrets.md).`]
    : [];
  return [
    `They stand in \`group_vars\` or \`host_vars\`. \`npm run -s lab -- explain LAB/HOST KEY\` tells which value holds for a host; \`npm run -s lab -- drift LAB --role ${name}\` what applying them would change.`,
    "",
    tables,
    ...secrets,
  ].join("\n");
}

/** What a person wrote, without its title and the pointer back to here. */
function body(name: string): string {
  return readFileSync(join(PROVISION, name, "README.md"), "utf8")
    .replace(/^# .*\n+/, "")
    .replace(/^Its settings: .*\n+/m, "")
    .replace(/^##/gm, "###")
    .replace(
      /\]\((?!https?:|#)([^)\s]+)\)/g,
      (_, link: string) => `](${fromPages(posix.join("provision", name, link))})`,
    )
    .trimEnd();
}

const KINDS = { container: "containers", vm: "virtual machines", node: "nodes" } as const;

/** A step that is no role of the inventory, such as those that make a node's networks, has no page. */
const asLink = (name: string) => (allRoles().some((role) => role.name === name) ? `[${name}](${name}.md)` : name);

const fromPages = (path: string) => posix.relative(ROLE_PAGES, path);

function index(roles: readonly Role[]): string {
  const rows = [...roles]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((role) => `| [${role.name}](${role.name}.md) | ${whose(role)} | ${cell(role.summary)} |`);
  return [
    "# Roles",
    `<!-- ${WRITTEN}, from provision/*/role.ts: change those. -->`,
    "What is configured inside guests and on nodes. A host gets a role by belonging to a group; [configuring guests](../provisioning.md) says how and when it runs.",
    ["| Role | For | What |", "|---|---|---|", ...rows].join("\n"),
    "[A role of your own](../../CONTRIBUTING.md#a-role) is a folder under `provision/`; its page comes by itself.",
    "",
  ].join("\n\n");
}
