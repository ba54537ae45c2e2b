import type { Guest } from "./support/guest";
import { describeInGuests, proveRole } from "./support/proof";

const VARIABLES = { packages_install: ["htop", "tree"], packages_hold: ["tree"], packages_absent: ["nano"] };

const packages = (guest: Guest) =>
  guest.sh(
    "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' htop hello nano tree 2>/dev/null | awk '$2 == \"ii\" || $2 == \"hi\"'; apt-mark showhold",
  );

describeInGuests("packages", (world) => {
  proveRole(world, "packages", {
    variables: VARIABLES,
    works: async (guest) => expect(await packages(guest)).toMatch(/^(hello ii \n)?htop ii \ntree hi \ntree$/),
    changed: {
      variables: { ...VARIABLES, packages_install: ["htop", "tree", "hello"] },
      says: ["packages hello"],
      works: async (guest) => expect(await guest.sh("hello")).toBe("Hello, world!"),
    },
    failed: {
      variables: { ...VARIABLES, packages_install: ["htop=0.0-nowhere"] },
      says: /package htop=0\.0-nowhere: the package lists of this Debian .* apt-cache policy htop/,
    },
    removed: {
      variables: { packages_install: [], packages_hold: [], packages_absent: ["tree"] },
      says: [/changed: packages removed: tree/],
      works: async (guest) => expect(await packages(guest)).toBe("hello ii \nhtop ii"),
    },
  });
});
