/** What cdktf would take for a reference to another construct. */
const CDKTF_TOKEN = /[$#&]\{TfToken\[/g;

/**
 * Text that Terraform reads back as it was written: `${` and `%{` begin a template in Terraform's JSON.
 *
 * A text that looks like one of cdktf's own references cannot be carried through; it is broken up visibly.
 */
export function literal(text: string): string {
  if (!text.includes("{")) return text;
  return text.replace(CDKTF_TOKEN, (found) => `${found.slice(0, 2)} TfToken[`).replace(/[$%](?=\{)/g, "$&$&");
}

/** `literal` for every string inside plain data, keys included. */
export function literals<Value>(value: Value): Value {
  return deep(value) as Value;
}

function deep(value: unknown): unknown {
  if (typeof value === "string") return literal(value);
  if (Array.isArray(value)) return value.map(deep);
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) result[literal(key)] = deep((value as Record<string, unknown>)[key]);
  return result;
}
