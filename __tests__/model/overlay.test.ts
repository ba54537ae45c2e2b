import fc from "fast-check";
import { Overlay, partFor } from "../../model/overlay";

const pairs = fc.array(fc.tuple(fc.constantFrom<string>("a", "b", "c", "d", "e"), fc.record({ of: fc.nat() })));

describe("a map over another one", () => {
  it("is, in everything that can be asked of it, a copy of that one with what was set", () => {
    fc.assert(
      fc.property(pairs, pairs, (below, above) => {
        const copy = new Map(below);
        const overlay = new Overlay(new Map(below));
        for (const [key, value] of above) {
          copy.set(key, value);
          overlay.set(key, value);
        }
        expect([...overlay]).toEqual([...copy]);
        expect([...overlay.keys()]).toEqual([...copy.keys()]);
        expect([...overlay.values()]).toEqual([...copy.values()]);
        expect(overlay.size).toBe(copy.size);
        for (const key of ["a", "b", "c", "d", "e"]) {
          expect(overlay.has(key)).toBe(copy.has(key));
          expect(overlay.get(key)).toBe(copy.get(key));
        }
        const seen: unknown[] = [];
        overlay.forEach((value, key) => {
          seen.push([key, value]);
        });
        expect(seen).toEqual([...copy]);
      }),
    );
  });

  it("tells what was added only while it hides nothing of the map below", () => {
    const overlay = new Overlay(new Map([["a", { of: 1 }]]));
    overlay.set("b", { of: 2 });
    expect([...(overlay.added ?? [])]).toEqual([["b", { of: 2 }]]);
    overlay.set("a", { of: 3 });
    expect(overlay.added).toBeUndefined();
  });

  it("is the map below to whoever reads nothing of what was set", () => {
    fc.assert(
      fc.property(pairs, pairs, fc.subarray(["a", "b", "c", "d", "e"]), (below, above, read) => {
        const overlay = new Overlay(new Map(below));
        for (const [key, value] of above) overlay.set(key, value);
        const part = partFor(overlay, (key) => read.includes(key));
        for (const key of read) expect(part.get(key)).toBe(overlay.get(key));
        if (part !== overlay) expect(part).toBe(overlay.below);
      }),
    );
    const alone = new Map([["a", { of: 1 }]]);
    expect(partFor(alone, () => false)).toBe(alone);
  });
});
