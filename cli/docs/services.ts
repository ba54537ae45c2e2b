import { parse } from "yaml";
import { labNeeds } from "../../model/credentials";
import { wideNeeds } from "../../model/credentials/wide";
import type { Capability, Guest, Lab, Setting } from "../../model/lab";
import { code, codes, plain, section, table, yes } from "./markdown";

/** Which roles run where, and which services the compose projects bring. */
export function services({ groups, guests }: Lab): string {
  const telling = new Set(
    groups
      .filter(({ children, kind }) => kind === "functional" || (kind !== "tier" && children.length === 0))
      .map(({ name }) => name),
  );
  const roles = guests.map((guest) => [
    plain(guest.name),
    codes(rolesOf(guest)),
    codes(guest.groups.filter((group) => telling.has(group))),
  ]);
  const projects = guests.flatMap((guest) =>
    projectsOf(guest).flatMap(({ name, services: each }) =>
      each.map(({ image, ports, service }) => [
        code(name),
        code(service),
        plain(guest.name),
        code(image),
        codes(ports),
      ]),
    ),
  );
  return section(
    "Services and where each runs",
    table(["Project", "Service", "Guest", "Image", "Ports"], projects),
    table(["Guest", "Roles, in their order", "Groups"], roles),
  );
}

const stepsOf = ({ capabilities, steps }: Guest) => [
  ...capabilities.flatMap((each: Capability) => each.step ?? []),
  ...steps,
];

const rolesOf = (guest: Guest): string[] => {
  const roles = stepsOf(guest);
  // A capability's role may come after one of the others: base, then docker, then what needs both.
  const done: string[] = [];
  for (let left = roles; left.length > 0; ) {
    const next = left.find(({ after }) => !after.some((role) => left.some((each) => each.role === role))) ?? left[0];
    if (!next) break;
    done.push(next.role);
    left = left.filter((each) => each !== next);
  }
  return done;
};

interface Project {
  readonly name: string;
  readonly services: readonly { readonly service: string; readonly image: string; readonly ports: readonly string[] }[];
}

function projectsOf(guest: Guest): Project[] {
  const apps = stepsOf(guest).find(({ role }) => role === "compose-app")?.settings.compose_apps;
  return (Array.isArray(apps) ? apps : []).flatMap((app: Setting) =>
    isMap(app) ? [{ name: String(app.name), services: servicesOf(filled(String(app.compose ?? ""), app.env)) }] : [],
  );
}

/** The text with the project's variables in place, or their defaults, as Compose reads `${NAME:-default}`; secrets stay names. */
function filled(compose: string, env: unknown): string {
  const known = new Map<string, string>();
  for (const each of Array.isArray(env) ? env : [])
    if (isMap(each) && typeof each.value === "string") known.set(String(each.name), each.value);
  return compose.replaceAll(
    /\$\{(\w+)(?::?-([^{}]*))?\}/g,
    (whole, name: string, otherwise?: string) => known.get(name) ?? otherwise ?? whole,
  );
}

/** What a compose file says of its services; the role has it checked by Docker itself. */
function servicesOf(compose: string): Project["services"] {
  let file: unknown;
  try {
    file = parse(compose);
  } catch {
    return [];
  }
  const found = isMap(file) && isMap(file.services) ? file.services : {};
  return Object.entries(found).map(([service, about]) => {
    const { image = "", ports } = isMap(about) ? about : {};
    const listed = Array.isArray(ports) ? ports : [];
    const named = String(image).replace(/@sha256:[0-9a-f]+$/, "");
    return { service, image: named === "" ? "built" : named, ports: listed.map(portOf) };
  });
}

const portOf = (port: unknown): string =>
  isMap(port) ? `${port.published === undefined ? "" : `${port.published}:`}${port.target ?? ""}` : String(port);

const isMap = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What has to be given to build the lab, and why. No value is in here. */
export function credentials(lab: Lab): string {
  const root = labNeeds(lab).filter((needs) => needs.credential === "root");
  const rows = root.map(({ guest, needs }) => [
    plain(guest),
    codes(needs.filter(({ credential }) => credential === "root").map(({ option }) => option)),
  ]);
  const secrets = lab.secrets.map(({ name, origin, usedBy }) => [
    code(`TF_VAR_${name}`),
    yes(origin !== undefined, "encrypted in the inventory"),
    codes([...new Set(usedBy.map(({ file, line }) => `${file}:${line}`))]),
  ]);
  const own = wideNeeds(lab).filter(({ credential }) => credential === "root");
  const always = [[code("TF_VAR_proxmox_api_token"), "always"]];
  const reasons = [
    ...(root.length > 0 ? ["guests that root@pam manages"] : []),
    ...own.map(({ option }) => code(option)),
    ...(lab.connection.keepRoot ? ["guests that root@pam managed, to be destroyed"] : []),
  ];
  const password = reasons.length > 0 ? [[code("TF_VAR_proxmox_root_password"), `for ${reasons.join(", ")}`]] : [];
  return section(
    "Credentials needed",
    table(
      ["Credential", "When"],
      [
        ...always,
        ...password,
        [code("TF_VAR_proxmox_ssh_private_key"), "unless an SSH agent has the key for the nodes"],
      ],
    ),
    table(["Guest that needs root@pam", "For"], rows),
    table(["Secret", "", "Used by"], secrets),
    `The smallest roles for the token: ${code(`npm run -s lab -- credentials ${lab.name}`)}.`,
  );
}
