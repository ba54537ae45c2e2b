import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { z } from "zod";
import { readerOf, UNSURE } from "../../../model/schema/fast";
import * as f from "../../../model/schema/formats";
import { VARIABLES } from "../../../model/schema/variables";
import { type Plain, type Tree, toPlain } from "../../../model/tree";
import { allRoles } from "../../../provision/registry";

const at = { file: "x.yml", line: 1, column: 1 };

function treeOf(value: Plain): Tree {
  if (Array.isArray(value)) return { kind: "sequence", at, items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { kind: "scalar", at, value: value as string };
  const entries = Object.entries(value).map(([key, inner]) => [key, { keyAt: at, value: treeOf(inner) }] as const);
  return { kind: "mapping", at, entries: new Map(entries) };
}

const SCALARS = [
  ...[0, 1, 301, 2048, 1.5, -1, true, false, null, "", "8", "2048", "yes", "lan", "dhcp", "10.0.0.5", "10.0.0.0/24"],
  ...["vmbr0", "local-lvm", "/srv/data", "a text", "https://example.org/a.tar.zst", "02:00:00:00:00:01", "debian"],
  ...["discard", "pve1", "x y", "::1", "a".repeat(64), 9007199254740993n],
];
const scalar = fc.constantFrom<Plain>(...SCALARS);

/** Values of the shape that a schema describes: mostly its keys, mostly scalars that some key of ours takes. */
function valueFor(schema: z.core.$ZodType, depth = 0): fc.Arbitrary<Plain> {
  const inner = unwrapped(schema);
  if (depth > 4) return scalar;
  if (inner instanceof z.ZodObject) {
    const members = Object.entries(inner.shape).map(([key, each]) => [key, valueFor(each, depth + 1)] as const);
    const known = fc.record(Object.fromEntries(members), { requiredKeys: [] });
    return or(fc.tuple(known, rarely(fc.record({ colour: scalar }))).map(([a, b]) => ({ ...a, ...b }) as Plain));
  }
  if (inner instanceof z.ZodArray) return or(fc.array(valueFor(inner.element, depth + 1), { maxLength: 3 }));
  if (inner instanceof z.ZodRecord) {
    const key = fc.constantFrom("lan", "local-lvm", "A B", "debian-13", "__proto__", "constructor");
    return or(fc.dictionary(key, valueFor(inner.valueType, depth + 1), { maxKeys: 2 }));
  }
  if (inner instanceof z.ZodUnion) return fc.oneof(...inner.options.map((option) => valueFor(option, depth + 1)));
  if (inner instanceof z.ZodEnum) return or(fc.constantFrom<Plain>(...(inner.options as string[])));
  return scalar;
}

const rarely = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | Record<string, never>> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary });
const or = (arbitrary: fc.Arbitrary<Plain>): fc.Arbitrary<Plain> =>
  fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: scalar });

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

/** The keys in their order too: what is written from the value must be the same to the byte. */
function agrees(schema: z.ZodType, tree: Tree): "read" | "left to zod" {
  const fast = readerOf(schema)(tree);
  const slow = schema.safeParse(toPlain(tree));
  if (fast === UNSURE) return "left to zod";
  const text = (value: unknown) => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each));
  expect(slow.success).toBe(true);
  expect(text(fast)).toBe(text(slow.data));
  expect(isDeepStrictEqual(fast, slow.data)).toBe(true);
  return "read";
}

const roles = allRoles().map(({ name, variables }) => [`role ${name}`, variables] as const);
const ours = Object.entries(VARIABLES);

describe("what is read without zod", () => {
  it.each<readonly [string, z.ZodType]>([...ours, ...roles])("%s is as zod reads it", (_, schema) => {
    fc.assert(
      fc.property(valueFor(schema), (value) => void agrees(schema, treeOf(value))),
      { numRuns: 60 },
    );
  });

  it("is any object, list or scalar without faults", () => {
    const guest = { vmid: 301, cores: "2", networks: [{ ip: "10.0.0.5" }], mounts: [], features: { nesting: true } };
    expect(agrees(VARIABLES.proxmox_lxc, treeOf(guest))).toBe("read");
    expect(agrees(VARIABLES.lxc_disk, treeOf("8"))).toBe("read");
  });

  it.each<readonly [string, Plain]>([
    ["an unknown key", { vmid: 301, colour: "red" }],
    ["a missing key", {}],
    ["a value that is refused", { vmid: "none" }],
    ["a list where a mapping belongs", []],
    ["nothing", null],
    ["a fault deep inside", { vmid: 301, networks: [{ ip: "10.0.0.5", colour: "red" }] }],
    ["a key that zod leaves out for its sake", JSON.parse('{ "vmid": 301, "__proto__": 1 }') as Plain],
  ])("leaves %s to zod", (_, value) => {
    expect(agrees(VARIABLES.proxmox_lxc, treeOf(value))).toBe("left to zod");
  });

  it("runs refinements, and takes what they leave", () => {
    const even = z.strictObject({ size: f.whole({ min: 0 }) }).superRefine(({ size }, context) => {
      if (size % 2 === 1) context.addIssue({ code: "custom", message: "odd" });
    });
    expect(agrees(even, treeOf({ size: 2 }))).toBe("read");
    expect(agrees(even, treeOf({ size: 3 }))).toBe("left to zod");
    expect(agrees(z.array(f.whole({ min: 0 })).max(1), treeOf([1, 2]))).toBe("left to zod");
  });

  it("keeps absence as zod does", () => {
    const schema = z.object({
      a: z.array(f.flag()).default([]),
      b: f.flag().optional(),
      c: z.array(f.flag()).default([]).optional(),
      d: z.unknown(),
      e: f.flag().nullable().optional(),
    });
    for (const value of [{}, { d: null }, { b: true, d: 1, e: null }, { c: [true], d: "", z: 1 }, { d: 1, b: null }])
      agrees(schema, treeOf(value));
    expect(agrees(z.object({ a: z.array(f.flag()).default([]) }), treeOf({ z: 1 }))).toBe("read");
  });

  it("reads vault text as the reference to its secret", () => {
    const secret: Tree = {
      kind: "scalar",
      at,
      value: "$ANSIBLE_VAULT",
      tag: "vault",
      secret: { name: "x", origin: { kind: "text", text: "", at, owner: "all" } },
    };
    for (const schema of [VARIABLES.proxmox_api_token, VARIABLES.proxmox_lxc, VARIABLES.lxc_cores])
      agrees(schema, secret);
    expect(agrees(VARIABLES.proxmox_api_token, secret)).toBe("read");
  });
});
