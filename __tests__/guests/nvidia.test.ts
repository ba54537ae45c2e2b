import type { Guest } from "./support/guest";
import { describeInGuests, proveRole } from "./support/proof";

/**
 * There is no card here: the node's module is played by a file over the guest's own /proc, and what asks it, nvidia-smi, by
 * a script. The driver's libraries are the distribution's own.
 */
async function playNode(guest: Guest): Promise<void> {
  await guest.sh(`
    sed -n 's/ main$/ contrib non-free/p' /etc/apt/sources.list >/etc/apt/sources.list.d/nvidia.list
    apt-get update -qq
    module=$(apt-cache madison nvidia-smi | awk -F ' *[|] *' 'NR == 1 { sub(/-[^-]*$/, "", $2); print $2 }')
    [ -n "$module" ]
    mount -t tmpfs tmpfs /proc/driver
    mkdir /proc/driver/nvidia
    echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  $module  Tue Sep 23 09:55:41 UTC 2025" >/proc/driver/nvidia/version
    printf '#!/bin/sh\\necho "GPU 0: Tesla P40"\\n' >/usr/local/sbin/nvidia-smi
    chmod 755 /usr/local/sbin/nvidia-smi`);
}

const VERSION = "/proc/driver/nvidia/version";
const VARIABLES = { nvidia_cfg: { container_toolkit: false } };

describeInGuests("nvidia", (world) => {
  proveRole(world, "nvidia", {
    config: { dev0: "/dev/nvidia0", dev1: "/dev/nvidiactl", dev2: "/dev/nvidia-uvm" },
    prepare: playNode,
    variables: VARIABLES,
    works: async (guest) => {
      const script =
        "ldconfig -p | grep -c 'libcuda.so.1 '; apt-mark showhold; v=$(sed 's/.*Module  \\([0-9.]*\\) .*/\\1/' /proc/driver/nvidia/version); ls /usr/lib/x86_64-linux-gnu/libcuda.so.$v /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.$v 2>/dev/null | wc -l";
      expect(await guest.sh(script)).toMatch(/^1\nlibcuda1\nlibnvidia-encode1\nnvidia-smi\n[1-9]$/);
    },
    changed: {
      variables: VARIABLES,
      breaks: async (guest) => void (await guest.sh("apt-mark unhold nvidia-smi")),
      says: ["nvidia-smi held"],
      works: async (guest) => expect(await guest.sh("apt-mark showhold | grep -cx nvidia-smi")).toBe("1"),
    },
    failed: {
      variables: VARIABLES,
      breaks: async (guest) =>
        void (await guest.sh(`cp ${VERSION} /srv/version; sed -i -E 's/Module  [0-9.]+/Module  999.1/' ${VERSION}`)),
      says: /error: nvidia: the node's module is 999\.1, and the package lists of this Debian GNU\/Linux .* have nvidia-smi in/,
      mend: async (guest) => void (await guest.sh(`cat /srv/version >${VERSION}`)),
    },
    removed: {
      variables: { nvidia_cfg: { driver: "none" } },
      says: [/skipped: nvidia: nvidia_cfg.driver is none/, /changed: nvidia-smi no longer held/],
      works: async (guest) =>
        expect(await guest.sh("ldconfig -p | grep -c 'libcuda.so.1 '; apt-mark showhold")).toBe("1"),
    },
  });
});
