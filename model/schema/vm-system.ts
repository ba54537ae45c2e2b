import { z } from "zod";
import * as f from "./formats";
import { type Context, refuse } from "./refine";
import { Refusal, scalar, text } from "./scalar";

/*
 * What is in a VM: an image, Home Assistant OS, a cloud image, Windows. Formats are those of POST /nodes/{node}/qemu in
 * Proxmox VE's API schema of release 9.2.
 */

export const isoVolume = () =>
  text(
    "a volume such as local:iso/file.iso",
    /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]:iso\/[A-Za-z0-9_+.() -]+\.(iso|img)$/i,
  );

/** One of these words, some of which YAML reads as numbers. */
export const word = <const T extends string>(values: readonly T[]) =>
  scalar<T>(
    {
      type: ["string", "integer"],
      enum: values.flatMap((each) => [each, ...(/^\d+$/.test(each) ? [Number(each)] : [])]),
    },
    (input) => {
      const found = values.find((each) => each === input || (typeof input === "number" && each === String(input)));
      return found ?? new Refusal(`one of ${values.join(", ")}`);
    },
  );

const publicKey = () =>
  text(
    'a public SSH key such as "ssh-ed25519 AAAA… name"',
    /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,2}( [^\p{Cc}]*)?$/u,
  );

const imageKeys = {
  url: f.url().optional().meta({ description: "Where the node downloads it; .xz, .gz, .zst and .bz2 are unpacked." }),
  checksum: f.checksum().optional().meta({ description: "SHA-256 or SHA-512 of the file at the URL." }),
  file_name: text("a file name that ends in .qcow2, .raw or .vmdk", /^[A-Za-z0-9_][A-Za-z0-9_+.-]*\.(qcow2|raw|vmdk)$/)
    .optional()
    .meta({ description: "Its name on the storage. Default: the last part of the URL, unpacked." }),
  volume: text(
    "a volume such as local:import/disk.qcow2",
    /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]:import\/[A-Za-z0-9_+.-]+$/,
  )
    .optional()
    .meta({ description: "An image that is on the node already, instead of a URL." }),
};

type ImageKeys = { [Key in keyof typeof imageKeys]?: string | undefined };
function checkImage({ checksum, url, volume }: ImageKeys, context: Context): void {
  if (url === undefined && volume === undefined)
    refuse(context, [], "expected url and checksum, or volume, got neither", "add one of them");
  else if (url !== undefined && volume !== undefined)
    refuse(context, ["volume"], "expected either url or volume, got both", "delete one of them");
  else if (url !== undefined && checksum === undefined)
    refuse(
      context,
      ["url"],
      "an image to download needs its checksum",
      "add checksum: (its SHA256SUMS or SHA512SUMS stands beside it)",
    );
}

export const OS_IDS = ["alpine", "debian", "ubuntu"] as const;

export const image = z
  .strictObject({
    ...imageKeys,
    os: f.oneOf(OS_IDS).optional().meta({ description: "What runs in it, for roles that know some systems only." }),
  })
  .superRefine(checkImage)
  .meta({ description: "Disk image that the root disk starts from, once." });

export const haos = z
  .strictObject({
    version: text('a release of Home Assistant OS in quotes, such as "16.3"', /^\d+\.\d+(\.rc\d+)?$/).meta({
      description: "Release that a new VM is made from; a VM that is installed updates itself.",
    }),
    checksum: f.hex(64).optional().meta({
      description: "SHA-256 of haos_ova-<version>.qcow2.xz. Default: known for some releases.",
    }),
  })
  .meta({ description: "Home Assistant OS." });

export const cloudInit = z
  .strictObject({
    image: z.union([f.plainName(), image]).meta({
      description: "Cloud image: debian-12, debian-13, ubuntu-24.04, or { url, checksum }.",
    }),
    user: f
      .userName()
      .optional()
      .meta({ description: "Account with sudo that is made. Default: the system's: debian, ubuntu." }),
    ssh_keys: z.array(publicKey()).min(1).meta({
      description:
        "Public keys that may log in as that user. Used at the first start; later keys belong to base_users.",
    }),
    upgrade: f.flag().optional().meta({
      description: "Upgrade all packages at the first start. Default: true.",
    }),
    interface: text("a drive such as scsi30 or ide2", /^(ide[0-3]|sata[0-5]|scsi([12]?\d|30))$/)
      .optional()
      .meta({ description: "Where the cloud-init drive is attached. Default: scsi30." }),
  })
  .meta({ description: "A cloud image, set up by cloud-init at its first start." });

const WINDOWS = ["10", "11", "2016", "2019", "2022", "2025"] as const;

export const windows = z
  .strictObject({
    version: word(WINDOWS).optional().meta({ description: "Which Windows. Default: 11." }),
    iso: isoVolume().optional().meta({ description: "Microsoft's installation disc, such as local:iso/Win11.iso." }),
    virtio_iso: isoVolume().optional().meta({
      description: "Drivers that Windows Setup needs to see disk and network, such as local:iso/virtio-win.iso.",
    }),
    installed: f.flag().optional().meta({
      description: "It is installed: no disc is needed any more, and its drives are emptied. Default: false.",
    }),
  })
  .meta({ description: "Windows, installed by hand from its disc." });

export type WindowsVars = z.output<typeof windows>;
