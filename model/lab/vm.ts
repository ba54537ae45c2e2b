import type { GuestBase } from "./guest";

export interface VmGuest extends GuestBase {
  readonly kind: "vm";
  readonly bios: "seabios" | "ovmf";
  readonly machine?: string;
  readonly agent: boolean;
  readonly cpuType: string;
  /** Firmware-bound or image-bound details, grown by the constructs that build VMs. */
  readonly image?: {
    readonly url: string;
    readonly fileName: string;
    readonly sha256?: string;
    readonly sha512?: string;
  };
}
