/** A heading with what stands under it; nothing when there is nothing to say. */
export const section = (heading: string, ...parts: readonly string[]): string => {
  const paragraphs = parts.filter((part) => part !== "");
  return paragraphs.length === 0 ? "" : [`## ${heading}`, ...paragraphs].join("\n\n");
};

/** A Markdown table; nothing without rows. A column in which no row says anything is left out. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = heads.map((_, index) => rows.some((row) => (row[index] ?? "") !== ""));
  if (!used.includes(true)) return "";
  const line = (cells: readonly string[]) => `| ${cells.filter((_, index) => used[index]).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text of the inventory as text, whatever it looks like to Markdown. */
export const plain = (text: string | number): string =>
  String(text)
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll(/[\\`*[\]<>|~]|(?<!\w)_|_(?!\w)/g, "\\$&");

/** A name that is typed as it stands: a volume, a path, a rule. */
export function code(text: string): string {
  const shown = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  return shown.includes("`") ? `\`\` ${shown} \`\`` : `\`${shown}\``;
}

export const codes = (texts: readonly string[]): string => texts.map(code).join(", ");

/** A word for a cell that is else empty. */
export const yes = (value: boolean, word = "yes"): string => (value ? word : "");
