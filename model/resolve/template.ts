import type { Template } from "../lab";
import type { Position, Problem } from "../problem";
import type { TemplateVars } from "../schema/lab";
import { nearest } from "../schema/nearest";
import { CATALOGUE } from "../templates";

interface Wanted {
  readonly name: string;
  readonly at: Position;
  readonly path: string;
  readonly host: string;
}

/** The template of that name: the inventory's own before the catalogue's. */
export function templateOf(
  wanted: Wanted,
  own: Readonly<Record<string, TemplateVars>>,
  storage: string,
  report: (problem: Problem) => void,
): Template | undefined {
  const vars = Object.hasOwn(own, wanted.name) ? own[wanted.name] : undefined;
  if (vars) return fromInventory(wanted.name, vars, storage);
  const found = CATALOGUE.get(wanted.name);
  if (found) return { kind: "download", name: wanted.name, ...found, storage };
  report(unknownTemplate(wanted, [...Object.keys(own), ...CATALOGUE.keys()]));
  return undefined;
}

function fromInventory(name: string, vars: TemplateVars, storage: string): Template {
  if (vars.volume !== undefined) return { kind: "volume", volume: vars.volume, osType: vars.os_type };
  const checksum = vars.checksum!;
  const url = vars.url!;
  return {
    kind: "download",
    name,
    url,
    checksum,
    checksumAlgorithm: checksum.length === 64 ? "sha256" : "sha512",
    fileName: vars.file_name ?? lastPart(url),
    storage,
    osType: vars.os_type,
  };
}

const lastPart = (url: string) => new URL(url).pathname.split("/").at(-1) ?? "";

function unknownTemplate({ name, at, path, host }: Wanted, known: readonly string[]): Problem {
  const near = nearest(name, known);
  const system = /^[a-z]+/.exec(name)?.[0] ?? "unmanaged";
  const entry = [
    "proxmox_templates:",
    `  ${name}:`,
    "    url: http://download.proxmox.com/images/system/<file>",
    "    checksum: <its sha512sum>",
    `    os_type: ${system}`,
  ];
  const steps = `describe it (files: pveam available --section system; sums: http://download.proxmox.com/images/aplinfo.dat):\n      ${entry.join("\n      ")}`;
  return {
    rule: "unknown-template",
    severity: "error",
    at,
    path,
    subject: host,
    message: `no template is called "${name}"; known are ${known.join(", ")}`,
    fix: near === undefined ? steps : `did you mean "${near}"? Or ${steps}`,
  };
}
