import type { VmGuest } from "../lab";
import type { VmVars } from "../schema/guest";
import { withoutUndefined } from "./lab-wide";

type Parts = Pick<VmGuest, "bios" | "machine" | "agent" | "cpuType" | "image">;

/** What only virtual machines have. The CPU type is the one that Proxmox VE's web interface proposes. */
export function vmParts(vars: VmVars): Parts {
  const { image } = vars;
  return {
    bios: vars.bios ?? "seabios",
    ...withoutUndefined({ machine: vars.machine }),
    agent: vars.agent ?? false,
    cpuType: vars.cpu_type ?? "x86-64-v2-AES",
    ...(image
      ? {
          image: {
            url: image.url,
            fileName: image.file_name ?? new URL(image.url).pathname.split("/").at(-1) ?? "",
            ...withoutUndefined({ sha256: image.sha256, sha512: image.sha512 }),
          },
        }
      : {}),
  };
}
