import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Files } from "./guest-files";
import { NODE_SHIFT } from "./images";
import { type Cards, cardLines } from "./node-cards";
import { NODE_FILES } from "./shell";
import { DEFAULT_NETWORK } from "./world";

/** The bridge that nodes share, and that leads to the packages. */
export const UPLINK_BRIDGE = "vmbr0";
export const INTERFACES = "/etc/network/interfaces";
export const AUTHORIZED_KEYS = "/root/.ssh/authorized_keys";

/** How a node is known and reached. */
interface Identity {
  readonly name: string;
  /** Without prefix length. */
  readonly address: string;
  /** The same with it. */
  readonly cidr: string;
  readonly gateway: string | undefined;
}

/** What makes the root filesystem one of a node with this name. @param key public key that may log in as root */
export function nodeFiles(node: Identity, key: string): Files {
  const { address, name } = node;
  // A node whose subordinate ids hold 0 may also start privileged guests, whose root is the node's.
  const ids = "root:0:65536\nroot:100000:65536\n";
  return {
    "/etc/hostname": `${name}\n`,
    "/etc/hosts": `127.0.0.1 localhost\n${address} ${name}\n`,
    "/etc/resolv.conf": `nameserver ${DEFAULT_NETWORK.router}\n`,
    "/etc/machine-id": `${randomBytes(16).toString("hex")}\n`,
    [INTERFACES]: interfacesFile(node),
    "/etc/subuid": ids,
    "/etc/subgid": ids,
    "/etc/default/lxc-net": 'USE_LXC_BRIDGE="false"\n',
    "/etc/sysctl.d/99-testbed.conf": "net.ipv4.ip_forward = 1\n",
    [AUTHORIZED_KEYS]: `${key.trim()}\n`,
    "/etc/motd": "This is the testbed's stand-in for a Proxmox VE node.\n",
  };
}

/** interfaces(5) of a node that has nothing but the bridge to the packages. */
export function interfacesFile({ cidr, gateway }: Pick<Identity, "cidr" | "gateway">): string {
  const router = gateway === undefined ? "" : `\tgateway ${gateway}\n`;
  return (
    "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet manual\n\n" +
    `auto ${UPLINK_BRIDGE}\niface ${UPLINK_BRIDGE} inet static\n\taddress ${cidr}\n${router}` +
    "\tbridge-ports eth0\n\tbridge-stp off\n\tbridge-fd 0\n"
  );
}

/** Proxmox VE's programs, as far as the testbed plays them. */
export function programs(): Files {
  const texts = readdirSync(NODE_FILES).map((name) => [placeOf(name), readFileSync(join(NODE_FILES, name), "utf8")]);
  return Object.fromEntries(texts);
}

/** Modes of `programs`, by path. */
export function programModes(): Record<string, number> {
  const modes = readdirSync(NODE_FILES).map((name) => [placeOf(name), name.endsWith(".service") ? 0o644 : 0o755]);
  return Object.fromEntries(modes);
}

function placeOf(name: string): string {
  if (name.endsWith(".service")) return `/etc/systemd/system/${name}`;
  return ["pct", "pvesh", "pvesm", "ifreload"].includes(name) ? `/usr/sbin/${name}` : `/usr/lib/testbed/${name}`;
}

/** LXC's configuration of the container that plays a node. @param index of the node, from 0 */
export function lxcConfig(name: string, index: number, cards?: Cards): string {
  const inside = `/mnt/state/nodes/${name}`;
  const mount = (from: string, to: string, options: string): string =>
    `lxc.mount.entry = ${from} ${to} none ${options} 0 0`;
  return `${[
    "lxc.include = /usr/share/lxc/config/common.conf",
    "lxc.include = /usr/share/lxc/config/userns.conf",
    "lxc.include = /usr/share/lxc/config/nesting.conf",
    `lxc.rootfs.path = dir:${inside}/rootfs`,
    `lxc.uts.name = ${name}`,
    "lxc.apparmor.profile = unconfined",
    `lxc.idmap = u 0 ${NODE_SHIFT} 1000000`,
    `lxc.idmap = g 0 ${NODE_SHIFT} 1000000`,
    "lxc.tty.max = 0",
    "lxc.signal.halt = SIGRTMIN+3",
    `lxc.cgroup.dir.container = nodes/${name}`,
    `lxc.cgroup.dir.monitor = monitors/${name}`,
    ...cardLines(index, cards),
    mount("/mnt/state/guests", "var/lib/lxc", "bind,create=dir"),
    mount(`${inside}/vz`, "var/lib/vz", "bind,create=dir"),
    mount("/mnt/state/volumes", "var/lib/vz/volumes", "bind,create=dir"),
    mount(`${inside}/pve`, "etc/pve", "bind,create=dir"),
    mount(`${inside}/run`, "usr/lib/testbed/run", "bind,create=dir"),
    mount("/mnt/images", "usr/lib/testbed/images", "bind,ro,create=dir"),
    mount("/mnt/state/dev", "usr/lib/testbed/dev", "bind,create=dir"),
    mount("/mnt/state/dev/tun", "dev/net/tun", "bind,create=file"),
    mount("/mnt/state/dev/fuse", "dev/fuse", "bind,create=file"),
  ].join("\n")}\n`;
}
