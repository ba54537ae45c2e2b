import { type Context, refuse } from "./refine";
import type { WindowsVars } from "./vm-system";

type Raw = {
  readonly [Key in "haos" | "cloud_init" | "windows" | "image" | "iso"]?: object | string | undefined;
} & {
  readonly adopt?: boolean | undefined;
  readonly bios?: string | undefined;
  readonly secure_boot?: boolean | undefined;
  readonly tpm?: boolean | undefined;
  readonly memory?: number | undefined;
  readonly balloon?: number | undefined;
  readonly hugepages?: string | undefined;
  readonly disk?: number | undefined;
  readonly cpu?: { readonly numa?: boolean | undefined } | undefined;
  readonly ssh?: object | undefined;
  readonly disks: readonly { readonly interface?: string | undefined }[];
};

const SYSTEMS = ["haos", "cloud_init", "windows", "image", "iso"] as const;

/** What in a VM contradicts the rest of it. */
export function checkVm(value: Raw, context: Context): void {
  const [first, second] = SYSTEMS.filter((key) => value[key] !== undefined);
  if (first && second)
    refuse(context, [second], `expected one system, got ${first} and ${second}`, "delete one of them");
  if (value.secure_boot === true && value.bios === "seabios")
    refuse(
      context,
      ["secure_boot"],
      "only OVMF knows Secure Boot, got bios: seabios",
      "write bios: ovmf, or delete secure_boot",
    );
  if (value.haos) checkHaos(value, context);
  if (value.windows) checkWindows(value, value.windows as WindowsVars, context);
  checkMemory(value, context);
  checkExtraDisks(value.disks, context);
}

/** Of several disks, one that goes would leave its drive to the next: the VM would keep the wrong one. */
function checkExtraDisks(disks: Raw["disks"], context: Context): void {
  if (disks.length < 2) return;
  for (const [index, disk] of disks.entries()) {
    if (disk.interface !== undefined) continue;
    const fix = `add interface: scsi${index + 1} (the drive that it has or is to have)`;
    refuse(context, ["disks", index], "of several disks, each must say where it is attached", fix);
  }
}

/** The image's own disk is 32 GiB (home-assistant/operating-system, buildroot-external/board/pc/ova/haos-hook.sh). */
const HAOS_DISK = 32;

function checkHaos(value: Raw, context: Context): void {
  if (value.bios === "seabios")
    refuse(context, ["bios"], "Home Assistant OS starts from UEFI alone, got bios: seabios", "delete bios");
  if (value.secure_boot === true)
    refuse(context, ["secure_boot"], "Home Assistant OS is not signed for Secure Boot", "delete secure_boot");
  if (value.disk !== undefined && value.disk < HAOS_DISK && value.adopt !== true)
    refuse(
      context,
      ["disk"],
      `the image's disk has ${HAOS_DISK} GiB, and disks only grow, got ${value.disk}`,
      `write ${HAOS_DISK}`,
    );
  if (value.ssh) refuse(context, ["ssh"], "Home Assistant OS takes no roles", "delete ssh");
}

function checkWindows(value: Raw, { installed, iso, version = "11" }: WindowsVars, context: Context): void {
  if (iso === undefined && installed !== true && value.adopt !== true)
    refuse(
      context,
      ["windows"],
      "Windows is installed from Microsoft's disc, got none",
      "add iso: local:iso/<file>.iso, which you put there; or installed: true",
    );
  if (value.ssh) refuse(context, ["ssh"], "no role can configure Windows", "delete ssh");
  if (version !== "11" && version !== "2025") return;
  const needed = `Windows ${version} asks for`;
  if (version === "11" && value.tpm === false)
    refuse(context, ["tpm"], `${needed} a TPM 2.0, got tpm: false`, "delete tpm");
  if (value.bios === "seabios") refuse(context, ["bios"], `${needed} UEFI, got bios: seabios`, "delete bios");
}

function checkMemory(value: Raw, context: Context): void {
  const { balloon, hugepages, memory } = value;
  if (balloon !== undefined && memory !== undefined && balloon > memory)
    refuse(context, ["balloon"], `expected at most the memory, ${memory} MiB, got ${balloon}`, `write ${memory}`);
  if (hugepages === undefined) return;
  if (balloon !== undefined && balloon > 0)
    refuse(context, ["balloon"], "memory in huge pages cannot shrink", "write 0, or delete balloon");
  if (value.cpu?.numa === false)
    refuse(context, ["cpu", "numa"], "huge pages need NUMA, got numa: false", "delete numa");
  const page = hugepages === "any" ? 2 : Number(hugepages);
  if (memory !== undefined && memory % page !== 0)
    refuse(
      context,
      ["memory"],
      `expected a multiple of the page of ${page} MiB, got ${memory}`,
      `write ${Math.ceil(memory / page) * page}`,
    );
}
