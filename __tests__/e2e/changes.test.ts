import { z } from "zod";
import { guardPlan } from "../../cli/guard/judge";
import type { Plan } from "../../cli/guard/plan";
import type { Outcome } from "../../cli/guard/verdict";
import { container } from "../../model/schema/guest";
import type { Guest } from "../../testbed/api/state/state";
import { removeLabFolders } from "../support/lab-folder";
import { CHANGES, type ChangeRow, type Effect } from "./harness/change-rows";
import { record, table } from "./harness/document";
import { describeOnTestbed, type Guests, LabRun } from "./harness/lab-run";
import { errorsOf } from "./harness/stack";

jest.setTimeout(180_000);

/** A row's guest, with what is seen of it. */
interface Case {
  readonly row: ChangeRow;
  readonly host: string;
  readonly vmid: number;
}

const CASES: readonly Case[] = CHANGES.map((row, index) => {
  const number = String(100 + index);
  const own = row.before.find((line) => line.startsWith("vmid: "))?.replace("vmid: ", "");
  return { row, host: `g${number}`, vmid: Number((own ?? "3$N").replace("$N", number)) };
});

const CONTAINER = "proxmox_virtual_environment_container";
const nameOf = ({ host, row }: Case) => `${host} ${row.key}: ${row.change}`;
const refusedBy = (who: string) => CASES.filter(({ row }) => row.effect === `refused by ${who}`);
const DEPLOYED = CASES.filter(({ row }) => !row.effect.startsWith("refused"));
const LATE = [...refusedBy("the step"), ...refusedBy("Proxmox VE")];

const lines = ({ host, row, vmid }: Case, side: "before" | "after"): string[] => {
  const own = row[side].map((line) => line.replaceAll("$N", host.slice(1)));
  return own.some((line) => line.startsWith("vmid: ")) ? own : [`vmid: ${vmid}`, ...own];
};

function guestsWith(changed: readonly Case[]): Guests {
  return Object.fromEntries(CASES.map((each) => [each.host, lines(each, changed.includes(each) ? "after" : "before")]));
}

/** Keys of the schema: `mounts.path`; of objects with keys of their own, the object. */
function keysOf(schema: JsonSchema, prefix = ""): string[] {
  const { items, properties } = schema;
  if (items) return keysOf(items, prefix);
  if (!properties) return [prefix];
  return Object.entries(properties).flatMap(([key, each]) => keysOf(each, prefix === "" ? key : `${prefix}.${key}`));
}

interface JsonSchema {
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly items?: JsonSchema;
}

describe("the table of changes", () => {
  it("has every key of proxmox_lxc", () => {
    const schema = z.toJSONSchema(container, { io: "input", unrepresentable: "any" }) as JsonSchema;
    const known = new Set(CHANGES.map(({ key }) => key));
    expect(keysOf(schema).filter((key) => !known.has(key))).toEqual([]);
  });
});

/** What `lab guard` says beforehand of what is seen afterwards. */
const GUARD_SAYS: Partial<Record<Effect, readonly (Outcome | "nothing")[]>> = {
  nothing: ["nothing"],
  // A pool's members are resources of their own.
  untouched: ["untouched", "nothing"],
  live: ["live"],
  "next start": ["next start"],
  reboot: ["rebooted"],
  stops: ["stopped"],
  starts: ["started"],
  step: ["live"],
  "step, next start": ["next start"],
  "refused by the step": ["fails"],
  replaced: ["replaced"],
  "replaced on request": ["replaced"],
};

const METADATA = /^(description|tags|onboot|startup|protection|hookscript)$/;
const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describeOnTestbed("a change of a running guest", () => {
  let run: LabRun;
  let before: Record<number, Guest>;
  let poolsBefore: string;
  let firstTask: number;
  /** What was seen of each row. */
  const effects = new Map<Case, string>();

  /** What was done to a guest since `mark`, by Proxmox VE's own tasks and configuration. */
  function effectOf({ row, vmid }: Case): string {
    const { guests, pools, tasks } = run.testbed.state;
    const done = tasks.slice(firstTask).filter(({ id }) => id === String(vmid));
    const types = done.map(({ type }) => type);
    if (types.includes("vzdestroy")) return row.key === "rebuild" ? "replaced on request" : "replaced";
    if (types.includes("vzreboot")) return "reboot";
    if (types.includes("vzshutdown") || types.includes("vzstop")) return "stops";
    if (types.includes("vzstart")) return "starts";
    if (types.includes("resize") && !run.shell.calls.some((call) => call.startsWith(`resize ${vmid} `))) return "live";
    const now = guests[vmid];
    const then = before[vmid];
    if (!now || !then) return "lost";
    const changed = Object.keys({ ...now.config, ...then.config }).filter(
      (key) => now.config[key] !== then.config[key],
    );
    const waits = Object.keys(now.pending).length > 0;
    if (run.shell.calls.some((call) => new RegExp(`^(set|resize) ${vmid} `).test(call))) {
      return waits ? "step, next start" : "step";
    }
    if (waits) return "next start";
    if (changed.some((key) => !METADATA.test(key))) return "live";
    const moved =
      JSON.stringify(memberships(pools, vmid)) !== JSON.stringify(memberships(JSON.parse(poolsBefore), vmid));
    return changed.length > 0 || moved ? "untouched" : "nothing";
  }

  function memberships(pools: LabRun["testbed"]["state"]["pools"], vmid: number): string[] {
    return Object.keys(pools).filter((pool) => pools[pool]?.guests.includes(vmid));
  }

  function mark(): void {
    const { guests, pools, tasks } = run.testbed.state;
    run.shell.taken();
    before = clone(guests);
    poolsBefore = JSON.stringify(pools);
    firstTask = tasks.length;
  }

  const write = async (changed: readonly Case[]) => {
    const groups = {
      gpu_access: CASES.filter(({ row }) => row.groups?.includes("gpu_access")).map(({ host }) => host),
    };
    const lab = run.lab({ guests: guestsWith(changed), groups });
    await run.write(lab);
    return lab;
  };

  beforeAll(async () => {
    run = await LabRun.start({
      nodes: ["pve1", "pve2"].map((name) => ({ name, bridges: ["vmbr1"], cores: 256, memoryMiB: 1 << 20 })),
      storages: {
        "local-lvm": { type: "lvmthin", vgname: "pve", thinpool: "data", content: "images,rootdir", sizeGiB: 10_000 },
      },
      volumes: [
        "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
        "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
        "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
        "local:snippets/one.pl",
        "local:snippets/two.pl",
      ],
    });
    for (const pool of ["one", "two"]) run.testbed.state.pools[pool] = { guests: [], storages: [] };
    await write([]);
    await run.deploy();
    mark();
  });

  afterAll(async () => {
    await run?.close();
    removeLabFolders();
  });

  it("is foretold by the guard, with the line of the inventory that causes it", async () => {
    const changed = CASES.filter(({ row }) => GUARD_SAYS[row.effect] !== undefined);
    const lab = await write(changed);
    await run.plan();
    const verdicts = guardPlan(JSON.parse((await run.terraform(["show", "-json", "plan"])).output) as Plan, lab);
    const ofHost = ({ host }: Case) => verdicts.find(({ address }) => address === `${CONTAINER}.${host}`);
    const wrong = changed.flatMap((each) => {
      const outcome = ofHost(each)?.outcome ?? "nothing";
      return GUARD_SAYS[each.row.effect]?.includes(outcome) ? [] : [[nameOf(each), each.row.effect, outcome]];
    });
    expect(wrong).toEqual([]);
    const withoutLine = changed.flatMap((each) => {
      const { changes = [] } = ofHost(each) ?? {};
      const line = changes.some(({ at }) => at?.file.endsWith(`/host_vars/${each.host}.yml`) && at.line > 0);
      return changes.length > 0 && !line ? [nameOf(each)] : [];
    });
    expect(withoutLine).toEqual([]);
  });

  it("is not made up: nothing changes when nothing was changed", async () => {
    await write([]);
    expect((await run.plan()).changes).toEqual({});
  });

  it("is refused by the plan, with a reason for each guest, before anything is done", async () => {
    for (const each of refusedBy("the plan")) {
      // One at a time: the first precondition that fails keeps Terraform from looking at the others.
      await write([each]);
      // What is running has not changed since the last plan.
      const { ok, output } = await run.plan({}, "-refresh=false");
      expect(ok).toBe(false);
      expect(output).toMatch(each.row.says ?? /never/);
      effects.set(each, "refused by the plan");
    }
    expect(run.testbed.state.tasks.length).toBe(firstTask);
  });

  it("does what the table says, and is not planned again", async () => {
    mark();
    await write(DEPLOYED);
    const plan = await run.plan();
    const { ok, output } = await run.apply(true);
    if (!plan.ok || !ok) throw new Error(errorsOf(plan.ok ? output : plan.output));
    for (const each of DEPLOYED) effects.set(each, effectOf(each));
    const seen = DEPLOYED.map((each) => [nameOf(each), effects.get(each)]);
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(DEPLOYED.map((each) => [nameOf(each), each.row.effect])),
    );
    const replaced = DEPLOYED.filter(({ host }) => plan.changes[`${CONTAINER}.${host}`] === "replace");
    expect(replaced.map(nameOf)).toEqual(DEPLOYED.filter(({ row }) => row.effect.startsWith("replaced")).map(nameOf));
    expect((await run.plan()).changes).toEqual({});
  });

  it("is refused by a step or by Proxmox VE, says why, and leaves the guest as it was", async () => {
    mark();
    await write([...DEPLOYED, ...LATE]);
    const { ok, output } = await run.apply();
    expect(ok).toBe(false);
    for (const each of LATE) {
      expect(output).toMatch(each.row.says ?? /never/);
      expect(run.testbed.state.guests[each.vmid]).toEqual(before[each.vmid]);
      const isStep = output.includes(`with null_resource.${each.host}_`);
      effects.set(each, isStep ? "refused by the step" : "refused by Proxmox VE");
    }
    expect(run.testbed.state.tasks.length).toBe(firstTask);
    await write(DEPLOYED);
    await run.deploy();
    expect((await run.plan()).changes).toEqual({});
  });

  it("is written down in docs/changes.md", () => {
    const rows = CASES.map((each) => [`\`${each.row.key}\``, each.row.change, effects.get(each) ?? "not tried"]);
    record("docs/changes.md", table(["Key of `proxmox_lxc`", "Change", "What it does to the running guest"], rows));
  });
});
