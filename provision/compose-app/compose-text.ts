/** A compose file as JSON, which is YAML. Of what YAML reads in another way than JSON, nothing is left unescaped. */
export function composeText(project: { readonly [key: string]: unknown }): string {
  const json = JSON.stringify(project, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value), 2);
  return `${json.replace(/[\u007f-\ud7ff\ue000-\uffff]/g, escaped)}\n`;
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Paths of `{ secret: name }` in a value: text of a compose file cannot hold a secret. */
export function secretPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  const [key, name] = entries[0] ?? [];
  if (entries.length === 1 && key === "secret" && typeof name === "string") return [path];
  return entries.flatMap(([inner, child]) => secretPaths(child, [...path, inner]));
}
