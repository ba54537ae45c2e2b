import { closeSync, openSync, writeSync } from "node:fs";

const CHUNK = 1 << 16;

/**
 * Writes a value as JSON with sorted keys, two spaces deep, without ever holding the text of the whole:
 * of a lab with thousands of guests that text would be the greater part of the memory.
 * A value's `toJSON` is called only when its turn comes.
 */
export function writeJsonFile(path: string, value: unknown): void {
  const file = openSync(path, "w");
  let pending: string[] = [];
  let length = 0;
  const flush = () => {
    writeSync(file, pending.join(""));
    pending = [];
    length = 0;
  };
  try {
    emit(value, "\n", (text) => {
      pending.push(text);
      length += text.length;
      if (length > CHUNK) flush();
    });
    flush();
  } finally {
    closeSync(file);
  }
}

type Write = (text: string) => void;

function emit(given: unknown, indent: string, write: Write): void {
  const value = hasToJson(given) ? given.toJSON() : given;
  if (Array.isArray(value)) {
    emitAll("[]", value, indent, write, (item, inner) => emit(item, inner, write));
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    emitAll("{}", entries, indent, write, ([key, each], inner) => {
      write(`${JSON.stringify(key)}: `);
      emit(each, inner, write);
    });
  } else {
    write(JSON.stringify(value) ?? "null");
  }
}

/** Items between brackets, each on a line of its own. */
function emitAll<Item>(
  brackets: "[]" | "{}",
  items: readonly Item[],
  indent: string,
  write: Write,
  emitItem: (item: Item, indent: string) => void,
): void {
  const inner = `${indent}  `;
  let separator = `${brackets.charAt(0)}${inner}`;
  for (const item of items) {
    write(separator);
    emitItem(item, inner);
    separator = `,${inner}`;
  }
  write(items.length === 0 ? brackets : `${indent}${brackets.charAt(1)}`);
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function";
}
