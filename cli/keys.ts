import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Inventory } from "../model/inventory";
import type { Position, Problem } from "../model/problem";
import { suggest } from "../model/schema/nearest";
import { parse } from "../model/schema/parse";
import { VARIABLES } from "../model/schema/variables";
import { fetchKeys, GITHUB, type Source, sourceOf } from "./keys/github";
import { type KeysByUser, pinKeys } from "./keys/pin";
import { lineDiff } from "./line-diff";
import { EXIT, type ExitCode, type Io } from "./output";
import { tellProblems } from "./problems";
import { load } from "./target";

export interface KeysOptions {
  readonly write?: boolean;
  /** Where accounts are asked for: a server, or a folder. @default LAB_GITHUB_URL, else https://github.com */
  readonly url?: string;
}

/** An account of somebody, and the place that names it. */
interface Account {
  readonly user: string;
  readonly account: string;
  readonly at: Position;
}

const VARIABLE = "github_accounts";

/**
 * Pins the SSH keys of GitHub accounts in the inventory, so that a review sees who gets in. Shows what would change in
 * the files, and writes them when asked to; when anything is wrong, nothing is written.
 */
export async function syncKeys(target: string, { write = false, url }: KeysOptions, io: Io): Promise<ExitCode> {
  const { inventory, name } = load(target, io);
  const { accounts, problems } = accountsOf(inventory);
  const source = sourceOf(url ?? (process.env.LAB_GITHUB_URL || GITHUB), io.cwd);
  const fetched = await fetchAll(accounts, source);
  const edited = editFiles(inventory, fetched.keys, io.cwd);
  const all = [...problems, ...fetched.problems, ...strangers(accounts, edited.users)];
  if (all.length > 0) {
    tellProblems(all, io);
    return EXIT.problems;
  }
  for (const { after, before, file } of edited.files) {
    io.out(lineDiff(file, before, after, io.colors));
    if (write) writeFileSync(resolve(io.cwd, file), after);
  }
  const count = edited.files.length;
  if (count === 0 && accounts.length === 0) io.out(`${name}: there are no github_accounts, and no keys of any`);
  else if (count === 0) io.out(`${name}: the keys are as the accounts have them`);
  else
    io.out(
      write ? `${name}: written; look at it before you commit` : `${name}: nothing was written; to write it: --write`,
    );
  return EXIT.ok;
}

function accountsOf(inventory: Inventory): { accounts: Account[]; problems: Problem[] } {
  const accounts: Account[] = [];
  const problems: Problem[] = [];
  for (const { layers } of [...inventory.groups.values(), ...inventory.hosts.values()]) {
    for (const { vars } of layers) {
      const tree = vars.entries.get(VARIABLE)?.value;
      if (!tree) continue;
      const parsed = parse(VARIABLES[VARIABLE], tree, VARIABLE);
      problems.push(...parsed.problems);
      for (const [user, names] of Object.entries(parsed.value ?? {})) {
        const at = tree.kind === "mapping" ? (tree.entries.get(user)?.value.at ?? tree.at) : tree.at;
        accounts.push(...names.map((account) => ({ user, account, at })));
      }
    }
  }
  return { accounts, problems };
}

async function fetchAll(
  accounts: readonly Account[],
  source: Source,
): Promise<{ keys: KeysByUser; problems: Problem[] }> {
  const names = [...new Set(accounts.map(({ account }) => account))];
  const answers = new Map(await Promise.all(names.map(async (name) => [name, await fetchKeys(name, source)] as const)));
  const keys = new Map<string, { account: string; keys: readonly string[] }[]>();
  const problems: Problem[] = [];
  for (const { account, at, user } of accounts) {
    const answer = answers.get(account);
    if (!answer) continue;
    if ("problem" in answer) {
      problems.push({ rule: "github-keys", severity: "error", at, message: answer.problem, fix: answer.fix });
      continue;
    }
    const known = keys.get(user) ?? [];
    if (!known.some((each) => each.account === account)) known.push({ account, keys: answer.keys });
    keys.set(user, known);
  }
  return { keys, problems };
}

function editFiles(inventory: Inventory, keys: KeysByUser, cwd: string) {
  const layers = [...inventory.groups.values(), ...inventory.hosts.values()].flatMap((owner) => owner.layers);
  const names = layers.filter(({ vars }) => vars.entries.has("base_users")).map(({ file }) => file);
  const users = new Set<string>();
  const files = [...new Set(names)].sort().flatMap((file) => {
    const before = readFileSync(resolve(cwd, file), "utf8");
    const pinned = pinKeys(before, keys);
    for (const user of pinned.users) users.add(user);
    return pinned.text === before ? [] : [{ file, before, after: pinned.text }];
  });
  return { users, files };
}

const strangers = (accounts: readonly Account[], users: ReadonlySet<string>): Problem[] =>
  accounts
    .filter(({ user }) => !users.has(user))
    .map(({ at, user }) => ({
      rule: "github-keys",
      severity: "error",
      at,
      path: `${VARIABLE}.${user}`,
      message: `no base_users has a user "${user}"`,
      fix: suggest(user, users),
    }));
