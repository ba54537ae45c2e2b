import { guardGate, guardView } from "./guard/gate";
import { runProcess } from "./guarded";
import { EXIT, type Io, processIo } from "./output";
import { asksForHelp, parseArguments, usage } from "./terraform/arguments";
import { tryLogins } from "./terraform/logins";
import { type OperateOptions, operate } from "./terraform/operate";
import { probeApi } from "./terraform/probe";
import { onTerminal } from "./terraform/terminal";

/**
 * `npm run diff -- LAB …` and `npm run deploy -- LAB …`.
 *
 * @param args the command, the lab, and what `terraform plan` is to get besides
 */
export async function terraform(args: readonly string[], options: OperateOptions, io: Io): Promise<number> {
  const [first, ...words] = args;
  const command = first === "deploy" ? "deploy" : "diff";
  if (asksForHelp(words)) {
    io.out(usage(command));
    return EXIT.ok;
  }
  return operate(parseArguments(command, words, io), options, io);
}

if (require.main === module) {
  const args = process.argv.slice(2);
  const options: OperateOptions = {
    environment: process.env,
    gate: guardGate,
    view: guardView,
    probe: (lab, secrets) => probeApi(lab, secrets, process.env),
    logins: (planned) => tryLogins(planned, process.env),
    ...onTerminal(),
  };
  runProcess(`npm run ${args[0] ?? "diff"}`, () => terraform(args, options, processIo()));
}
