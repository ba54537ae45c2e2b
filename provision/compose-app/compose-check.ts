import { posix } from "node:path";
import type { Position } from "../../model/problem";
import type { MappingTree, Tree } from "../../model/tree";
import { parseYaml } from "../../model/yaml";
import type { Unfit } from "./app-folder";

/**
 * What is certainly wrong in a compose file; the rest is for Compose to say, in the guest. Variables, anchors, merge keys,
 * Compose's own tags, several documents and whatever a later release may add are let pass.
 *
 * @param file how the file is called, when it is one; otherwise it is text of the inventory
 * @param beside paths of the files that will lie beside it
 */
export function composeFlaws(text: string, file: string | undefined, beside: readonly string[]): readonly Unfit[] {
  const { problems, tree } = parseYaml(text, file ?? "");
  const [syntax] = problems.filter(({ rule }) => rule === "yaml-syntax");
  if (syntax) {
    const at = file === undefined ? `line ${syntax.at?.line ?? 1} of the text` : placeOf(file, syntax.at);
    return [{ message: `${at}: ${syntax.message}`, fix: syntax.fix ?? "write it as YAML" }];
  }
  if (problems.length > 0) return [];
  const flaws = flawsOf(tree, new Set([...beside, "compose.yaml", ".env"]));
  return flaws.map(({ at, fix, message }) => ({
    message: file === undefined ? message : `${placeOf(file, at)}: ${message}`,
    fix,
  }));
}

type Flaw = Unfit & { readonly at?: Position };

const placeOf = (file: string, at?: Position): string => (at ? `${file}:${at.line}:${at.column}` : file);

const SERVICES = { fix: "write services:, and below it each service by its name" };

function flawsOf(tree: Tree | undefined, beside: ReadonlySet<string>): readonly Flaw[] {
  if (!tree) return [{ message: "the compose file is empty", ...SERVICES }];
  if (tree.kind !== "mapping") return [{ message: "a compose file is a mapping", at: tree.at, ...SERVICES }];
  const services = tree.entries.get("services");
  if (services && services.value.kind !== "mapping") {
    return [{ message: "services is no mapping", at: services.keyAt, ...SERVICES }];
  }
  const all = services?.value.kind === "mapping" ? services.value : undefined;
  if (!all?.entries.size && !tree.entries.has("include")) {
    return [{ message: "the compose file has no services", at: services?.keyAt ?? tree.at, ...SERVICES }];
  }
  return [...(all?.entries ?? [])].flatMap(([name, { value }]) =>
    value.kind === "mapping" ? missingFiles(name, value, beside) : [],
  );
}

/** Compose reads `env_file` when it loads the project, of every service that no profile keeps out. */
function missingFiles(name: string, service: MappingTree, beside: ReadonlySet<string>): readonly Flaw[] {
  if (service.entries.has("profiles")) return [];
  const given = service.entries.get("env_file")?.value;
  const each = given?.kind === "sequence" ? given.items : given ? [given] : [];
  return each.flatMap((item) => {
    if (item.kind !== "scalar" || typeof item.value !== "string" || item.value === "") return [];
    const path = posix.normalize(item.value);
    // With a variable in it, or elsewhere in the guest, nobody can tell from here.
    if (/\$|^[/~]|^\.\.(\/|$)/.test(path) || beside.has(path)) return [];
    return [
      {
        message: `service "${name}" takes variables from ${item.value}, which the app has not`,
        at: item.at,
        fix: "add it to files:, or name .env, which has the variables of env:",
      },
    ];
  });
}
