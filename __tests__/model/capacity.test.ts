import fc from "fast-check";
import { nodeCapacities, poolsOf, promised, TIGHT } from "../../model/capacity";
import { nodeLosses } from "../../model/failover";
import type { ContainerGuest, Lab, Node, NodeStorage } from "../../model/lab";
import { disksFit, memoryFits } from "../../model/rules/capacity";
import { guest, lab, node } from "../support/lab";

const storage = (name: string, type: string, sizeGiB?: number): NodeStorage => ({
  name,
  type,
  content: ["rootdir"],
  ...(sizeGiB === undefined ? {} : { sizeGiB }),
});

const NODES = ["pve1", "pve2", "pve3"] as const;
const nodes = fc.tuple(
  ...NODES.map((name) =>
    fc
      .record({
        active: fc.boolean(),
        memoryMiB: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
        bridges: fc.constantFrom(["vmbr0"], ["vmbr0", "vmbr1"]),
        hasShared: fc.boolean(),
      })
      .map(
        ({ hasShared, memoryMiB, ...rest }): Node =>
          node({
            ...rest,
            name,
            ...(memoryMiB === undefined ? {} : { memoryMiB: memoryMiB * 1024 }),
            storages: [storage("own", "lvmthin", 100), ...(hasShared ? [storage("ceph", "rbd", 500)] : [])],
          }),
      ),
  ),
);
const guests = fc.array(
  fc.record({
    node: fc.constantFrom(...NODES),
    memoryMiB: fc.integer({ min: 1, max: 32 }).map((gib) => gib * 1024),
    diskGiB: fc.integer({ min: 1, max: 50 }),
    storage: fc.constantFrom("own", "ceph"),
    started: fc.boolean(),
    bridge: fc.constantFrom("vmbr0", "vmbr1"),
  }),
  { maxLength: 12 },
);
const labs = fc.tuple(nodes, guests).map(
  ([all, some]): Lab =>
    lab({
      nodes: all,
      guests: some.map(
        ({ bridge, ...each }, index): ContainerGuest =>
          guest({ ...each, name: `g${index}`, vmid: 100 + index, nics: [{ name: "eth0", bridge, firewall: false }] }),
      ),
    }),
);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("capacity", () => {
  it("promises nothing twice and forgets nothing", () => {
    fc.assert(
      fc.property(labs, (given) => {
        const all = nodeCapacities(given);
        expect(sum(all.map(({ memoryMiB }) => promised(memoryMiB)))).toBe(
          sum(given.guests.map((each) => each.memoryMiB)),
        );
        expect(sum(all.map(({ cores }) => cores.running))).toBe(
          sum(given.guests.filter(({ started }) => started).map(({ cores }) => cores)),
        );
        const known = given.guests.filter((each) =>
          given.nodes.some(
            ({ name, storages }) => name === each.node && storages.some((one) => one.name === each.storage),
          ),
        );
        expect(sum(poolsOf(given).map(promised))).toBe(sum(known.map(({ diskGiB }) => diskGiB)));
      }),
    );
  });

  it("counts a shared storage once, and one of each node's own for each node", () => {
    fc.assert(
      fc.property(labs, (given) => {
        const pools = poolsOf(given);
        expect(pools.filter((pool) => pool.storage.name === "ceph").length).toBeLessThanOrEqual(1);
        expect(pools.filter((pool) => pool.storage.name === "own").length).toBe(3);
      }),
    );
  });

  it("is what the rules of the inventory go by", () => {
    fc.assert(
      fc.property(labs, (given) => {
        const input = { lab: given } as Parameters<typeof memoryFits>[0];
        const tight = nodeCapacities(given).filter(
          ({ memoryMiB: { has, running } }) => has !== undefined && running > has * TIGHT,
        );
        const told = [...memoryFits(input)].filter(({ rule }) => rule !== "memory-of-stopped");
        expect(told.map(({ subject }) => subject)).toEqual(tight.map((each) => each.node.name));
        const full = poolsOf(given).filter((pool) => pool.has !== undefined && promised(pool) > pool.has);
        expect([...disksFit(input)].length).toBe(full.length);
      }),
    );
  });
});

describe("the loss of a node", () => {
  it("concerns each running guest of an active node once", () => {
    fc.assert(
      fc.property(labs, (given) => {
        const losses = nodeLosses(given);
        expect(losses.map((loss) => loss.node)).toEqual(
          given.nodes.filter(({ active }) => active).map(({ name }) => name),
        );
        for (const { moved, node: lost, stranded } of losses) {
          const named = [...moved, ...stranded].map((each) => each.guest).sort();
          const running = given.guests.filter((each) => each.node === lost && each.started).map(({ name }) => name);
          expect(named).toEqual(running.sort());
          expect(stranded.every(({ reasons }) => reasons.length > 0)).toBe(true);
        }
      }),
    );
  });

  it("fits all that it says at once, below the 90 % line, on active nodes that have what the guests need", () => {
    fc.assert(
      fc.property(labs, (given) => {
        const capacities = new Map(nodeCapacities(given).map((each) => [each.node.name, each]));
        for (const { moved, node: lost } of nodeLosses(given)) {
          for (const refuge of new Set(moved.map(({ to }) => to))) {
            const { memoryMiB, node: there } = capacities.get(refuge)!;
            const arrived = moved.filter(({ to }) => to === refuge);
            expect(there.active && refuge !== lost).toBe(true);
            expect(memoryMiB.running + sum(arrived.map((each) => each.memoryMiB))).toBeLessThanOrEqual(
              memoryMiB.has! * TIGHT,
            );
            for (const each of arrived) {
              const { nics, storage: disk } = given.guests.find(({ name }) => name === each.guest)!;
              expect(disk).toBe("ceph");
              expect(there.storages.some(({ name }) => name === disk)).toBe(true);
              expect(nics.every(({ bridge }) => there.bridges.includes(bridge))).toBe(true);
            }
          }
        }
      }),
    );
  });

  const shared = [storage("ceph", "rbd")];
  const big = (name: string, more: Partial<Node> = {}) =>
    node({ name, memoryMiB: 65536, storages: shared, bridges: ["vmbr0", "vmbr1"], ...more });
  const reasonsOf = (one: Partial<ContainerGuest>, other: Partial<Node>, from: Partial<Node> = {}) =>
    nodeLosses(
      lab({ nodes: [big("pve1", from), big("pve2", other)], guests: [guest({ storage: "ceph", ...one })] }),
    )[0]!.stranded.flatMap(({ reasons }) => reasons);
  const gpu = { name: "gpu0", vendor: "nvidia", devices: [], use: "container", functions: [] } as const;

  it.each([
    ["memory", {}, { memoryMiB: 2000 }, "pve2 has 1800 MiB to spare, 2048 MiB are needed"],
    ["a bridge", {}, { bridges: [] }, "pve2 has no bridge vmbr0"],
    ["a storage", {}, { storages: [] }, "pve2 has no storage ceph"],
    ["another node", {}, { active: false }, "there is no other active node"],
  ])("says that %s is missing", (_, one, other, reason) => {
    expect(reasonsOf(one, other)).toEqual([reason]);
  });

  it("does not count on a node whose memory is not stated", () => {
    const { memoryMiB: _, ...unstated } = big("pve2");
    const [loss] = nodeLosses(lab({ nodes: [big("pve1"), unstated], guests: [guest({ storage: "ceph" })] }));
    expect(loss?.stranded).toEqual([{ guest: "web", reasons: ["pve2: its memory is not stated"] }]);
  });

  it("says what a guest has on the lost node alone", () => {
    const bind = {
      path: "/srv",
      readOnly: false,
      backup: false,
      replicate: true,
      shared: false,
      quota: false,
      options: [],
    };
    const reasons = reasonsOf(
      { storage: "own", mounts: [{ ...bind, kind: "bind", source: "/tank/srv" }] },
      {},
      { storages: [storage("own", "zfspool")] },
    );
    expect(reasons).toEqual(["its disk on own is on pve1 alone", "/tank/srv is a folder of pve1"]);
  });

  it("counts cards", () => {
    const uses = { kind: "gpu", gpus: [{ gpu: "gpu0", exclusive: false }], devices: [] } as const;
    const one = { capabilities: [uses] };
    expect(reasonsOf(one, {}, { gpus: [gpu] })).toEqual(["pve2 has 0 of 1 nvidia cards to spare"]);
    expect(reasonsOf(one, { gpus: [{ ...gpu, name: "other" }] }, { gpus: [gpu] })).toEqual([]);
    const forVms = { ...gpu, use: "vm" } as const;
    expect(reasonsOf(one, { gpus: [forVms] }, { gpus: [gpu] })).toEqual(["pve2 has 0 of 1 nvidia cards to spare"]);
  });

  it("gives a card that somebody has alone to nobody else", () => {
    const uses = (exclusive: boolean) => ({
      capabilities: [{ kind: "gpu" as const, gpus: [{ gpu: "gpu0", exclusive }], devices: [] }],
      storage: "ceph",
    });
    const place = { memoryMiB: 65536, storages: [storage("ceph", "rbd")], gpus: [gpu] };
    const given = (first: boolean, second: boolean) =>
      nodeLosses(
        lab({
          nodes: [node({ name: "pve1", ...place }), node({ name: "pve2", ...place })],
          guests: [
            guest({ name: "a", vmid: 1, node: "pve1", ...uses(first) }),
            guest({ name: "b", vmid: 2, node: "pve1", ...uses(second) }),
          ],
        }),
      )[0];
    expect(given(false, false)?.moved.map(({ guest: name }) => name)).toEqual(["a", "b"]);
    for (const loss of [given(true, false), given(false, true)]) {
      expect(loss?.moved.map(({ guest: name }) => name)).toEqual(["a"]);
      expect(loss?.stranded).toEqual([{ guest: "b", reasons: ["pve2 has 0 of 1 nvidia cards to spare"] }]);
    }
  });
});
