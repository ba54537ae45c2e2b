/**
 * Leaves out what is undefined, so that optional values can be written without a condition each.
 * Its result's type is what is asked for, never guessed from the argument: a key that the type has not is an error.
 */
export function compact<T extends object>(value: { [Key in keyof NoInfer<T>]: NoInfer<T>[Key] | undefined }): T {
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) if (each !== undefined) result[key] = each;
  return result as T;
}
