import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AptSetup, sourcesFor } from "./mirrors";
import type { TestbedPaths } from "./paths";
import { HOST_SCRIPTS, run } from "./shell";

/** First host id of a node's users; inside, a node has a million ids. */
export const NODE_SHIFT = 100_000;
/** First host id of an unprivileged guest's users: 100000 on its node, as Proxmox VE has it. */
export const GUEST_SHIFT = NODE_SHIFT + 100_000;

/** A root filesystem that can be made from packages. */
export interface System {
  readonly distribution: "debian" | "ubuntu";
  /** `13`, `24.04` */
  readonly version: string;
}

export interface Choice {
  readonly system: System;
  /** What the template asked for, when the system is not that: `alpine 3.22`. */
  readonly standsInFor?: string;
}

/** Releases and their code names, as https://www.debian.org/releases/ and https://releases.ubuntu.com/ list them. */
const CODENAMES: Readonly<Record<System["distribution"], Readonly<Record<string, string>>>> = {
  debian: { "11": "bullseye", "12": "bookworm", "13": "trixie" },
  ubuntu: { "22.04": "jammy", "24.04": "noble", "25.04": "plucky", "25.10": "questing" },
};

/** About what the standard templates of Proxmox VE hold. */
const GUEST_PACKAGES =
  "systemd-sysv,dbus,openssh-server,ifupdown,isc-dhcp-client,iproute2,iputils-ping,netbase,ca-certificates,procps," +
  "locales,tzdata,less,nano,cron,logrotate";
const NODE_PACKAGES =
  "systemd-sysv,dbus,openssh-server,ifupdown,bridge-utils,iproute2,iputils-ping,netbase,ca-certificates,procps,less," +
  "lxc,uidmap,nftables,curl,xz-utils,zstd,openssl,cron";
/** Proxmox VE 9 is Debian 13. */
const NODE_SYSTEM: System = { distribution: "debian", version: "13" };

/**
 * Chooses what a template becomes: its own system where the host's mirror has it, otherwise a stand-in.
 * @param template a volume id: `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`
 */
export function chooseSystem(template: string, setup: AptSetup): Choice {
  const file = template.split("/").at(-1) ?? template;
  const [, name, version] = /^([a-z]+)-?(\d+(?:\.\d+)*)?/i.exec(file) ?? [];
  const distribution = name?.toLowerCase();
  if (distribution === "debian" || distribution === "ubuntu") {
    const release = distribution === "debian" ? version?.split(".")[0] : version;
    const codename = release === undefined ? undefined : CODENAMES[distribution][release];
    if (release !== undefined && codename !== undefined && sourcesFor(setup, distribution, codename) !== undefined) {
      return { system: { distribution, version: release } };
    }
  }
  const hasDebian = sourcesFor(setup, "debian", "trixie") !== undefined;
  const system: System = hasDebian ? NODE_SYSTEM : { distribution: "ubuntu", version: "24.04" };
  return { system, standsInFor: distribution === undefined ? file : [distribution, version].filter(Boolean).join(" ") };
}

/** Root filesystems made from the host's own package mirror, kept in the cache folder and shared by all testbeds. */
export class Images {
  private readonly pending = new Map<string, Promise<string>>();

  constructor(
    private readonly paths: TestbedPaths,
    private readonly setup: AptSetup,
    private readonly log: (line: string) => void,
  ) {}

  choose(template: string): Choice {
    return chooseSystem(template, this.setup);
  }

  /** The node's root filesystem. @returns its folder's name in the image folder */
  node(): Promise<string> {
    return this.prepare("node", NODE_SYSTEM, NODE_PACKAGES, NODE_SHIFT);
  }

  /** A guest's. @param shift first host id of its users */
  guest(system: System, shift: number): Promise<string> {
    return this.prepare("guest", system, GUEST_PACKAGES, shift);
  }

  private prepare(kind: string, system: System, packages: string, shift: number): Promise<string> {
    const key = `${kind} ${system.distribution} ${system.version} ${shift}`;
    const known = this.pending.get(key);
    if (known) return known;
    const made = this.make(kind, system, packages, shift);
    this.pending.set(key, made);
    made.catch(() => this.pending.delete(key));
    return made;
  }

  private async make(kind: string, system: System, packages: string, shift: number): Promise<string> {
    const { distribution, version } = system;
    const codename = CODENAMES[distribution][version] ?? version;
    const sources = sourcesFor(this.setup, distribution, codename);
    if (sources === undefined) {
      throw new Error(
        `no ${distribution} archive is configured on this machine, and ${distribution} ${version} is made from it; ` +
          "add one to /etc/apt/sources.list.d and run apt-get update",
      );
    }
    const digest = createHash("sha256").update(packages).update(sources).digest("hex").slice(0, 8);
    const name = `${kind}-${distribution}-${version}-${digest}`;
    const folder = `${name}.${shift}`;
    const { images } = this.paths;
    if (existsSync(join(images, `${folder}.ready`))) return folder;
    mkdirSync(images, { recursive: true });
    const list = join(images, `${name}.list`);
    writeFileSync(list, sources);
    if (!existsSync(join(images, `${name}.tar.zst`))) {
      this.log(`making the ${kind} image of ${distribution} ${version} from packages (once, about a minute)`);
    }
    try {
      await run("sh", [join(HOST_SCRIPTS, "image.sh"), images, name, String(shift), codename, packages, list]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot make the image of ${distribution} ${version}: ${reason} (see ${images}/${name}.log)`);
    }
    return folder;
  }
}
