import pc from "picocolors";
import { run } from "../../cli/program";

/** Runs `lab` in this process and keeps what it prints. */
export async function capture(args: readonly string[], cwd: string, color = false) {
  let out = "";
  let err = "";
  const code = await run(args, {
    cwd,
    out: (text) => {
      out += `${text}\n`;
    },
    err: (text) => {
      err += `${text}\n`;
    },
    colors: pc.createColors(color),
  });
  return { code, out, err };
}
