import { compact } from "../constructs/compact";
import { Step } from "../constructs/step";
import { enterCommand, type NodeLogin, type StepTarget } from "../constructs/transport";
import type { Lab, Node } from "../model/lab";
import type { LabInput } from "./app";
import { lookAtBuilt } from "./built-lab";

/** One role on one guest or node, as the stack has it, without Terraform. */
export interface LabStep {
  /** The guest or node that it configures. */
  readonly host: string;
  readonly role: string;
  /** Where it is in Terraform: `null_resource.media_base`. */
  readonly address: string;
  readonly label: string;
  /** Folder of the role's scripts, relative to the project's root. */
  readonly scripts: string;
  /** The settings as shell assignments. */
  readonly settings: string;
  /** Setting → name of the secret. */
  readonly secrets: { readonly [setting: string]: string };
  readonly login: Login;
  /** What runs as root where the step belongs, on the machine that the login leads to. */
  readonly enter: string;
}

/** A way in by SSH. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey?: string;
  /** The machine to go through. */
  readonly through?: Login;
}

/**
 * Every step of a lab, in the order in which they are applied.
 *
 * @throws LabError with the problems of the lab.
 */
export function labSteps(input: LabInput): LabStep[] {
  return lookAtBuilt(input, (constructs) =>
    constructs.filter((each): each is Step => each instanceof Step).map(stepOf),
  );
}

function stepOf({ resource, run: { secrets, target, ...run } }: Step): LabStep {
  return {
    ...run,
    address: `${resource.terraformResourceType}.${resource.friendlyUniqueId}`,
    host: run.label.slice(0, run.label.lastIndexOf(" ")),
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, expression]) => [name, variableOf(expression)])),
    login: loginOf(target),
    enter: enterCommand(target),
  };
}

const variableOf = (expression: string) => expression.replace(/^\$\{var\.(.*)\}$/, "$1");

function loginOf(target: StepTarget): Login {
  if (target.transport !== "ssh") return nodeLogin(target.node);
  const { bastion, host, hostKey, port = 22, user } = target;
  return compact<Login>({ host, port, user, hostKey, through: bastion && nodeLogin(bastion) });
}

const nodeLogin = ({ address, hostKey, sshPort, sshUser }: NodeLogin): Login =>
  compact<Login>({ host: address, port: sshPort, user: sshUser, hostKey });

/** The way in to a lab's node. */
export const loginTo = ({ address, sshHostKey, sshPort }: Node, { connection }: Lab): Login =>
  compact<Login>({ host: address, port: sshPort, user: connection.sshUser, hostKey: sshHostKey });
