import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Colors, table } from "../../cli/output";
import { tokenRoles } from "../../model/credential-roles";
import { labNeeds } from "../../model/credentials";
import type { Lab } from "../../model/lab";
import { removeLxcTestbed } from "../guests/lxc-backend";
import { ask, filesOf, removeRun } from "../run-files";
import { bringUp, type Running, whyInert } from "../serve";
import { createToken } from "./credentials";
import { differences, helloFromDocker, isContainerWith, type ShownGuest, showGuests } from "./guests";
import type { Progress } from "./progress";
import { DemoProject, LAB } from "./project";
import { descendants, Interrupted, kill } from "./tool";
import { Tools } from "./tools";

export interface DemoOptions {
  readonly progress: Progress;
  readonly colors: Colors;
  readonly signal: AbortSignal;
  /** Guests are state only, even where real ones could run. */
  readonly inert: boolean;
  /** Gets what the tools print, as they print it. @default nobody */
  readonly echo?: (text: string) => void;
  /** Name of its testbed, by which the next run finds what this one left. @default "demo" */
  readonly id?: string;
}

const TIER = "small_servers";
const MORE_MEMORY_MIB = 3072;
/** How long a node that is coming up is waited for before it is taken down; making its image takes longer. */
const COMING_UP_MS = 3_000;

/** The life of a lab on a testbed: deployed, unchanged, changed, destroyed. */
export class Demo {
  private readonly id: string;
  private readonly folder: string;
  private isOurs = false;
  private coming: Promise<Running> | undefined;

  constructor(private readonly options: DemoOptions) {
    this.id = options.id ?? "demo";
    this.folder = join(filesOf(this.id).folder, "project");
  }

  /**
   * Shows it all. `close` is to be called afterwards, whatever happened.
   *
   * @throws Missing, ToolError, Interrupted, or an Error of one line
   */
  async run(): Promise<void> {
    const { progress } = this.options;
    await this.takeOver();
    const { project, tools } = await this.prepare();
    const running = await this.up();
    const lab = this.pointedLab(project, running);
    await this.authorize(lab, running, tools);
    await this.deploy(lab, running, tools);
    await this.diffNothing(tools);
    await this.change(project, running, tools);
    const gone = await progress.stage(`npx cdktf destroy ${LAB}`, () => tools.cdktf("destroy"));
    progress.detail(...matches(gone, /Destroy complete!.*/));
  }

  /** Whether there is anything to take down. */
  get hasBegun(): boolean {
    return this.isOurs;
  }

  /** Takes down whatever is up, and removes whatever there is. */
  async close(): Promise<void> {
    if (!this.isOurs) return;
    // Not SIGKILL: what makes images takes its mounts down itself.
    const late = setTimeout(() => kill(descendants(process.pid), "SIGTERM"), COMING_UP_MS);
    const running = await this.coming?.catch(() => undefined);
    clearTimeout(late);
    await running?.testbed.close();
    await this.sweep();
  }

  private async takeOver(): Promise<void> {
    const answers = await ask(this.id, "status").then(
      () => true,
      () => false,
    );
    if (answers) throw new Error(`a demo runs already; to end it: npm run testbed -- down --id ${this.id}`);
    this.isOurs = true;
    await this.sweep();
  }

  private async sweep(): Promise<void> {
    if (process.getuid?.() === 0) await removeLxcTestbed({ id: this.id });
    removeRun(this.id);
  }

  private async prepare(): Promise<{ project: DemoProject; tools: Tools }> {
    const { echo, inert, progress, signal } = this.options;
    for (const note of await whyInert({ inert })) progress.line(note);
    return progress.stage("Terraform, its providers, and the lab's Terraform JSON", async () => {
      const project = new DemoProject(this.folder);
      const tools = new Tools(project, { signal, ...(echo ? { echo } : {}) });
      await tools.findTerraform();
      await tools.synthesize();
      await tools.init();
      return { project, tools };
    });
  }

  private async up(): Promise<Running> {
    const { inert, progress, signal } = this.options;
    const log = (line: string): void => progress.note(line);
    const running = await progress.stage("A Proxmox VE node, on this machine alone", async () => {
      this.coming = bringUp({ id: this.id, port: 0, nodes: ["pve1"], inert, log });
      return orInterrupted(this.coming, signal);
    });
    const { backend, nodes, url } = running.info;
    const ssh = nodes[0]?.sshPort;
    progress.detail(
      `API at ${url}${ssh === undefined ? "" : `, sshd at 127.0.0.1:${ssh}`}; ` +
        `${backend === "inert" ? "guests are inert" : "guests are real Debian containers"}`,
    );
    return running;
  }

  private pointedLab(project: DemoProject, { info, testbed }: Running): Lab {
    const { progress } = this.options;
    const sshPort = info.nodes[0]?.sshPort;
    const changes = project.pointAt({ port: testbed.port, ...(sshPort === undefined ? {} : { sshPort }) });
    const standIns = project.standIn(info.backend === "inert");
    const lab = project.load();
    progress.line(`\nThe lab is a copy of inventory/${LAB}, pointed at that node:`);
    progress.detail(...changes);
    for (const reason of new Set(standIns.map((each) => each.reason))) {
      const names = standIns.filter((each) => each.reason === reason).map(({ step }) => step);
      progress.detail(`Not run, because ${reason}:`, `  ${names.join(", ")}`);
    }
    if (info.backend !== "inert" && lab.guests.some((guest) => isContainerWith(guest, "gpu"))) {
      progress.detail("For the devices of the GPU, guests get files that read as empty.");
    }
    progress.line("");
    return lab;
  }

  private async authorize(lab: Lab, { info, testbed }: Running, tools: Tools): Promise<void> {
    const { progress } = this.options;
    const token = await progress.stage(`The token and its roles, as npm run lab -- credentials ${LAB} says`, () =>
      createToken(lab, testbed.local),
    );
    const key = info.nodes[0]?.privateKeyFile;
    Object.assign(tools.secrets, {
      TF_VAR_proxmox_api_token: token,
      TF_VAR_proxmox_root_password: info.credentials.rootPassword,
      TF_VAR_proxmox_ssh_private_key: key === undefined ? "" : readFileSync(key, "utf8"),
    });
    const root = labNeeds(lab).filter(({ credential }) => credential === "root");
    progress.detail(
      `${token.replace(/=.*/, "")} has ${tokenRoles(lab).length} roles, and no privilege beyond them`,
      `root@pam acts for ${root.map(({ guest }) => guest).join(" and ") || "nobody"} only: no token may pass devices to a guest`,
    );
  }

  private async deploy(lab: Lab, running: Running, tools: Tools): Promise<void> {
    const { colors, progress } = this.options;
    const output = await progress.stage(`npx cdktf deploy ${LAB}`, () => tools.cdktf("deploy"));
    progress.detail(...matches(output, /Apply complete!.*/));
    const guests = await this.verified(lab, running);
    const rows = guests.map(({ address, cores, memoryMiB, name, status, tags, vmid }) =>
      [name, vmid, status, address, cores, memoryMiB, tags].map(String),
    );
    progress.detail("", table(["GUEST", "VMID", "STATUS", "ADDRESS", "CORES", "MiB", "TAGS"], rows, colors));
    const inside = guests.flatMap((guest) => (guest.inside ? [guest.inside] : []));
    if (inside.length > 0) {
      const found = inside.map(({ docker, hostname, system, timeZone }) => [hostname, system, timeZone, docker]);
      progress.detail("", "And inside:", table(["HOSTNAME", "SYSTEM", "TIME ZONE", "DOCKER"], found, colors), "");
    }
    const docker = lab.guests.find((guest) => isContainerWith(guest, "docker"));
    const [node] = running.info.nodes;
    if (node?.sshPort !== undefined && docker) progress.detail(await helloFromDocker(node, docker));
  }

  private async diffNothing(tools: Tools): Promise<void> {
    const { progress } = this.options;
    const output = await progress.stage(`npx cdktf diff ${LAB}`, async () => {
      const plan = await tools.cdktf("diff");
      if (!plan.includes("No changes.")) throw new Error(`expected no changes after a deploy, got:\n${plan}`);
      return plan;
    });
    progress.detail(...matches(output, /No changes\..*/));
  }

  private async change(project: DemoProject, running: Running, tools: Tools): Promise<void> {
    const { colors, progress } = this.options;
    const [file, before = "", after = ""] = project.setTierMemory(TIER, MORE_MEMORY_MIB);
    progress.line(`\nOne line of the inventory changes, ${file}:`);
    progress.detail(colors.red(before), colors.green(after), "");
    const plan = await progress.stage(`npx cdktf diff ${LAB}`, () => tools.cdktf("diff"));
    progress.detail(...matches(plan, /# \S+ .*will be .*|~ dedicated .*|Plan: .*/));
    const applied = await progress.stage(`npx cdktf deploy ${LAB}`, () => tools.cdktf("deploy"));
    const guests = await this.verified(project.load(), running);
    const memory = guests.map(({ memoryMiB, name }) => `${name} ${memoryMiB} MiB`);
    progress.detail(...matches(applied, /Apply complete!.*/), `Now: ${memory.join(", ")}`);
  }

  /** @throws Error when a guest is not what the inventory says */
  private async verified(lab: Lab, { info, testbed }: Running): Promise<ShownGuest[]> {
    const [node] = info.nodes;
    const guests = node ? await showGuests(lab, testbed.local, node) : [];
    const wrong = lab.guests.flatMap((guest, index) => differences(guest, guests[index]));
    if (wrong.length > 0) throw new Error(`deployed, but not as the inventory says:\n${wrong.join("\n")}`);
    return guests;
  }
}

/** What matches in the lines of an output, in their order. */
function matches(output: string, pattern: RegExp): string[] {
  return output.split("\n").flatMap((line) => pattern.exec(line)?.[0].trim() ?? []);
}

/** Leaves work that cannot be stopped to itself when the user does not want to wait. */
async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let interrupt = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interrupted());
    signal.addEventListener("abort", interrupt);
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
