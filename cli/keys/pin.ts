import { isMap, isScalar, isSeq, type Pair, parseDocument, visit, type YAMLMap, type YAMLSeq } from "yaml";
import { UsageError } from "../output";

/** What marks a key as pinned from an account: its comment. */
const pinned = (account: string) => `github.com/${account}`;
const PINNED = / github\.com\/\S+$/;

/** The public keys of accounts, by login name. */
export type KeysByUser = ReadonlyMap<string, readonly { readonly account: string; readonly keys: readonly string[] }[]>;

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * A YAML file in which the users of every `base_users` have exactly these keys, beside those that were not pinned from
 * an account. All else stays as it is written, comments and spaces included.
 *
 * @returns the text, and the login names that were found
 */
export function pinKeys(
  text: string,
  keys: KeysByUser,
): { readonly text: string; readonly users: ReadonlySet<string> } {
  const document = parseDocument(text, { version: "1.1", schema: "failsafe", logLevel: "silent" });
  const users = new Set<string>();
  const edits: Edit[] = [];
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || pair.key.value !== "base_users" || !isSeq(pair.value)) return undefined;
      for (const user of pair.value.items) {
        const name = isMap(user) ? user.get("name") : undefined;
        if (!isMap(user) || typeof name !== "string") continue;
        users.add(name);
        const wanted = keys.get(name) ?? [];
        const lines = wanted.flatMap((each) => each.keys.map((key) => `${key} ${pinned(each.account)}`));
        edits.push(...editsOf(text, user, lines));
      }
      return visit.SKIP;
    },
  });
  const last = (a: Edit, b: Edit) => b.from - a.from;
  const edited = edits
    .sort(last)
    .reduce((all, { from, text: put, to }) => all.slice(0, from) + put + all.slice(to), text);
  return { text: edited, users };
}

const startOf = (node: unknown): number => (node as { range: [number, number, number] }).range[0];
const endOf = (node: unknown): number => (node as { range: [number, number, number] }).range[1];

function editsOf(text: string, user: YAMLMap, wanted: readonly string[]): Edit[] {
  const pair = user.items.find(({ key }) => isScalar(key) && key.value === "ssh_keys");
  if (!pair) return wanted.length > 0 ? [newList(text, user, wanted)] : [];
  const list = pair.value;
  const isEmpty = list === null || (isScalar(list) && (list.value === "" || list.value === null));
  if (!(isSeq(list) ? list.items.every(isScalar) : isEmpty)) {
    throw new UsageError(
      `the ssh_keys of ${user.get("name")} hold an alias or a template, beside which no key can be pinned; write them as a list of keys`,
    );
  }
  const items = isSeq(list) ? list.items.filter(isScalar) : [];
  const stale = items.filter(({ value }) => PINNED.test(String(value)) && !wanted.includes(String(value)));
  const missing = wanted.filter((key) => !items.some(({ value }) => value === key));
  if (stale.length === 0 && missing.length === 0) return [];
  const kept = items.filter((item) => !stale.includes(item));
  if (!isSeq(list) || list.flow || list.items.length === 0) {
    const shown = [...kept.map((item) => text.slice(startOf(item), endOf(item))), ...missing];
    return [replacement(text, pair, `[${shown.join(", ")}]`)];
  }
  if (kept.length + missing.length === 0) return [replacement(text, pair, "[]")];
  return blockEdits(text, list, stale, missing);
}

/** Lines of their own: an item's goes as a whole, with a comment behind it; new ones follow the last. */
function blockEdits(text: string, list: YAMLSeq, stale: readonly unknown[], missing: readonly string[]): Edit[] {
  const edits = stale.map((item) => ({
    from: lineStart(text, startOf(item)),
    to: lineEnd(text, endOf(item)),
    text: "",
  }));
  const last = list.items.at(-1);
  const from = lineEnd(text, endOf(last));
  const indent = text.slice(lineStart(text, startOf(last)), startOf(last)).replace(/-\s*$/, "");
  const lines = missing.map((key) => `${indent}- ${key}\n`).join("");
  if (lines === "") return edits;
  const before = text[from - 1] === "\n" ? "" : "\n";
  // Both touch the end of the last line: one edit, so that their order does not matter.
  const gone = edits.find(({ to }) => to === from);
  const others = edits.filter((edit) => edit !== gone);
  return [...others, gone ? { ...gone, text: lines } : { from, to: from, text: before + lines }];
}

/** The value of a pair written anew on the key's line; comments inside a list that loses all its items go with them. */
function replacement(text: string, { key, value }: Pair, put: string): Edit {
  const colon = text.indexOf(":", endOf(key)) + 1;
  const end = value ? endOf(value) : colon;
  const trimmed = text.slice(0, Math.max(colon, end)).trimEnd().length;
  return { from: colon, to: Math.max(colon, trimmed), text: ` ${put}` };
}

function newList(text: string, user: YAMLMap, wanted: readonly string[]): Edit {
  const name = user.items.find(({ key }) => isScalar(key) && key.value === "name");
  const end = endOf(name?.value);
  if (user.flow) return { from: end, to: end, text: `, ssh_keys: [${wanted.join(", ")}]` };
  const start = startOf(name?.key);
  const indent = " ".repeat(start - lineStart(text, start));
  const from = lineEnd(text, end);
  const before = text[from - 1] === "\n" ? "" : "\n";
  const lines = [`${indent}ssh_keys:`, ...wanted.map((key) => `${indent}  - ${key}`)];
  return { from, to: from, text: `${before}${lines.join("\n")}\n` };
}

const lineStart = (text: string, offset: number) => text.lastIndexOf("\n", offset - 1) + 1;

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}
