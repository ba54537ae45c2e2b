import { randomInt } from "node:crypto";
import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { Step as StepConstruct } from "../../../constructs/step";
import type { Step } from "../../../model/lab";
import { allRoles } from "../../../provision/registry";
import { container, hosts, type LabFiles, load, withNode } from "../../support/lab-folder";
import { evaluate, synthesizeSteps } from "../../support/run-step";

/** Variables of the inventory, under their names there. */
export interface Variables {
  readonly [name: string]: unknown;
}

export interface StepWanted {
  readonly host: string;
  readonly vmid: number;
  readonly role: string;
  readonly action: "apply" | "check";
  /** What an operator writes into `group_vars`. */
  readonly variables: Variables;
  /** Secrets by name. */
  readonly secrets: { readonly [name: string]: string };
  /** Roles that come later, each with its variables. @default none */
  readonly ahead?: { readonly [role: string]: Variables };
}

/**
 * The shell text that does on a node what Terraform does there for one step: files first, then scripts, as the provisioner
 * blocks of the synthesized stack have them. The settings have gone the way of every inventory.
 *
 * @throws Error with the inventory's problems, when it has any
 */
export function stepText({ action, ahead = {}, host, role, secrets, variables, vmid }: StepWanted): string {
  const step = stepOf(role, variables);
  const stack = synthesizeSteps((scope) => {
    const expressions = Object.entries(step.secrets).map(([path, name]) => {
      const variable = new TerraformVariable(scope, `:${name}:${path}`, { type: "string", sensitive: true });
      variable.overrideLogicalId(name);
      return [path.replaceAll(".", "_"), variable.stringValue];
    });
    new StepConstruct(new Construct(scope, host), role, {
      role,
      target: {
        transport: "pct",
        node: { name: "pve1", address: "127.0.0.1", sshPort: 22, sshUser: "root" },
        vmid,
      },
      runsAgainWith: String(vmid),
      settings: step.settings,
      secrets: Object.fromEntries(expressions),
      ahead: Object.entries(ahead).map(([later, given]) => ({
        role: later,
        settings: stepOf(later, given).settings,
      })),
    });
  });
  const resource = stack.json.resource.null_resource[`${host}_${role}`];
  if (!resource) throw new Error(`no step ${host}_${role}`);
  // A number of its own for each run, as Terraform gives it: the runs of several guests meet on the node.
  const id = String(randomInt(2 ** 47));
  const text = (expression: string) => evaluate(expression, stack, secrets, id);
  const lines = resource.provisioner.flatMap(({ file, "remote-exec": script }) => [
    ...(file ? [put(text(file.destination), text(file.content))] : []),
    ...(script
      ? [
          runs(
            text(String(resource.connection.script_path)),
            `step_action=${action}\n${script.inline.map(text).join("\n")}`,
          ),
        ]
      : []),
  ]);
  return `set -eu\n${lines.join("\n")}\n`;
}

/** Terraform writes scripts with mode 0777, runs them by their path and removes them. */
const runs = (path: string, script: string) =>
  `${put(path, `#!/bin/sh\n${script}\n`)}\nchmod 777 '${path}'\nstatus=0\n'${path}' </dev/null || status=$?\nrm -f '${path}'\n[ $status -eq 0 ] || exit $status`;

const put = (path: string, content: string) =>
  `base64 -d >'${path}' <<'END'\n${Buffer.from(content).toString("base64")}\nEND`;

/** As JSON, without the characters that YAML wants escaped. */
const yaml = (variables: Variables): string =>
  JSON.stringify(variables).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The step of one role on a guest of a small lab whose inventory says this. */
export function stepOf(role: string, variables: Variables): Step {
  const group = allRoles().find(({ name }) => name === role)?.group ?? "all";
  const groups = group === "all" ? {} : { [group]: ["web"] };
  const files: LabFiles = {
    "hosts.yml": hosts({ guests: ["web"], ...groups }),
    "group_vars/guests.yml": yaml(variables),
    "host_vars/web.yml": container("vmid: 301"),
    ...withNode("  gpus: { tesla: { vendor: nvidia } }\n"),
  };
  const result = load(files, allRoles());
  const guest = result.lab?.guests.find(({ name }) => name === "web");
  const steps = [...(guest?.steps ?? []), ...(guest?.capabilities ?? []).flatMap(({ step }) => (step ? [step] : []))];
  const found = steps.find((each) => each.role === role);
  if (found) return found;
  throw new Error(`the inventory gives no step ${role}: ${result.problems.map(({ message }) => message).join("; ")}`);
}
