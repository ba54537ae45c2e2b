import { createHash } from "node:crypto";
import { posix } from "node:path";
import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { TerraformAsset, TerraformLocal, TerraformStack, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { closeDocument, OTHERS, openDocument, putCommand, SCRIPTS, unpackCommand } from "./step-wire";

/** Terraform expressions for what a step sends. */
export interface StepScripts {
  /** A hash over the names and the contents of the library's and the role's files. */
  readonly hash: string;
  /**
   * The end of a shell text that carries these files to where they run. `document` must be open in it: the commands for files
   * that a step has beside these stand before.
   */
  readonly send: string;
  /** The beginning of a here-document that holds commands for files, and that `send` ends. */
  readonly document: string;
  /** Keeps encoded settings, once for all steps that have the same. @returns the expression for them */
  readonly settings: (encoded: string) => string;
  /** Commands that bring the role's files and settings to `ahead/<role>/` of another step, whose hash is not over them. */
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
  const library = local(stack, "step_lib", () => fileCommands(asset(stack, "lib", posix.join(root, "lib")), "lib/"));
  const files = local(
    stack,
    `step_files_${role}`,
    () => `\${${library}}${fileCommands(asset(stack, role, folder), "")}`,
  );
  const transport = local(stack, "step_send", () => {
    if (!stack.node.children.some((child) => child instanceof NullProvider)) new NullProvider(stack, ":null");
    const scripts = asset(stack, "transport", posix.join(root, "transport"));
    return `step_verbose='\${${verbosity(stack)}}'\n\${file("${scripts}/send.sh")}`;
  });
  const receive = local(stack, "step_receive", () =>
    unpackCommand(
      "receive.sh",
      `\${filebase64("${asset(stack, "transport", posix.join(root, "transport"))}/receive.sh")}`,
    ),
  );
  const hash = `\${sha256(${files})}`;
  const kept: Kept = { hash, send: `\${${files}}\${${receive}}${closeDocument(hash)}\n\${${transport}}`, settings: {} };
  const all = local(stack, `step_role_${role}`, () => kept);
  const settings = (encoded: string) => {
    const key = `s${createHash("sha256").update(encoded).digest("hex").slice(0, 16)}`;
    kept.settings[key] = encoded;
    return `\${${all}.settings.${key}}`;
  };
  return {
    hash: `\${${all}.hash}`,
    // No file holds the hash of them all, so none can end the document before its end.
    document: openDocument("step_files", `\${${all}.hash}`),
    send: `\${${all}.send}`,
    settings,
    ahead: (encoded) => {
      kept.ahead ??= fileCommands(asset(stack, role, folder), `ahead/${role}/`);
      return `${unpackCommand(`ahead/${role}/settings.sh`, settings(encoded))}\${${all}.ahead}`;
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

/** Commands for the files of a folder that are sent. */
function fileCommands(folder: string, prefix: string): string {
  const others = `[for f in fileset("${folder}", "${OTHERS}") : ${packedCommand(folder, prefix)}]`;
  const scripts = `[for f in fileset("${folder}", "${SCRIPTS}") : ${scriptCommand(folder, prefix)}]`;
  return `\${join("", concat(${scripts}, ${others}))}`;
}

/** The file as it is; encoded when Terraform's strings, UTF-8 in NFC, would not keep it. */
function scriptCommand(folder: string, prefix: string): string {
  const plain = inTerraform(putCommand(`${prefix}\${${quoted("f")}}`, `\${${quoted("text")}}`));
  const same = `base64encode(text) == filebase64("${folder}/\${f}")`;
  return `try([for text in [file("${folder}/\${f}")] : ${plain} if ${same}][0], ${packedCommand(folder, prefix)})`;
}

function packedCommand(folder: string, prefix: string): string {
  return inTerraform(unpackCommand(`${prefix}\${${quoted("f")}}`, `\${filebase64("${folder}/\${f}")}`));
}

/** A command as a string of Terraform's. */
const inTerraform = (command: string) => `"${command.replace("\n", "\\n")}"`;

/** Terraform's expression for text between single quotes of a shell. */
const quoted = (text: string) => `replace(${text}, "'", "'\\\\''")`;

/** The address of a local of this stack, made when it is first asked for. */
function local(stack: TerraformStack, name: string, expression: () => unknown): string {
  if (!stack.node.tryFindChild(name)) new TerraformLocal(stack, name, expression()).overrideLogicalId(name);
  return `local.${name}`;
}
