type Stated<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops the keys without a value, which zod leaves out of objects anyway but not out of their types. */
export function withoutUndefined<T extends object>(value: T): Stated<T> {
  const stated: { [key: string]: unknown } = {};
  for (const key in value) {
    const each = value[key];
    if (each !== undefined) stated[key] = each;
  }
  return stated as Stated<T>;
}

/** The items of each key, in their order. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
