import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "../../../testbed/api/certificate";
import type { Testbed } from "../../../testbed/api/index";
import { type Outcome, runTerraform } from "../../support/terraform";
import { Stack } from "./stack";

const SOURCE = join(__dirname, "..", "resources");

/** Resources written by hand, `resources/*.tf`, in a first and a second version. */
export class HclStack extends Stack {
  readonly #folder = mkdtempSync(join(tmpdir(), "lab-resources-"));
  readonly #environment: Readonly<Record<string, string>>;
  version: 1 | 2 = 1;

  private constructor({ credentials, url }: Testbed, certificates: unknown) {
    super();
    cpSync(SOURCE, this.#folder, { recursive: true });
    this.#environment = {
      TF_VAR_endpoint: url,
      TF_VAR_password: credentials.rootPassword,
      TF_VAR_token: credentials.labToken,
      TF_VAR_certificates: JSON.stringify(certificates),
    };
  }

  static async init(testbed: Testbed): Promise<HclStack> {
    const made = await Promise.all(["one.lab.test", "two.lab.test"].map(selfSigned));
    const stack = new HclStack(
      testbed,
      // The provider ends the certificate with a newline, and would plan the one that is missing.
      made.map(({ key, pem }) => ({ key, pem: `${pem.trim()}\n` })),
    );
    const { ok, output } = await stack.terraform(["init", "-no-color"]);
    if (!ok) throw new Error(output);
    return stack;
  }

  terraform(args: readonly string[]): Promise<Outcome> {
    return runTerraform(this.#folder, args, { ...this.#environment, TF_VAR_n: String(this.version) });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** What the comment above a resource says of it, by address. */
  static descriptions(): ReadonlyMap<string, string> {
    const texts = readdirSync(SOURCE).map((name) => readFileSync(join(SOURCE, name), "utf8"));
    const found = texts.flatMap((text) => [...text.matchAll(/(?:^# (.*)\n)?^resource "(\w+)" "(\w+)"/gm)]);
    return new Map(found.map(([, comment = "", type, name]) => [`${type}.${name}`, comment]));
  }
}
