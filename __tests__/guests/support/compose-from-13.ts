import type { Guest } from "./guest";

/** Debian 12 has no compose plugin: an inventory that wants Debian's own packages there takes it from Debian 13. */
export const composeFrom13 = (guest: Guest): Promise<string> =>
  guest.sh(`[ ${guest.release} = 12 ] || exit 0
    sed -n 's/ bookworm main$/ trixie main/p' /etc/apt/sources.list >/etc/apt/sources.list.d/trixie.list
    printf 'Package: *\\nPin: release n=trixie\\nPin-Priority: -1\\n\\nPackage: docker-compose\\nPin: release n=trixie\\nPin-Priority: 900\\n' >/etc/apt/preferences.d/compose`);
