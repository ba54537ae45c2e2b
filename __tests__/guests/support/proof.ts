import { describeUnless } from "../../support/skip";
import { KILLS, type Proof, Story } from "./story";
import { GuestWorld } from "./world";

export { packageTrouble } from "./findings";
export { inEach } from "./world";

const MINUTES = 60_000;

/** Tests of one test file with a world of their own; where no guest can run, they are skipped and the reason is printed. */
export function describeInGuests(name: string, define: (world: () => GuestWorld) => void): void {
  describeUnless(process.env.GUESTS_MISSING ?? "", name, () => {
    let world: GuestWorld | undefined;
    beforeAll(async () => {
      world = await GuestWorld.open();
    }, 5 * MINUTES);
    afterAll(async () => {
      await world?.close();
    }, MINUTES);
    define(() => {
      if (!world) throw new Error("there is no world");
      return world;
    });
  });
}

/** Shows of a role, in one guest of each release, what every role promises. */
export function proveRole(world: () => GuestWorld, role: string, proof: Proof): void {
  describe(`${role}, in Debian 12 and 13`, () => {
    const story = new Story(role, proof, world);
    afterAll(() => story.end(), MINUTES);
    it(
      "does it at the first run, and touches no file at the second, which takes under a second",
      () => story.applies(),
      5 * MINUTES,
    );
    it("changes what a changed setting is about, and nothing else", () => story.changes(), 5 * MINUTES);
    it(
      "says host, role and reason when it fails, leaves packages sound, and converges afterwards",
      () => story.fails(),
      5 * MINUTES,
    );
    it("takes back what it may, and says what stays", () => story.removes(), 5 * MINUTES);
    it(
      `ends in the same state when it is killed ${KILLS} times on the way`,
      () => story.survived(),
      KILLS * MINUTES + 5 * MINUTES,
    );
  });
}
