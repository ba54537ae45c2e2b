import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Testbed } from "../../testbed/api/index";
import type { NodeAccess } from "../../testbed/guests/lxc-backend";
import { GENERATED_TEMPLATE } from "../generate";
import { NODE_TYPESCRIPT, ROOT } from "../measure";
import { PROJECT, temporaryFolder } from "../project";
import { addressOf, GUESTS, guestName, LAB, SETTINGS, vmidOf, WIREGUARD_SECRET } from "./settings";

const execute = promisify(execFile);
const INVENTORY = join("inventory", LAB);
const NAMES = Array.from({ length: GUESTS }, (_, index) => guestName(index));

export interface Place {
  readonly testbed: Testbed;
  readonly node: NodeAccess;
  readonly wireguardKey: string;
}

/** The bench's lab as a user has it: an inventory in a project, and the commands of this tool. */
export class BenchLab {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(place: Place) {
    const files = inventoryFiles(place);
    this.#folder = temporaryFolder(files, [...PROJECT, "cdktf.json"]);
    const { labToken, rootPassword } = place.testbed.credentials;
    this.#environment = {
      TF_VAR_proxmox_api_token: labToken,
      TF_VAR_proxmox_root_password: rootPassword,
      TF_VAR_proxmox_ssh_private_key: readFileSync(place.node.privateKeyFile, "utf8"),
      [`TF_VAR_${WIREGUARD_SECRET}`]: place.wireguardKey,
    };
  }

  /** Which settings hold, and whether the agents are there, from now on. */
  set(settings: object, { agents }: { readonly agents: boolean }): void {
    write(this.#folder, { ...variableFiles({ ...SETTINGS, ...settings }), ...hostsFile(agents) });
  }

  /** `npm run deploy`. @returns seconds */
  deploy(...args: string[]): Promise<number> {
    return this.#tool("cli/terraform.ts", ["deploy", LAB, "--auto-approve", ...args]);
  }

  /** Guests that have their devices, and that nobody has configured. */
  async deployBare(): Promise<void> {
    await this.deploy(...NAMES.map((name) => `-target=null_resource.${name}_hardware`));
  }

  async destroy(): Promise<void> {
    await this.deploy("-destroy", ...NAMES.flatMap((name) => ["--allow", name]));
  }

  /** `lab drift`. @returns seconds @throws Error when anything has drifted or cannot be checked */
  drift(): Promise<number> {
    return this.#tool("cli/lab.ts", ["drift", LAB]);
  }

  async #tool(path: string, args: readonly string[]): Promise<number> {
    return timed(process.execPath, [...NODE_TYPESCRIPT, join(ROOT, path), ...args], this.#folder, this.#environment);
  }
}

/** Runs a command to its end without blocking this process, in which the testbed lives. @returns seconds */
export async function timed(
  program: string,
  args: readonly string[],
  cwd: string,
  own: NodeJS.ProcessEnv,
): Promise<number> {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", CI: "1", NO_COLOR: "1", ...own };
  const began = process.hrtime.bigint();
  try {
    await execute(program, [...args], { cwd, env, maxBuffer: 1 << 26 });
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.slice(-4).join(" ")} failed:\n${`${stdout}\n${stderr}`.trim().slice(-3000)}`);
  }
  return Number(process.hrtime.bigint() - began) / 1e9;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
}

/** JSON is YAML. */
const yaml = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

function inventoryFiles({ node, testbed }: Place): Record<string, string> {
  const hosts = Array.from({ length: GUESTS }, (_, index) => [
    join(INVENTORY, "host_vars", `${guestName(index)}.yml`),
    yaml({ proxmox_lxc: container(index) }),
  ]);
  const storages = {
    local: { type: "dir", content: ["vztmpl", "iso"] },
    "local-lvm": { type: "lvmthin", content: ["rootdir"] },
  };
  return {
    ...Object.fromEntries(hosts),
    ...hostsFile(false),
    ...variableFiles(SETTINGS),
    [join(INVENTORY, "group_vars/all/proxmox.yml")]: yaml({
      proxmox_api_host: "127.0.0.1",
      proxmox_api_port: testbed.port,
      proxmox_validate_certs: false,
      proxmox_default_node: node.name,
      proxmox_default_storage: "local-lvm",
      proxmox_default_template: "debian",
      proxmox_default_network: "lan",
      proxmox_networks: { lan: { bridge: "vmbr0", cidr: "10.77.0.0/24", gateway: "10.77.0.1" } },
      proxmox_templates: { debian: { volume: GENERATED_TEMPLATE, os_type: "debian" } },
      wireguard_private_key: { secret: WIREGUARD_SECRET },
    }),
    [join(INVENTORY, "host_vars", `${node.name}.yml`)]: yaml({
      proxmox_node: {
        address: "127.0.0.1",
        ssh_port: node.sshPort,
        ssh_host_key: node.hostKey,
        cores: 64,
        memory: 262_144,
        bridges: ["vmbr0"],
        storages,
      },
    }),
  };
}

const container = (index: number) => ({
  vmid: vmidOf(index),
  cores: 2,
  memory: 1024,
  disk: 8,
  features: { nesting: true },
  devices: [{ path: "/dev/net/tun" }],
  networks: [{ ip: addressOf(index) }],
});

const variableFiles = (settings: object) => ({ [join(INVENTORY, "group_vars/all/settings.yml")]: yaml(settings) });

function hostsFile(agents: boolean): Record<string, string> {
  const group = { hosts: Object.fromEntries(NAMES.map((name) => [name, null])) };
  const children = {
    proxmox_nodes: { hosts: { pve1: null } },
    docker_hosts: group,
    wireguard_hosts: group,
    ...(agents ? { service_agents: group } : {}),
  };
  return { [join(INVENTORY, "hosts.yml")]: yaml({ all: { children } }) };
}
