import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { findProgram } from "../../scripts/programs";
import type { Testbed } from "../../testbed/api/index";
import type { LxcBackend } from "../../testbed/guests/lxc-backend";
import { BenchGuests } from "../ansible/guests";
import { BenchLab } from "../ansible/lab";
import { Playbook } from "../ansible/playbook";
import { CHANGED, GUESTS } from "../ansible/settings";
import { atMost, type Line, measured, type Outcome, type Say, skipped } from "../line";
import { median, seconds } from "../measure";
import { hindranceOfGuests, withRealGuests } from "../real-testbed";

const ID = "bench-ansible";
const NODE = { name: "pve1" };
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
  for (const program of ["terraform", "ansible-playbook"]) {
    if (!findProgram(program)) return `there is no ${program} in .venv/bin or on PATH`;
  }
  const reason = await hindranceOfGuests(4 * GUESTS);
  if (reason !== undefined) return reason;
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
async function measureFirst(say: Say, lab: BenchLab, guests: BenchGuests): Promise<First[]> {
  const packages = new Set<string>();
  const rounds: First[] = [];
  const fresh = async (what: string, run: () => Promise<number>): Promise<number> => {
    say(`first run, round ${rounds.length + 1} of ${FIRST_ROUNDS}: ${what}`);
    await lab.deployBare();
    const taken = await run();
    packages.add(await guests.packages());
    await lab.destroy();
    if (packages.size === 1) return taken;
    throw new Error("our roles install other packages than bench/ansible/settings.ts lists: mend PACKAGES there");
  };
  const manager = () => fresh("apt-get alone", () => guests.install());
  const deploy = () => fresh("npm run deploy", () => lab.deploy());
  for (let round = 0; round < FIRST_ROUNDS; round += 2) {
    rounds.push({ manager: await manager(), deploy: await deploy() });
    rounds.push({ deploy: await deploy(), manager: await manager() });
  }
  say("all roles, unmeasured");
  await lab.deploy();
  return rounds;
}

async function measureOurs(say: Say, lab: BenchLab, guests: BenchGuests): Promise<Ours> {
  const first = await measureFirst(say, lab, guests);
  say("images of the agents, and the role service-agents");
  await guests.makeImages();
  lab.set({}, { agents: true });
  await lab.deploy();
  const drift = await several((round) => {
    say(`lab drift, ${round + 1} of ${ROUNDS}`);
    return lab.drift();
  });
  const change = await several((round) => {
    say(`npm run deploy of a changed setting, ${round + 1} of ${ROUNDS}`);
    lab.set(round % 2 === 0 ? CHANGED : {}, { agents: true });
    return lab.deploy();
  });
  return { first, drift, change };
}

async function measureAll(say: Say, testbed: Testbed, backend: LxcBackend): Promise<Outcome> {
  const { node } = backend;
  const key = wireguardKey();
  const guests = new BenchGuests(node);
  const ours = await measureOurs(say, new BenchLab({ testbed, node, wireguardKey: key }), guests);
  say("Python and a login for Ansible");
  await guests.admitAnsible();
  const playbook = await Playbook.open(findProgram("ansible-playbook") ?? "", backend, key);
  say("the playbook, unmeasured");
  await playbook.run();
  say("the playbook's second run");
  const second = await playbook.run();
  say("the playbook with a changed setting");
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
  async measure(say): Promise<Outcome> {
    const reason = await hindrance();
    if (reason !== undefined) return skipped(reason);
    return withRealGuests({ id: ID, nodes: [NODE], ...inMemory() }, (testbed, backend) =>
      measureAll(say, testbed, backend),
    );
  },
};
