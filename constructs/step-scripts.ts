import { createHash } from "node:crypto";
import { posix } from "node:path";
import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { TerraformAsset, TerraformLocal, TerraformStack, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";

/** Terraform expressions for what a step sends. */
export interface StepScripts {
  /** A hash over the names and the contents of the library's and the role's files. */
  readonly hash: string;
  /** Shell text that carries these files and the settings to where they run; put at the end of a script. */
  readonly send: string;
  /** Keeps encoded settings, once for all steps that have the same. @returns the expression for them */
  readonly settings: (encoded: string) => string;
  /** Lines that carry the role's files and settings, to `ahead/<role>/` of another step; that one's hash is not over them. */
  readonly ahead: (encoded: string) => string;
}

/**
 * The scripts of a role, once in a stack whatever the number of its steps: assets, and locals that read them.
 * With the first of them comes the provider of steps, hashicorp/null, unless the stack has one.
 *
 * Terraform lists and hashes the files, not the synthesis: an asset's own hash leaves file names out.
 * Beside the role's folder stand `lib/`, functions that every role may use, and `transport/`, which brings them there.
 *
 * @param folder the role's folder, relative to the project's root
 */
export function stepScripts(scope: Construct, folder: string): StepScripts {
  const stack = TerraformStack.of(scope);
  const ofStack = known.get(stack) ?? new Map<string, StepScripts>();
  known.set(stack, ofStack);
  let scripts = ofStack.get(folder);
  if (!scripts) {
    scripts = expressions(stack, folder);
    ofStack.set(folder, scripts);
  }
  return scripts;
}

/** What the local of a role has; some of it comes while steps are added. */
interface Kept {
  readonly hash: string;
  readonly send: string;
  readonly settings: { [key: string]: string };
  ahead?: string;
}

const known = new WeakMap<TerraformStack, Map<string, StepScripts>>();

/**
 * Each step refers to one local, and to nothing but its attributes: in every plan Terraform parses each text of each step
 * and looks each reference up again, and would copy the files into a text of each.
 */
function expressions(stack: TerraformStack, folder: string): StepScripts {
  const role = posix.basename(folder);
  const root = posix.dirname(folder);
  const library = local(stack, "step_lib", () => fileLines(asset(stack, "lib", posix.join(root, "lib")), "lib/"));
  const files = local(stack, `step_files_${role}`, () => `\${${library}}${fileLines(asset(stack, role, folder), "")}`);
  const transport = local(stack, "step_send", () => {
    if (!stack.node.children.some((child) => child instanceof NullProvider)) new NullProvider(stack, ":null");
    const scripts = asset(stack, "transport", posix.join(root, "transport"));
    const variables = [
      `step_verbose='\${${verbosity(stack)}}'`,
      `step_receive='\${filebase64("${scripts}/receive.sh")}'`,
    ];
    return `${variables.join("\n")}\n\${file("${scripts}/send.sh")}`;
  });
  const kept: Kept = {
    hash: `\${sha256(${files})}`,
    send: `step_files='\${${files}}'\n\${${transport}}`,
    settings: {},
  };
  const all = local(stack, `step_role_${role}`, () => kept);
  const settings = (encoded: string) => {
    const key = `s${createHash("sha256").update(encoded).digest("hex").slice(0, 16)}`;
    kept.settings[key] = encoded;
    return `\${${all}.settings.${key}}`;
  };
  return {
    hash: `\${${all}.hash}`,
    send: `\${${all}.send}`,
    settings,
    ahead: (encoded) => {
      kept.ahead ??= fileLines(asset(stack, role, folder), `ahead/${role}/`);
      return `ahead/${role}/settings.sh ${settings(encoded)}\n\${${all}.ahead}`;
    },
  };
}

/** No trigger holds it, so that asking for more output runs nothing again. */
function verbosity(stack: TerraformStack): string {
  const variable = new TerraformVariable(stack, "step_verbose", {
    type: "bool",
    default: false,
    nullable: false,
    description: "Steps show all that their scripts say, not only what they changed.",
  });
  variable.overrideLogicalId("step_verbose");
  return "var.step_verbose";
}

function asset(stack: TerraformStack, name: string, folder: string): string {
  const id = `scripts-${name}`;
  const made = stack.node.tryFindChild(id) as TerraformAsset | undefined;
  return `\${path.module}/${(made ?? new TerraformAsset(stack, id, { path: folder })).path}`;
}

/** Scripts are sent, and everything under `files/`. A README or a role.ts changes no guest. */
function fileLines(folder: string, prefix: string): string {
  const sent = `setunion(fileset("${folder}", "*.sh"), fileset("${folder}", "files/**"))`;
  return `\${join("", [for f in ${sent} : "${prefix}\${f} \${filebase64("${folder}/\${f}")}\\n"])}`;
}

/** The address of a local of this stack, made when it is first asked for. */
function local(stack: TerraformStack, name: string, expression: () => unknown): string {
  if (!stack.node.tryFindChild(name)) new TerraformLocal(stack, name, expression()).overrideLogicalId(name);
  return `local.${name}`;
}
