/** Leaves out what is undefined, so that optional values can be written without a condition each. */
export function compact<T extends object>(value: { [Key in keyof T]: T[Key] | undefined }): T {
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) if (each !== undefined) result[key] = each;
  return result as T;
}
