import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { loadLab } from "../../../model";
import type { Lab } from "../../../model/lab";
import { formatProblem } from "../../../model/problem";

const INVENTORY = join(__dirname, "..", "..", "..", "inventory");

/** A copy of one of the labs in inventory/, of which a test changes a value here and there. */
export class LabCopy {
  readonly #cwd = mkdtempSync(join(tmpdir(), "lab-copy-"));

  constructor(readonly name: string) {
    cpSync(join(INVENTORY, name), join(this.#cwd, "inventory", name), { recursive: true });
  }

  /** Writes a value into a file of the inventory; `undefined` takes it away. @param at its keys: `["proxmox_lxc", "memory"]` */
  set(file: string, at: readonly string[], value: unknown): void {
    const document = this.#read(file);
    if (value === undefined) document.deleteIn(at);
    else document.setIn(at, document.createNode(value, { aliasDuplicateObjects: false }));
    writeFileSync(this.#path(file), document.toString({ lineWidth: 0 }));
  }

  #read(file: string) {
    return parseDocument(readFileSync(this.#path(file), "utf8"));
  }

  #path(file: string): string {
    return join(this.#cwd, "inventory", this.name, file);
  }

  /** @throws Error with everything that is wrong with the copy */
  load(): Lab {
    const { lab, problems } = loadLab(this.name, { cwd: this.#cwd });
    const errors = problems.filter(({ severity }) => severity === "error");
    if (!lab || errors.length > 0) throw new Error(errors.map((each) => formatProblem(each)).join("\n"));
    return lab;
  }

  remove(): void {
    rmSync(this.#cwd, { recursive: true });
  }
}
