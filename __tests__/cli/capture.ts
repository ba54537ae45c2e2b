import { resolve } from "node:path";
import pc from "picocolors";
import { run } from "../../cli/program";
import { container } from "../support/lab-folder";

/** The project itself, with its labs. */
export const PROJECT = resolve(__dirname, "../..");

/** Changes to the sound lab that are mistakes. */
export const BROKEN = { "host_vars/web.yml": container("vmid: 301", "memory: 8 GB", "cores: '{{ lxc_coers }}'") };

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

/** Runs `lab` in the project. */
export const lab = (...args: string[]) => capture(args, PROJECT);
