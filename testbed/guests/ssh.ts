import type { NodeAccess } from "./lxc-backend";
import { type CommandResult, runToEnd } from "./shell";

/** The testbed's host keys are as new as the testbed: there is nobody to know them. */
const OPTIONS = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];

/** Runs a command on a node as whoever logs in there does. @param input its standard input; default: none */
export function ssh(
  { address, privateKeyFile, sshPort }: Pick<NodeAccess, "address" | "privateKeyFile" | "sshPort">,
  command: string,
  input?: string,
): Promise<CommandResult> {
  const options = OPTIONS.flatMap((option) => ["-o", option]);
  const words = ["-F", "none", ...options, "-i", privateKeyFile, "-p", String(sshPort), `root@${address}`, command];
  return runToEnd("ssh", words, input === undefined ? {} : { input });
}
