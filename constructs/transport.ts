import type { SSHProvisionerConnection } from "cdktf";
import { compact } from "./compact";
import type { NodeAccess } from "./providers";

/** A node that a step logs in to. */
export interface NodeLogin extends NodeAccess {
  /** A sensitive Terraform expression for the private key (PEM). @default the SSH agent */
  readonly privateKey?: string;
}

/** Where a step runs, and the way there. */
export type StepTarget =
  /** In a container: to its node by SSH, then one `pct exec`. Needs neither a network nor sshd in the guest. */
  | { readonly transport: "pct"; readonly node: NodeLogin; readonly vmid: number }
  /** In a guest that has sshd. Another user than root needs sudo without a password. */
  | {
      readonly transport: "ssh";
      readonly host: string;
      readonly user: string;
      /** @default 22 */
      readonly port?: number;
      /** A sensitive Terraform expression. @default the bastion's key, else the SSH agent */
      readonly privateKey?: string;
      readonly hostKey?: string;
      /** The node to go through. */
      readonly bastion?: NodeLogin;
    }
  /** On a node itself. */
  | { readonly transport: "node"; readonly node: NodeLogin };

/** The command, on the machine that SSH leads to, which runs what follows it as root where the step belongs. */
export function enterCommand(target: StepTarget): string {
  const user = target.transport === "ssh" ? target.user : target.node.sshUser;
  const sudo = user === "root" ? "" : "sudo -n ";
  return target.transport === "pct" ? `${sudo}pct exec ${target.vmid} --` : sudo.trim();
}

/**
 * Terraform's connection. Its defaults, port 22 and the user root, are left out: the fewer texts, the faster every plan.
 *
 * Terraform writes a provisioner's script with mode 0777, by default to /tmp: here it lies in the login user's home
 * under a name that no other step has (`self.id` is new each time a step runs).
 */
export function connectionTo(target: StepTarget, scriptPath: string): SSHProvisionerConnection {
  if (target.transport !== "ssh") {
    const { address, hostKey, privateKey, sshPort, sshUser } = target.node;
    return compact<SSHProvisionerConnection>({
      type: "ssh",
      host: address,
      port: sshPort === 22 ? undefined : sshPort,
      user: sshUser === "root" ? undefined : sshUser,
      privateKey,
      hostKey,
      scriptPath,
    });
  }
  const { bastion, host, hostKey, port, privateKey, user } = target;
  return compact<SSHProvisionerConnection>({
    type: "ssh",
    host,
    port,
    user,
    privateKey: privateKey ?? bastion?.privateKey,
    hostKey,
    bastionHost: bastion?.address,
    bastionPort: bastion?.sshPort,
    bastionUser: bastion?.sshUser,
    bastionPrivateKey: bastion?.privateKey,
    bastionHostKey: bastion?.hostKey,
    scriptPath,
  });
}
