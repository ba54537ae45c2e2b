import { cachedDataVersionTag } from "node:v8";
import { briefly } from "../../model/compiler";

describe("dealing with all hosts of a lab", () => {
  it.each([4, 1_000, 10_000])("leaves V8 as it was, for %d hosts", (hosts) => {
    const before = cachedDataVersionTag();
    expect(briefly(hosts, () => "done")).toBe("done");
    expect(cachedDataVersionTag()).toBe(before);
    expect(() =>
      briefly(hosts, () => {
        throw new Error("stopped");
      }),
    ).toThrow("stopped");
    expect(cachedDataVersionTag()).toBe(before);
  });

  it("optimizes nothing for a thousand, and all else as ever", () => {
    const before = cachedDataVersionTag();
    expect(briefly(1_000, cachedDataVersionTag)).not.toBe(before);
    expect(briefly(4, cachedDataVersionTag)).toBe(before);
    expect(briefly(10_000, cachedDataVersionTag)).toBe(before);
  });
});
