import type { ChildProcess } from "node:child_process";
import type { Lab } from "../../../model/lab";
import { formatProblem } from "../../../model/problem";
import { allRoles, type Role } from "../../../provision/registry";
import { DEFAULT_TEMPLATE, startTestbed, type Testbed, type TestbedOptions } from "../../../testbed/api/index";
import { hosts, type LabFiles, load } from "../../support/lab-folder";
import { describeWithTerraform, type Outcome, Workspace } from "../../support/terraform";
import { missingForNodeShell, NodeShell } from "./node-shell";
import { Stack } from "./stack";

export interface Guests {
  /** Name → lines of `proxmox_lxc`. */
  readonly [name: string]: readonly string[];
}

export interface LabText {
  readonly guests: Guests;
  /** Group → members, beside the group of all guests. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Further files, or others instead of those that are made. */
  readonly files?: LabFiles;
}

/** The role `base`, for members of the group `configured` only: a step for each of a hundred guests would say no more. */
export const BASE: readonly Role[] = allRoles()
  .filter(({ name }) => name === "base")
  .map((role) => ({ ...role, group: "configured" }));

/** What steps log in to: a node's sshd. */
export interface NodeEnd {
  readonly user: string;
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly privateKey: string;
  close(): Promise<void>;
}

/** An inventory on a testbed: what a user writes at one end, Proxmox VE's API and a node's shell at the other. */
export class LabRun<Shell extends NodeEnd = NodeShell> extends Stack {
  #environment: { readonly [name: string]: string };
  #workspace: Workspace | undefined;

  private constructor(
    readonly testbed: Testbed,
    readonly shell: Shell,
  ) {
    super();
    this.#environment = {
      TF_VAR_proxmox_api_token: testbed.credentials.labToken,
      TF_VAR_proxmox_root_password: testbed.credentials.rootPassword,
      TF_VAR_proxmox_ssh_private_key: shell.privateKey,
    };
  }

  /** With guests that are state only. */
  static async start(options: TestbedOptions = {}): Promise<LabRun> {
    const testbed = await startTestbed({ authDelayMs: 0, ...options });
    return new LabRun(testbed, await NodeShell.start(testbed));
  }

  /** On a testbed that is up, with whatever guests it has. Closing takes both down. */
  static on<Shell extends NodeEnd>(testbed: Testbed, shell: Shell): LabRun<Shell> {
    return new LabRun(testbed, shell);
  }

  /** What Terraform is given from now on, beside or instead of the testbed's credentials. */
  give(environment: { readonly [name: string]: string }): void {
    this.#environment = { ...this.#environment, ...environment };
  }

  /** Checks and resolves the inventory; a mistake in it is a mistake in the test. */
  lab({ files = {}, groups = {}, guests }: LabText, roles: readonly Role[] = BASE): Lab {
    const result = load(
      {
        "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: Object.keys(guests), ...groups }),
        "group_vars/all.yml": this.#shared(),
        "host_vars/pve1.yml": this.#node("127.0.0.1"),
        "host_vars/pve2.yml": this.#node("127.0.0.2"),
        "host_vars/web.yml": "",
        ...Object.fromEntries(
          Object.entries(guests).map(([name, lines]) => [`host_vars/${name}.yml`, containerFile(lines)]),
        ),
        ...files,
      },
      roles,
    );
    const errors = result.problems.filter(({ severity }) => severity === "error");
    if (!result.lab || errors.length > 0) throw new Error(errors.map((each) => formatProblem(each)).join("\n"));
    return result.lab;
  }

  /** Writes the lab's next version; the first one is initialized. */
  async write(text: LabText | Lab, roles?: readonly Role[]): Promise<void> {
    const lab = "connection" in text ? text : this.lab(text, roles);
    if (this.#workspace) this.#workspace.write({ lab });
    else this.#workspace = await new Workspace({ lab }).init();
  }

  terraform(
    args: readonly string[],
    environment: { readonly [name: string]: string } = {},
    onStart?: (terraform: ChildProcess) => void,
  ): Promise<Outcome> {
    if (!this.#workspace) throw new Error("nothing has been written yet");
    return this.#workspace.run(args, { ...this.#environment, ...environment }, onStart);
  }

  async close(): Promise<void> {
    this.#workspace?.remove();
    await this.shell.close();
    await this.testbed.close();
  }

  #shared(): string {
    return `
proxmox_api_host: 127.0.0.1
proxmox_api_port: ${this.testbed.port}
proxmox_validate_certs: false
proxmox_ssh_user: ${this.shell.user}
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian
proxmox_default_network: lan
proxmox_templates:
  debian: { volume: "${DEFAULT_TEMPLATE}", os_type: debian }
  newer: { volume: "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", os_type: debian }
  ubuntu: { volume: "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst", os_type: ubuntu }
  downloaded:
    url: https://templates.invalid.example/debian-13-standard_13.1-2_amd64.tar.zst
    checksum: "${"0".repeat(128)}"
    os_type: debian
proxmox_networks:
  lan: { bridge: vmbr0, cidr: 10.20.0.0/16, gateway: 10.20.0.1, cidr6: "fd00:20::/64", gateway6: "fd00:20::1" }
  other: { bridge: vmbr1, cidr: 10.30.0.0/16, gateway: 10.30.0.1 }
`;
  }

  #node(address: string): string {
    return `
proxmox_node:
  address: ${address}
  ssh_port: ${this.shell.port}
  cores: 256
  bridges: [vmbr0, vmbr1]
  storages:
    local: { type: dir, content: [vztmpl, rootdir, snippets] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
  gpus:
    gpu0: { vendor: nvidia }
    gpu1: { vendor: nvidia }
`;
  }
}

/** A host_vars file; what a guest needs and `lines` do not say is added. */
function containerFile(lines: readonly string[]): string {
  const given = new Set(lines.map((line) => line.split(":")[0]));
  const needed = ["cores: 1", "memory: 512", "disk: 4", "swap: 0"];
  const all = [...lines, ...needed.filter((line) => !given.has(line.split(":")[0]))];
  return ["proxmox_lxc:", ...all.map((line) => `  ${line}`), ""].join("\n");
}

/** `describe` where Terraform is, and a node's shell can be played. */
export function describeOnTestbed(name: string, tests: () => void): void {
  describeWithTerraform(name, tests, missingForNodeShell());
}
