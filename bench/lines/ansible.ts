import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { promisify } from "node:util";
import type { Testbed } from "../../testbed/api/index";
import { type LxcBackend, probeGuests, removeLxcTestbed } from "../../testbed/guests/lxc-backend";
import { startWithGuests } from "../../testbed/serve";
import { BenchGuests } from "../ansible/guests";
import { BenchLab } from "../ansible/lab";
import { Playbook } from "../ansible/playbook";
import { CHANGED, GUESTS } from "../ansible/settings";
import { atMost, type Line, measured, type Outcome, skipped } from "../line";
import { findProgram, median, seconds } from "../measure";
import { apiOptions } from "../testbed-lab";

const ID = "bench-ansible";
const NODE = { name: "pve1", address: "127.0.0.1" };
const ROUNDS = 5;
/** Even, so that each is as often first as last. */
const FIRST_ROUNDS = 6;
/** All guests count as one user of the kernel's keyrings, and each service and each container takes a key. */
const KEYS = 600;

const GIB = 1024 ** 3;

/**
 * Guests' files in memory, where there is enough. For minutes ext4 takes no inode again that was deleted, and looks past each of
 * them for every new file (recently_deleted() in Linux' fs/ext4/ialloc.c): up to a quarter of dpkg's time, which whoever is
 * measured after the removal of other guests would have to pay.
 */
function inMemory(): { readonly stateDirectory?: string } {
  const folder = "/dev/shm";
  if (!existsSync(folder)) return {};
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > 8 * GIB && freemem() > 12 * GIB ? { stateDirectory: folder } : {};
}

/** Why this machine cannot measure it; `undefined` when it can. */
async function hindrance(): Promise<string | undefined> {
  for (const program of ["terraform", "ansible-playbook", "ssh-keyscan"]) {
    if (!findProgram(program)) return `there is no ${program} in .venv/bin or on PATH`;
  }
  const probe = await probeGuests();
  if (!probe.ok) {
    const remedy = probe.install === undefined ? "" : `; install it: ${probe.install}`;
    return `real guests cannot run here: missing ${probe.missing.join(", ")}${remedy}`;
  }
  if (probe.guests !== undefined && probe.guests < 4 * GUESTS) return probe.advice;
  const keys = Number(readFileSync("/proc/sys/kernel/keys/maxkeys", "utf8"));
  if (keys >= KEYS) return undefined;
  return `this machine's ${keys} kernel keys are too few for ${GUESTS} guests with Docker; for more: sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000`;
}

/** WireGuard's keys are X25519's, in base64. */
function wireguardKey(): string {
  const { privateKey } = generateKeyPairSync("x25519");
  return privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32).toString("base64");
}

/** Seconds that one after the other took, each in guests that nobody has configured. */
interface First {
  /** The package manager alone, called once for everything. */
  readonly manager: number;
  readonly deploy: number;
}

interface Ours {
  readonly first: readonly First[];
  readonly drift: number;
  readonly change: number;
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

async function several(measure: (round: number) => Promise<number>): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) samples.push(await measure(round));
  return median(samples);
}

/** First the one, then the other, then the other way round: a machine that gets slower meanwhile favours neither. Leaves configured guests. */
async function measureFirst(lab: BenchLab, guests: BenchGuests): Promise<First[]> {
  const packages = new Set<string>();
  const fresh = async (run: () => Promise<number>): Promise<number> => {
    await lab.deployBare();
    const taken = await run();
    packages.add(await guests.packages());
    await lab.destroy();
    if (packages.size === 1) return taken;
    throw new Error("our roles install other packages than bench/ansible/settings.ts lists: mend PACKAGES there");
  };
  const manager = () => fresh(() => guests.install());
  const deploy = () => fresh(() => lab.deploy());
  const rounds: First[] = [];
  for (let round = 0; round < FIRST_ROUNDS; round += 2) {
    rounds.push({ manager: await manager(), deploy: await deploy() });
    rounds.push({ deploy: await deploy(), manager: await manager() });
  }
  await lab.deploy();
  return rounds;
}

async function measureOurs(lab: BenchLab, guests: BenchGuests): Promise<Ours> {
  const first = await measureFirst(lab, guests);
  await guests.makeImages();
  lab.set({}, { agents: true });
  await lab.deploy();
  const drift = await several(() => lab.drift());
  const change = await several((round) => {
    lab.set(round % 2 === 0 ? CHANGED : {}, { agents: true });
    return lab.deploy();
  });
  return { first, drift, change };
}

/** What the node shows to whoever logs in. Asked without blocking this process, in which the way to the node lies. */
async function hostKeyOf(port: number): Promise<string> {
  const args = ["-t", "ed25519", "-p", String(port), "127.0.0.1"];
  const { stdout } = await promisify(execFile)("ssh-keyscan", args);
  const [, key] = /(ssh-ed25519 \S+)/.exec(stdout) ?? [];
  if (key === undefined) throw new Error("the testbed's node shows no ed25519 key");
  return key;
}

async function measureAll(testbed: Testbed, backend: LxcBackend): Promise<Outcome> {
  const { node } = backend;
  const key = wireguardKey();
  const hostKey = await hostKeyOf(node.sshPort);
  const guests = new BenchGuests(node);
  const ours = await measureOurs(new BenchLab({ testbed, node, hostKey, wireguardKey: key }), guests);
  await guests.admitAnsible();
  const playbook = await Playbook.open(findProgram("ansible-playbook") ?? "", backend, key);
  await playbook.run();
  const second = await playbook.run();
  const change = await playbook.run(CHANGED);
  const against = (own: number, theirs: number, whose: string) => ({
    value: own / theirs,
    unit: "x" as const,
    from: `${seconds(own)} against ${seconds(theirs)} ${whose}`,
  });
  return measured(
    {
      what: "a look at all roles: lab drift against the second run of the playbook",
      limit: atMost(0.1),
      ...against(ours.drift, second, "of Ansible"),
    },
    {
      what: "a changed setting: npm run deploy, with synthesis, plan and apply, against a run of the playbook",
      limit: atMost(0.1),
      ...against(ours.change, change, "of Ansible"),
    },
    {
      what: `first run of base, docker and wireguard: npm run deploy against apt-get alone, all ${FIRST_ROUNDS} rounds together`,
      limit: atMost(1.1),
      value: sum(ours.first.map(({ deploy }) => deploy)) / sum(ours.first.map(({ manager }) => manager)),
      unit: "x",
      from: ours.first.map(({ deploy, manager }) => `${seconds(deploy)} against ${seconds(manager)}`).join(", "),
    },
  );
}

export const ansible: Line = {
  name: "ansible",
  title: `base, docker, service-agents and wireguard in ${GUESTS} real guests, against the same as an Ansible playbook (10 forks, pipelined); the agents are stand-ins, on both sides, for no registry is reached`,
  async measure(): Promise<Outcome> {
    const reason = await hindrance();
    if (reason !== undefined) return skipped(reason);
    // Ctrl-C ends what runs; this process is to take the guests down first.
    const stay = (): void => undefined;
    process.on("SIGINT", stay);
    let testbed: Testbed | undefined;
    try {
      const place = { id: ID, ...inMemory() };
      await removeLxcTestbed(place);
      const started = await startWithGuests({ ...place, nodes: [{ name: NODE.name }] }, apiOptions([NODE]));
      testbed = started.testbed;
      return await measureAll(testbed, started.backend);
    } finally {
      await testbed?.close();
      process.off("SIGINT", stay);
    }
  },
};
