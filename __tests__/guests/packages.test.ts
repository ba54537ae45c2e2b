import type { Guest } from "./support/guest";
import { describeInGuests, inEach, proveRole } from "./support/proof";

const VARIABLES = { packages_install: ["htop", "tree"], packages_hold: ["tree"], packages_absent: ["nano"] };

const packages = (guest: Guest) =>
  guest.sh(
    "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' htop hello nano tree 2>/dev/null | awk '$2 == \"ii\" || $2 == \"hi\"'; apt-mark showhold",
  );

/** Installs a package, and kills dpkg in the middle of its removal. */
const HALF_REMOVED = `
mkdir -p /root/half/DEBIAN; cd /root/half/DEBIAN
printf 'Package: half\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >control
printf '#!/bin/sh\n[ ! -e /root/wait ] || exec sleep 1000\n' >postrm
chmod 755 postrm
dpkg-deb --build /root/half /root/half.deb
dpkg -i /root/half.deb
touch /root/wait
dpkg --remove half </dev/null >/dev/null 2>&1 &
until pgrep -x sleep; do sleep 0.1; done
kill -9 $! $(pgrep -x sleep)
rm /root/wait
dpkg-query -W -f '\${db:Status-Status}' half`;

describeInGuests("packages", (world) => {
  it(
    "ends a removal that was killed",
    () =>
      inEach(async (release) => {
        const guest = await world().guest(release);
        expect(await guest.sh(HALF_REMOVED)).toMatch(/half-installed$/);
        const absent = { packages_absent: ["half"] };
        expect(await guest.check("packages", absent)).toMatchObject({ status: 2 });
        expect(await guest.apply("packages", absent)).toMatchObject({ status: 0 });
        expect(await guest.sh("dpkg --audit; dpkg-query -W -f '${db:Status-Status}' half")).toBe("config-files");
        expect(await guest.check("packages", absent)).toMatchObject({ status: 0 });
        await world().remove(guest);
      }),
    3 * 60_000,
  );

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
