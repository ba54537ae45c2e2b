/**
 * A map over another one, which it shares instead of copying it: what is set here hides what is below. Its keys stand in
 * the order that a copy would have.
 */
export class Overlay<V extends object> implements ReadonlyMap<string, V> {
  private readonly own = new Map<string, V>();
  /** How many of its own keys are below, too. */
  private hidden = 0;

  constructor(readonly below: ReadonlyMap<string, V>) {}

  set(key: string, value: V): void {
    if (!this.own.has(key) && this.below.has(key)) this.hidden++;
    this.own.set(key, value);
  }

  /** What is set here, where all of it is new: everything else is then that of the map below. Undefined where it is not. */
  get added(): ReadonlyMap<string, V> | undefined {
    return this.hidden === 0 ? this.own : undefined;
  }

  get size(): number {
    return this.below.size + this.own.size - this.hidden;
  }

  get(key: string): V | undefined {
    return this.own.get(key) ?? this.below.get(key);
  }

  has(key: string): boolean {
    return this.own.has(key) || this.below.has(key);
  }

  *entries(): MapIterator<[string, V]> {
    for (const [key, value] of this.below) yield [key, this.own.get(key) ?? value];
    for (const entry of this.own) if (!this.below.has(entry[0])) yield entry;
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(use: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) use(value, key, this);
  }
}

/**
 * What of a map matters to somebody who reads no other keys than those: the map below it, which others have too, where
 * nothing of that is set here.
 */
export function partFor<V extends object>(
  map: ReadonlyMap<string, V>,
  reads: (key: string) => boolean,
): ReadonlyMap<string, V> {
  const added = map instanceof Overlay ? (map as Overlay<V>).added : undefined;
  if (!(map instanceof Overlay) || !added) return map;
  for (const key of added.keys()) if (reads(key)) return map;
  return map.below;
}
