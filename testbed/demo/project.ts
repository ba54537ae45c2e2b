import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { loadLab } from "../../model";
import type { Lab } from "../../model/lab";
import { formatProblem } from "../../model/problem";
import { DISCARD_PORT, LACKING } from "../pointing";

/** The lab that is shown. */
export const LAB = "tiers";
const ROOT = join(__dirname, "..", "..");
const GROUPS = join("inventory", LAB, "group_vars");

/** What the base role sets, in the copy of the lab. */
export const TIME_ZONE = "Europe/Berlin";

/** How the testbed is reached. */
export interface Endpoint {
  readonly port: number;
  /** Port of the node's sshd on 127.0.0.1; absent: it has none. */
  readonly sshPort?: number;
}

/** A step that cannot run in the testbed. */
export interface StandIn {
  /** `media_nvidia` */
  readonly step: string;
  readonly reason: string;
}

const INERT = "guests are inert, and the node has no shell";

/** A project of its own: a copy of the lab and of the roles, with the state and everything Terraform makes beside them. */
export class DemoProject {
  /** Where Terraform runs. */
  readonly stack: string;

  constructor(readonly folder: string) {
    this.stack = join(folder, "cdktf.out", "stacks", LAB);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const part of [join("inventory", LAB), "provision"]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    const settings = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")) as Record<string, unknown>;
    const app = [process.execPath, "--require", join(ROOT, "scripts", "typescript.cjs"), join(ROOT, "main.ts")];
    this.write("cdktf.json", `${JSON.stringify({ ...settings, app: app.map(quoted).join(" ") }, undefined, 2)}\n`);
  }

  /**
   * Points the copy of the lab at the testbed.
   *
   * @returns what was changed, in lines for the user
   */
  pointAt({ port, sshPort = DISCARD_PORT }: Endpoint): string[] {
    return [
      ...this.set(join(GROUPS, "all", "proxmox.yml"), [], {
        proxmox_api_host: ["127.0.0.1"],
        proxmox_api_port: [port],
        proxmox_validate_certs: [false, "its certificate is self-signed"],
        base_timezone: [TIME_ZONE, "so that there is something to see"],
      }),
      ...this.set(join("inventory", LAB, "host_vars", "pve1.yml"), ["proxmox_node"], {
        address: ["127.0.0.1"],
        ssh_port: [sshPort],
      }),
      ...this.set(join(GROUPS, "docker_hosts.yml"), [], {
        docker_source: ["distribution", "Docker's own repository is beyond the testbed's reach"],
      }),
    ];
  }

  /** @throws Error with every problem of the copied lab */
  load(): Lab {
    const { lab, problems } = loadLab(LAB, { cwd: this.folder });
    if (!lab) throw new Error(problems.map(formatProblem).join("\n"));
    return lab;
  }

  /** Gives a tier another memory. @returns the change as a diff shows it */
  setTierMemory(tier: string, memoryMiB: number): string[] {
    const file = join(GROUPS, `${tier}.yml`);
    const before = this.read(file);
    const after = before.replace(/^lxc_memory: .*$/m, `lxc_memory: ${memoryMiB}`);
    if (after === before) throw new Error(`${file}: expected a line "lxc_memory: …" with another memory`);
    this.write(file, after);
    const line = (text: string): string => /^lxc_memory: .*$/m.exec(text)?.[0] ?? "";
    return [file, `- ${line(before)}`, `+ ${line(after)}`];
  }

  /**
   * Lets the steps that the testbed cannot run say so instead, by an override file of Terraform beside the synthesized
   * one; inventory and plan stay as they are.
   *
   * @param inert no step can run at all
   */
  standIn(inert: boolean): StandIn[] {
    const stack = JSON.parse(readFileSync(join(this.stack, "cdk.tf.json"), "utf8")) as Stack;
    const steps = Object.keys(stack.resource.null_resource ?? {});
    const lacking = steps.flatMap((name) => {
      const reason = inert ? INERT : LACKING[name.slice(name.indexOf("_") + 1)];
      return reason === undefined ? [] : [{ name, reason }];
    });
    if (lacking.length === 0) return [];
    const overrides = lacking.map(({ name, reason }) => {
      const command = `echo ${quoted(`${name} is not run: ${reason}`)}`;
      return [name, { provisioner: [{ "local-exec": { command } }] }];
    });
    const content = { resource: { null_resource: Object.fromEntries(overrides) } };
    writeFileSync(join(this.stack, "testbed_override.tf.json"), `${JSON.stringify(content, undefined, 2)}\n`);
    return lacking.map(({ name, reason }) => ({ step: name, reason }));
  }

  private set(
    file: string,
    path: readonly string[],
    values: Readonly<Record<string, readonly [value: unknown, why?: string]>>,
  ): string[] {
    const document = parseDocument(this.read(file));
    for (const [key, [value]] of Object.entries(values)) document.setIn([...path, key], value);
    this.write(file, document.toString({ lineWidth: 0 }));
    const lines = Object.entries(values).map(
      ([key, [value, why]]) =>
        `  ${[...path, key].join(".")}: ${String(value)}${why === undefined ? "" : `  # ${why}`}`,
    );
    return [file, ...lines];
  }

  private read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  private write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }
}

interface Stack {
  readonly resource: { readonly null_resource?: Readonly<Record<string, object>> };
}

const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
