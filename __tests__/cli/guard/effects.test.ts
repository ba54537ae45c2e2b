import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { CONTAINER, type Row, VM as VM_ROWS } from "../../../cli/guard/effects";
import { differences } from "../../../cli/guard/plan";
import { CT, change, VM } from "./plans";

describe("differences", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
  const values = fc.dictionary(fc.constantFrom("a", "b", "c"), json);

  it("are none between equals, and some between others", () => {
    fc.assert(fc.property(values, (each) => expect(differences(change("x.y", "update", each, each))).toEqual([])));
    fc.assert(
      fc.property(values, fc.integer(), fc.integer(), (each, one, other) => {
        fc.pre(one !== other);
        const found = differences(
          change("x.y", "update", { ...each, n: [{ v: one }] }, { ...each, n: [{ v: other }] }),
        );
        expect(found).toMatchObject([{ path: "n.0.v", before: one, after: other }]);
      }),
    );
  });
});

describe("the table of effects", () => {
  interface Block {
    readonly attributes?: Readonly<Record<string, unknown>>;
    readonly block_types?: Readonly<Record<string, { readonly block: Block }>>;
  }
  /** Nobody sets them, or they only ever make the guest anew. */
  const COMPUTED = ["id", "node_name", "vm_id", "template", "clone"];
  const file = join(__dirname, "../../../schemas/provider/proxmox@0.111.1.json");
  const { provider_schemas } = JSON.parse(readFileSync(file, "utf8")) as {
    provider_schemas: Record<string, { resource_schemas: Record<string, { block: Block }> }>;
  };
  const [schemas] = Object.values(provider_schemas);
  const known = (block: Block | undefined, path: readonly string[]): boolean => {
    const [first = "", ...rest] = path;
    if (path.length === 0) return true;
    return (
      first in (block?.attributes ?? {}) ||
      (first in (block?.block_types ?? {}) && known(block?.block_types?.[first]?.block, rest))
    );
  };

  it.each([
    [CT, CONTAINER, [...COMPUTED, "pool_id", "unprivileged", "ipv4", "ipv6", "device_passthrough", "mount_point"]],
    [VM, VM_ROWS, [...COMPUTED, "ipv4_addresses", "ipv6_addresses", "mac_addresses", "network_interface_names"]],
  ] as [string, readonly Row[], string[]][])(
    "names only what %s has, and all that can change in place",
    (type, rows, others) => {
      const block = schemas?.resource_schemas[type]?.block;
      expect(rows.filter(({ path }) => !known(block, path.split("."))).map(({ path }) => path)).toEqual([]);
      const tops = new Set(rows.map(({ path }) => path.split(".")[0]));
      const all = [...Object.keys(block?.attributes ?? {}), ...Object.keys(block?.block_types ?? {})];
      expect(all.filter((name) => !tops.has(name)).sort()).toEqual(others.sort());
    },
  );
});
