import { createHash } from "node:crypto";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import {
  DefaultTokenResolver,
  type FileProvisioner,
  Fn,
  type RemoteExecProvisioner,
  StringConcat,
  TerraformResource,
  Token,
  Tokenization,
} from "cdktf";
import { Construct, Dependable, type IDependable } from "constructs";
import { giveAddress, pathInStack } from "./address";
import { ConstructError } from "./construct-error";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { problemWithName, type Setting, settingsFile, shellQuote } from "./settings-file";
import { stepScripts } from "./step-scripts";
import { unpackCommand } from "./step-wire";
import { connectionTo, enterCommand, type StepTarget } from "./transport";

export type { Setting } from "./settings-file";
export type { NodeLogin, StepTarget } from "./transport";

/** A role, and what it is given. */
export interface RoleProps {
  /** Its name. */
  readonly role: string;
  /**
   * The folder with its `apply.sh` and `check.sh`, relative to the project's root; `lib/` and `transport/` stand beside it.
   * @default "provision/<role>"
   */
  readonly scripts?: string;
  /** Plain values. They travel encoded: `${` in them is text, and must not be escaped for Terraform. @default none */
  readonly settings?: Settings;
  /** Secret settings: name → expression of a sensitive Terraform variable. @default none */
  readonly secrets?: Secrets;
}

type Settings = { readonly [name: string]: Setting };
type Secrets = { readonly [name: string]: string };

export interface StepProps extends RoleProps {
  readonly target: StepTarget;
  /** The id of the guest, or the name of the node: with another one the step runs again, so a guest created anew is configured anew. */
  readonly runsAgainWith: string;
  /**
   * Whether the role's `confirm.sh` runs after `apply.sh`, through a connection of its own: what was applied is reached then.
   * @default false
   */
  readonly confirm?: boolean;
  /**
   * Steps to come whose packages may be installed along with this one's. In no trigger: what they need, they do themselves.
   * @default none
   */
  readonly ahead?: Ahead;
  /** What must be done before, such as the role before this one. @default nothing but the guest */
  readonly after?: readonly IDependable[];
}

/** Roles with an `ahead.sh`. Their secrets are not taken along. */
export type Ahead = readonly RoleProps[];

export interface StepRun {
  /** `media base`: in front of every line of output. */
  readonly label: string;
  /** The settings as shell assignments. */
  readonly settings: string;
  /** Secret settings: name → Terraform expression, `${var.name}`. */
  readonly secrets: { readonly [name: string]: string };
  readonly role: string;
  readonly scripts: string;
  readonly target: StepTarget;
}

/** `self.id` is new at every run, so runs never meet; the home of the user who logs in is not for others to write. */
const SCRATCH = "./.proxmox-lab-${self.id}";

/** `'\\''`, with the backslash that HCL's string syntax asks for. */
const QUOTE_IN_QUOTES = "'\\\\''";

/**
 * One role applied to one guest or node: a null_resource whose provisioners bring the role's scripts and settings there
 * and run `apply.sh` as root. It runs again when the guest, the scripts, a setting or the name of a secret changes.
 *
 * The value of a secret is no trigger, for a hash of a weak one could be guessed from state and plan. It travels in a file
 * of its own that only root can read.
 */
export class Step extends Construct {
  /** What Terraform knows the step as. */
  readonly resource: NullResource;
  readonly #run: Omit<StepRun, "label">;

  constructor(scope: Construct, id: string, props: StepProps) {
    super(scope, id);
    const { after = [], role, secrets = {}, settings: values = NONE, target } = props;
    const { encoded, problems, text } = settingsOf(values);
    const folder = folderOf(props);
    this.#run = { role, scripts: folder, secrets, target, settings: text };
    const all = [...problems, ...problemsWithSecrets(secrets, values)];
    if (all.length > 0) throw new ConstructError(this, all);

    const scripts = stepScripts(this, folder);
    const settings = scripts.settings(encoded);
    const ahead = (props.ahead ?? []).map((each) =>
      stepScripts(this, folderOf(each)).ahead(settingsOf(each.settings ?? NONE).encoded),
    );
    const secretNames = Object.keys(secrets).sort();
    const run = (action: string, secretsIn: string): RemoteExecProvisioner => ({
      type: "remote-exec",
      inline: [
        [
          `step_name=${shellQuote(this.#label(props))}`,
          `step_enter=${shellQuote(enterCommand(target))}`,
          `step_secrets=${secretsIn}`,
          ...(action === "apply" ? [] : [`step_action=${action}`]),
          `${scripts.document}${unpackCommand("settings.sh", settings)}${ahead.join("")}${scripts.send}`,
        ].join("\n"),
      ],
    });
    this.resource = new NullResource(this, "Default", {
      triggers: {
        guest: props.runsAgainWith,
        scripts: scripts.hash,
        settings: this.#hash(text, secrets),
      },
      connection: connectionTo(target, `${SCRATCH}.sh`),
      provisioners: [
        ...(secretNames.length > 0 ? sendSecrets(secrets, secretNames) : []),
        run("apply", secretNames.length > 0 ? `'${SCRATCH}'` : ""),
        ...(props.confirm ? [run("confirm", "")] : []),
      ],
      ...(after.length > 0 ? { dependsOn: dependencies(after) } : {}),
    });
    const path = pathInStack(this);
    // `media_base`, where the names leave no doubt.
    giveAddress(this.resource, ...(path.at(-1)?.includes("_") ? [] : path));
  }

  /** What runs, for whoever runs it without Terraform. */
  get run(): StepRun {
    const expressions = Object.entries(this.#run.secrets).map(([name, token]) => [
      name,
      JSON.parse(this.#resolved(token)),
    ]);
    return { ...this.#run, label: this.#label(this.#run), secrets: Object.fromEntries(expressions) };
  }

  /** Secrets take part by the names of their references: a secret rotated under a new name runs the step again. */
  #hash(settings: string, secrets: Secrets): string {
    const hash = createHash("sha256").update(settings);
    for (const name of Object.keys(secrets).sort()) {
      hash.update(`\0${name}\0${this.#resolved(secrets[name])}`);
    }
    return hash.digest("hex");
  }

  /** A token's own number depends on the order of construction; what it stands for does not. */
  #resolved(expression: unknown): string {
    const resolver = new DefaultTokenResolver(new StringConcat());
    return JSON.stringify(Tokenization.resolve(expression, { scope: this, resolver, preparing: false }));
  }

  /** `media base`: the host and the role, in front of every line of output. */
  #label({ role, target }: Pick<StepProps, "role" | "target">): string {
    const owner = pathInStack(this).slice(0, -1).join("/");
    const host = owner || (target.transport === "ssh" ? target.host : target.node.name);
    return `${host} ${role}`.replaceAll(/[^\w ./:-]/g, "?");
  }
}

export interface NodeStepProps extends Omit<StepProps, "target" | "runsAgainWith"> {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** @default the node's name */
  readonly runsAgainWith?: string;
}

/** Applies a role on a node itself. */
export function nodeStep(scope: Construct, id: string, props: NodeStepProps): Step {
  const { node, providers, runsAgainWith = node.name, ...step } = props;
  return new Step(scope, id, {
    ...step,
    target: { transport: "node", node: providers.login(node) },
    runsAgainWith,
  });
}

const folderOf = ({ role, scripts = `provision/${role}` }: RoleProps): string => scripts;

interface Written {
  readonly text: string;
  /** The text in base64. */
  readonly encoded: string;
  readonly problems: readonly string[];
}

const NONE: Settings = {};
const known = new WeakMap<Settings, Written>();

/** Written once for all steps that are given the same object, as the guests of a group mostly are. */
function settingsOf(settings: Settings): Written {
  let found = known.get(settings);
  if (!found) {
    const { problems, text } = settingsFile(settings);
    const encoded = Buffer.from(text).toString("base64");
    found = { text, encoded, problems: [...problems, ...problemsWithTokens(settings)] };
    known.set(settings, found);
  }
  return found;
}

function sendSecrets(secrets: Secrets, names: readonly string[]): (RemoteExecProvisioner | FileProvisioner)[] {
  const lines = names.map((name) => `${name}='${Fn.replace(secrets[name]!, "'", QUOTE_IN_QUOTES)}'\n`);
  return [
    { type: "remote-exec", inline: [`umask 077 && mkdir '${SCRATCH}'`] },
    { type: "file", destination: `${SCRATCH}/secrets.sh`, content: lines.join("") },
  ];
}

function problemsWithSecrets(secrets: Secrets, settings: Settings): string[] {
  return Object.keys(secrets).flatMap((name) => {
    if (name in settings) return [`the setting ${name}: expected either a value or a secret, got both; remove one`];
    return problemWithName(name) ?? [];
  });
}

/** A reference would be encoded unresolved. */
function problemsWithTokens(settings: Settings): string[] {
  return Object.entries(settings)
    .filter(([, value]) => Token.isUnresolved(value) || JSON.stringify(value)?.includes("${TfToken["))
    .map(
      ([name]) =>
        `the setting ${name}: expected a plain value, got a reference to another resource; write the value, or give a secret`,
    );
}

/** Every resource of the constructs named. */
export function dependencies(after: readonly IDependable[]): TerraformResource[] {
  return after
    .flatMap((each) => Dependable.of(each).dependencyRoots)
    .flatMap((root) => root.node.findAll())
    .filter((each) => TerraformResource.isTerraformResource(each));
}
