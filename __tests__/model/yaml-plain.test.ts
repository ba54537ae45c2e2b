import fc from "fast-check";
import type { Tree } from "../../model/tree";
import { parseDocument } from "../../model/yaml/document";
import { parsePlain } from "../../model/yaml/plain";
import { Source } from "../../model/yaml/source";

const SEEDS = [
  `# a comment
all:
  vars: {from: static, list: [1, "two", 'th''ree', {k: v}]}
  hosts:
    web[01:03]:
    "quoted:22":   # comment
      port: 80
      url: http://x.example:80/#anchor
  children:

    a.b-c:
      hosts: {one: {x: 1}, two: {}}
`,
  `---
proxmox_lxc:
  vmid: 303
  cores: "{{ lxc_cores }}"
  disk: '8'
  networks:
    - ip: 192.168.1.53
      vlan: 0x10
    - ip: dhcp   # later
      tags: [a, b c, -5, ~]
  mounts:
  - path: /data
    options: []
  - just text
empty:
yes: no
1.5: 2001-12-14
text: some words - and more
`,
];

/** Text near valid inventories: pieces of the seeds, changed in a few places. */
const NEARBY = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(
      fc.tuple(
        fc.nat(600),
        fc.nat(3),
        fc.string({ unit: fc.constantFrom(..." \n-:[]{}#,'\"a1&*!|>?~<=.%@`"), maxLength: 3 }),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, [at, remove, insert]) => text.slice(0, at) + insert + text.slice(at + remove), seed),
  );

function outcomes(text: string): { plain: Tree | undefined; whole: ReturnType<typeof parseDocument> } {
  return { plain: parsePlain(new Source(text, "f.yml")), whole: parseDocument(new Source(text, "f.yml")) };
}

describe("parsePlain", () => {
  it.each(SEEDS)("reads what inventories are mostly made of", (text) => {
    expect(outcomes(text).plain).toBeDefined();
  });

  it("reads either nothing or the same tree, with the same places, as the whole parser, and nothing that is wrong", () => {
    fc.assert(
      fc.property(NEARBY, (text) => {
        const { plain, whole } = outcomes(text);
        if (plain === undefined) return;
        expect(whole.problems).toEqual([]);
        expect(plain).toEqual(whole.tree);
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 1500) },
    );
  });
});
