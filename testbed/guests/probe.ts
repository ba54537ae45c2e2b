import { randomBytes } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runToEnd } from "./shell";

export type GuestProbe =
  | {
      readonly ok: true;
      /** What limits the guests here, with the line that lifts it; absent when nothing does. */
      readonly advice?: string;
      /** About how many guests that allows; absent when nothing limits them. */
      readonly guests?: number;
    }
  | {
      readonly ok: false;
      /** What is missing, one phrase each: `root`, `the command lxc-start`. */
      readonly missing: readonly string[];
      /** The line that installs what can be installed; absent when nothing of it can be. */
      readonly install?: string;
    };

/** Commands the guests need on the host, with the Debian package that has each. */
const COMMANDS: Readonly<Record<string, string>> = {
  "lxc-start": "lxc",
  "lxc-attach": "lxc",
  "lxc-usernsexec": "lxc",
  newuidmap: "uidmap",
  mmdebstrap: "mmdebstrap",
  dnsmasq: "dnsmasq-base",
  zstd: "zstd",
  ip: "iproute2",
  "ssh-keygen": "openssh-client",
  unshare: "util-linux",
  nsenter: "util-linux",
};

const FILE_SYSTEMS = ["overlay", "cgroup2", "tmpfs"];

/** Says whether real guests can run here, and if not, what is missing and which line installs it. Changes nothing. */
export async function probeGuests(): Promise<GuestProbe> {
  const missing: string[] = [];
  const packages = new Set<string>();
  if (process.getuid?.() !== 0) missing.push("root (real guests need namespaces, mounts and LXC: run as root)");
  for (const [command, name] of Object.entries(COMMANDS)) {
    if (isCommand(command)) continue;
    missing.push(`the command ${command}`);
    packages.add(name);
  }
  const known = readFileSync("/proc/filesystems", "utf8").split(/\s+/);
  for (const name of FILE_SYSTEMS) {
    if (!known.includes(name)) missing.push(`the file system ${name} in the kernel`);
  }
  if (missing.length === 0) missing.push(...(await missingRights()));
  if (missing.length === 0) {
    return { ok: true, ...inotifyLimit() };
  }
  return {
    ok: false,
    missing,
    ...(packages.size === 0
      ? {}
      : { install: `apt-get install --no-install-recommends ${[...packages].sort().join(" ")}` }),
  };
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** All guests together count as the one root that made their node, and a Debian guest takes about five instances. */
function inotifyLimit(): { readonly advice: string; readonly guests: number } | undefined {
  const instances = Number(readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8"));
  if (instances >= 1024) return undefined;
  const guests = Math.floor(instances / 6);
  const advice = `this machine's ${instances} inotify instances are enough for about ${guests} guests; for more: sysctl fs.inotify.max_user_instances=1024`;
  return { advice, guests };
}

/** Root of a container often may not do what root may: try it, in namespaces that end with the attempt. */
async function missingRights(): Promise<string[]> {
  // Of its own, for others may try at the same moment.
  const cgroup = `pve-testbed-probe-${randomBytes(6).toString("hex")}`;
  const attempt = await runToEnd("unshare", [
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "sh",
    "-ec",
    `mount -t cgroup2 none /mnt; mkdir /mnt/${cgroup}; rmdir /mnt/${cgroup}; ip link add probe type veth peer name probe1; ip link add bridge type bridge; unshare --user true`,
  ]);
  return attempt.code === 0 ? [] : [`the right to make namespaces, cgroups and bridges (${attempt.errors.trim()})`];
}
