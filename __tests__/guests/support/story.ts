import { availableParallelism, loadavg } from "node:os";
import type { GuestConfig } from "../../../testbed/api/guest-backend";
import { expectStatus, leaks, linesOf, packageTrouble } from "./findings";
import type { Given, Guest, Ran } from "./guest";
import { randomFor, SEED } from "./random";
import { differences, type Snapshot } from "./snapshot";
import { watchingArguments } from "./watch";
import { type GuestWorld, inEach, RELEASES, type Release } from "./world";

type Look = (guest: Guest) => Promise<void>;

/** What is shown of a role. */
export interface Proof extends Given {
  /** Configuration that its guests need. @default none beyond nesting */
  readonly config?: GuestConfig;
  /** Guests that it begins with copies of, instead of new ones. */
  readonly from?: (release: Release) => Promise<Guest>;
  /** What is there before the role comes. */
  readonly prepare?: Look;
  /** What an operator would look at. */
  readonly works: Look;
  /** One setting is another, or something was changed by hand: what a check says of it, all of it, and what an operator would look at. */
  readonly changed: Given & { readonly breaks?: Look; readonly says: readonly string[]; readonly works: Look };
  /** A step that fails, with what it says. */
  readonly failed: Given & { readonly says: RegExp; readonly breaks?: Look; readonly mend?: Look };
  /** What is taken off: what goes, and what the step says of what stays. */
  readonly removed: Given & { readonly says: readonly RegExp[]; readonly works: Look };
  /** Files that each guest makes for itself, such as a random key. @default none */
  readonly own?: RegExp;
  /** Takes over a guest that is done with. @default it is removed */
  readonly keep?: Look;
}

/** How often each role is killed; with `GUEST_KILLS` so often in each release, otherwise in one that the seed chooses. */
export const KILLS = Number(process.env.GUEST_KILLS ?? 3);
const KILLS_IN_A_GUEST = 3;
const SECOND_RUN_MS = 1000;
/** How much longer everything takes because more programs want to run than there are processors. */
const waiting = (): number => Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());

interface Applied {
  readonly guest: Guest;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly milliseconds: number;
}

/** When a run is killed: at random, within the time that it takes. */
interface Moment {
  readonly random: () => number;
  /** Milliseconds. */
  span: number;
}

/** What becomes of a role's guests, from its first run to its removal: each test goes on from what the one before has left. */
export class Story {
  private readonly applied = new Map<Release, Applied>();
  private survival: Promise<void> | undefined;

  constructor(
    private readonly role: string,
    private readonly proof: Proof,
    private readonly world: () => GuestWorld,
  ) {}

  async applies(): Promise<void> {
    await inEach(async (release) => {
      const guest = await this.begin(release);
      const before = await guest.snapshot();
      expectStatus(await this.check(guest), 2);
      expect((await guest.snapshot()).changesSince(before)).toEqual([]);
      const first = await this.firstRun(guest);
      await this.proof.works(guest);
      const after = (await guest.snapshot()).keepChangesSince(before);
      this.applied.set(release, { guest, before, after, milliseconds: first.milliseconds });
      await this.secondRun(guest, after);
    });
    // Not sooner: while a step of the other guest runs, its secrets lie there.
    for (const canary of this.canaries) expect(await this.world().leftOnNode(canary)).toBe("");
    // In guests of its own, so that the other tests need not wait for it; what comes of it is for its own test to say.
    this.survival = this.survives();
    this.survival.catch(() => undefined);
  }

  async survived(): Promise<void> {
    if (!this.survival) throw new Error("the first test failed, so that there is nothing to compare with");
    await this.survival;
  }

  /** With the argument lists of all processes watched for secrets. */
  private async firstRun(guest: Guest): Promise<Ran> {
    const canaries = this.canaries;
    const [first, seen] =
      canaries.length > 0 ? await watchingArguments(canaries, () => this.apply(guest)) : [await this.apply(guest), []];
    expectStatus(first, 0);
    expect(seen).toEqual([]);
    for (const canary of canaries) {
      expect(first.output).not.toContain(canary);
      expect(await leaks(guest, canary)).toBe("");
    }
    expect(await packageTrouble(guest)).toBe("");
    return first;
  }

  private async secondRun(guest: Guest, after: Snapshot): Promise<void> {
    const runs: Ran[] = [];
    const isFast = () => runs.some(({ milliseconds }) => milliseconds < SECOND_RUN_MS * waiting());
    while (runs.length < 5 && !isFast()) runs.push(await this.apply(guest));
    for (const run of runs) expect(run.output).toContain(`${guest.host} ${this.role}: done: 0 changed`);
    expect({ runs: runs.map(({ milliseconds }) => milliseconds), isFast: isFast() }).toMatchObject({ isFast: true });
    expectStatus(await this.check(guest), 0);
    expect((await guest.snapshot()).changesSince(after)).toEqual([]);
  }

  private async survives(): Promise<void> {
    process.stderr.write(`${this.role}: killed at moments of GUEST_SEED=${SEED}\n`);
    const chosen = RELEASES[Math.floor(randomFor(this.role)() * RELEASES.length)];
    await this.each(async (undisturbed) => {
      const { release } = undisturbed.guest;
      if (process.env.GUEST_KILLS === undefined && release !== chosen) return;
      const moment = { random: randomFor(`${this.role} ${release}`), span: undisturbed.milliseconds };
      let [hits, guests] = [0, 0];
      while (hits < KILLS && guests++ < 4 * KILLS) hits += await this.survivesIn(undisturbed, KILLS - hits, moment);
      expect(hits).toBe(KILLS);
    });
  }

  /** Kills it in a new guest until it has done its work there. @returns how often that was */
  private async survivesIn(undisturbed: Applied, most: number, moment: Moment): Promise<number> {
    const guest = await this.begin(undisturbed.guest.release);
    const before = await guest.snapshot();
    const moments: string[] = [];
    let left = moment.span;
    while (moments.length < Math.min(most, KILLS_IN_A_GUEST)) {
      const [after, all] = [Math.round(moment.random() * left), moment.random() < 0.5];
      const took = await guest.killed(this.role, this.proof, after, all);
      if (took !== undefined) {
        // This time it was faster than the first.
        if (moments.length === 0) moment.span = Math.min(moment.span, took);
        break;
      }
      moments.push(`${after} ms, ${all ? "everything" : "its shell"}`);
      left = Math.max(left - after, 200);
    }
    expectStatus(await this.apply(guest), 0);
    expect(await packageTrouble(guest)).toBe("");
    const here = { before, after: await guest.snapshot() };
    expect({ moments, differences: differences(undisturbed, here, this.proof.own) }).toEqual({
      moments,
      differences: [],
    });
    expectStatus(await this.check(guest), 0);
    await this.proof.works(guest);
    await this.world().remove(guest);
    return moments.length;
  }

  async changes(): Promise<void> {
    const { changed } = this.proof;
    await this.each(async ({ guest }) => {
      await changed.breaks?.(guest);
      const before = await guest.snapshot();
      const check = await guest.check(this.role, changed.variables, changed.secrets);
      expectStatus(check, 2);
      expect(linesOf(check, "would change: ")).toEqual(changed.says);
      expect((await guest.snapshot()).changesSince(before)).toEqual([]);
      const run = await guest.apply(this.role, changed.variables, changed.secrets);
      expectStatus(run, 0);
      expect(linesOf(run, "changed: ")).toEqual(changed.says);
      await changed.works(guest);
      expectStatus(await guest.check(this.role, changed.variables, changed.secrets), 0);
      expectStatus(await this.apply(guest), 0);
      await this.proof.works(guest);
    });
  }

  async fails(): Promise<void> {
    const { failed } = this.proof;
    await this.each(async ({ guest }) => {
      await failed.breaks?.(guest);
      const run = await guest.apply(this.role, failed.variables, failed.secrets);
      expect(run.status).toBeGreaterThan(0);
      expect(run.output).toMatch(failed.says);
      expect(run.output).toContain(`${guest.host} ${this.role} | error: `);
      expect(run.output).toMatch(new RegExp(`^${guest.host} ${this.role}: failed with status `, "m"));
      expect(await packageTrouble(guest)).toBe("");
      await failed.mend?.(guest);
      expectStatus(await this.apply(guest), 0);
      expectStatus(await this.check(guest), 0);
      await this.proof.works(guest);
    });
  }

  async removes(): Promise<void> {
    const { removed } = this.proof;
    await this.each(async ({ guest }) => {
      const run = await guest.apply(this.role, removed.variables, removed.secrets);
      expectStatus(run, 0);
      for (const says of removed.says) expect(run.output).toMatch(says);
      await removed.works(guest);
      expectStatus(await guest.check(this.role, removed.variables, removed.secrets), 0);
    });
  }

  async end(): Promise<void> {
    for (const { guest } of this.applied.values())
      await (this.proof.keep ?? ((done) => this.world().remove(done)))(guest);
  }

  private async each(of: (applied: Applied) => Promise<void>): Promise<void> {
    if (this.applied.size < RELEASES.length)
      throw new Error("the first test failed, so that there is nothing to go on from");
    await Promise.all([...this.applied.values()].map(of));
  }

  private async begin(release: Release): Promise<Guest> {
    const { config, from, prepare } = this.proof;
    const guest = from ? await this.world().copy(await from(release)) : await this.world().guest(release, config);
    await prepare?.(guest);
    return guest;
  }

  private apply(guest: Guest): Promise<Ran> {
    return guest.apply(this.role, this.proof.variables, this.proof.secrets);
  }

  private get canaries(): readonly string[] {
    return Object.values(this.proof.secrets ?? {});
  }

  private check(guest: Guest): Promise<Ran> {
    return guest.check(this.role, this.proof.variables, this.proof.secrets);
  }
}
