import { causeOf, type Lab, type Node } from "../../model/lab";
import type { Problem } from "../../model/problem";
import type { LabSecret } from "../../model/vault";
import { loginTo } from "../../stacks/lab-steps";
import { actionOf, type Plan, type ResourceChange } from "../guard/plan";
import { stepChange } from "../guard/steps";
import { NODE_KEY, secretValues } from "../lab-secrets";
import { Connections, type Refusal } from "../ssh/connections";

/** A plan, and what its steps log in with. */
export interface Stepping {
  readonly lab: Lab;
  readonly plan: Plan;
  readonly secrets: readonly LabSecret[];
}

/** Logs in to the nodes that the steps of a plan go to or through. @returns what keeps it from that; empty: nothing */
export type Logins = (planned: Stepping) => Promise<readonly Problem[]>;

/** What may be how a node gets reachable. */
const WAY = /_network_linux_|_firewall_|_cluster_firewall/;
/** A key in a form that Terraform reads, and not every ssh-add. */
const PKCS8 = /^-----BEGIN PRIVATE KEY-----/m;

/**
 * One login to each node, all at once. Terraform tries each step's for five minutes, whatever the reason: what it cannot
 * mend by waiting is an error; what another try may get over is a warning, and so is a node that is silent while the plan changes its way.
 * VMs are not tried, for they may be yet to come: the node before them is.
 */
export async function tryLogins(
  { lab, plan, secrets }: Stepping,
  environment: { readonly [name: string]: string | undefined },
): Promise<readonly Problem[]> {
  const { resource_changes: changes = [] } = plan;
  const nodes = nodesOf(changes, lab);
  if (nodes.length === 0) return [];
  const privateKey = secretValues(secrets).get(NODE_KEY) ?? "";
  let connections: Connections;
  try {
    connections = await Connections.open(environment, privateKey);
  } catch (error) {
    const { message } = error as Error;
    // Terraform needs neither ssh-agent nor ssh-add; only what this one says is of the key.
    const isOfKey = message.startsWith("ssh-add: ") && !/ENOENT/.test(message) && !PKCS8.test(privateKey);
    return isOfKey ? [unusable(message, secrets)] : [];
  }
  try {
    const isOnItsWay = changes.some((each) => WAY.test(each.type) && actionOf(each) !== "nothing");
    const tried = await Promise.all(nodes.map((node) => problemsOf(node, lab, connections, isOnItsWay)));
    return tried.flat();
  } finally {
    await connections.close();
  }
}

/** The nodes on which, or through which, steps run. */
function nodesOf(changes: readonly ResourceChange[], { guests, nodes }: Lab): readonly Node[] {
  const nodeOf = new Map([
    ...guests.map(({ name, node }) => [name, node] as const),
    ...nodes.map(({ name }) => [name, name] as const),
  ]);
  const owners = new Set(nodeOf.keys());
  const steps = changes.flatMap((each) => (each.type === "null_resource" ? (stepChange(each, owners) ?? []) : []));
  const wanted = new Set(steps.flatMap(({ owner, runs }) => (runs ? [nodeOf.get(owner)] : [])));
  return nodes.filter(({ name }) => wanted.has(name));
}

async function problemsOf(node: Node, lab: Lab, connections: Connections, isOnItsWay: boolean): Promise<Problem[]> {
  const refusal = await connections.tryAsTerraform(loginTo(node, lab));
  if (refusal === undefined || refusal.because === "absent") return [];
  const mayCome = refusal.because === "unknown" || (refusal.because === "address" && isOnItsWay);
  const { because, fix, message } = refusal;
  const severity = mayCome ? "warning" : "error";
  return [{ rule: "node-login", severity, ...places(because, node, lab), message, fix, subject: node.name }];
}

/** The line that says what is wrong, and one that takes part. */
function places(because: Refusal["because"], { source }: Node, { connection }: Lab): Pick<Problem, "also" | "at"> {
  const field = because === "host key" ? "ssh_host_key" : "address";
  const other = because === "key" ? connection.source.of.sshUser : causeOf(source, "ssh_port");
  const note = because === "key" ? "says which user" : "says which port";
  const isTold = other !== undefined && because !== "host key";
  return { at: causeOf(source, field) ?? source.at, ...(isTold ? { also: [{ at: other, note }] } : {}) };
}

function unusable(message: string, secrets: readonly LabSecret[]): Problem {
  const at = secrets.find(({ name }) => name === NODE_KEY)?.usedBy[0];
  return {
    ...{ rule: "node-login", severity: "error", ...(at ? { at } : {}) },
    message: `the SSH key for the nodes (${NODE_KEY}) cannot be used: ${message}`,
    fix: "give the text of a private key without a passphrase",
  };
}
