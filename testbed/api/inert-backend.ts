import { isIPv4 } from "node:net";
import type { GuestBackend, GuestConfig, GuestInterface, GuestRef } from "./guest-backend";
import { propertyFormat, splitPropertyString } from "./schema/property-string";

const LOOPBACK: GuestInterface = { name: "lo", mac: "00:00:00:00:00:00", addresses: ["127.0.0.1/8", "::1/128"] };

const keyOf = (guest: GuestRef): string => `${guest.node}/${guest.vmid}`;

/**
 * Guests that only exist as state: they start and stop at once, and answer the addresses they were given.
 * An interface with DHCP gets an address of 198.18.0.0/15 (RFC 2544: for tests), derived from the VMID.
 */
export function inertBackend(): GuestBackend {
  const running = new Map<string, { config: GuestConfig; pid: number }>();
  let lastPid = 10_000;
  const begin = (guest: GuestRef, config: GuestConfig): void => {
    running.set(keyOf(guest), { config, pid: ++lastPid });
  };
  const end = async (guest: GuestRef): Promise<void> => {
    running.delete(keyOf(guest));
  };
  return {
    kind: "inert",
    create: async () => undefined,
    clone: async () => undefined,
    start: async (guest, config) => begin(guest, config),
    stop: end,
    shutdown: end,
    reboot: async (guest, config) => begin(guest, config),
    destroy: end,
    hotplug: async (guest, change) => {
      const known = running.get(keyOf(guest));
      if (known) known.config = change.config;
      return {};
    },
    addresses: async (guest) => {
      const known = running.get(keyOf(guest));
      return known && [LOOPBACK, ...interfacesOf(guest, known.config)];
    },
    status: async (guest) => {
      const known = running.get(keyOf(guest));
      return known ? { running: true, pid: known.pid } : { running: false };
    },
    close: async () => running.clear(),
  };
}

function interfacesOf(guest: GuestRef, config: GuestConfig): GuestInterface[] {
  const found: GuestInterface[] = [];
  for (const [key, value] of Object.entries(config)) {
    const index = /^net(\d+)$/.exec(key)?.[1];
    if (index === undefined) continue;
    const net = splitPropertyString(propertyFormat("lxc-net"), value);
    const mac = (net.hwaddr ?? "").toLowerCase();
    const addresses = [inet(guest, Number(index), net.ip), inet6(mac, net.ip6), linkLocal(mac, net)];
    found.push({ name: net.name ?? `eth${index}`, mac, addresses: addresses.filter((item) => item !== undefined) });
  }
  return found;
}

function inet(guest: GuestRef, index: number, ip: string | undefined): string | undefined {
  if (ip === undefined || ip === "manual") return undefined;
  if (isIPv4(ip.split("/")[0] ?? "")) return ip;
  const host = (guest.vmid * 8 + index) % 65_024;
  return `198.18.${Math.floor(host / 254)}.${(host % 254) + 1}/15`;
}

const inet6 = (mac: string, ip6: string | undefined): string | undefined => {
  if (ip6 === undefined || ip6 === "manual") return undefined;
  return ip6 === "auto" || ip6 === "dhcp" ? `2001:2::${eui64(mac)}/64` : ip6;
};

const linkLocal = (mac: string, net: Record<string, string>): string | undefined =>
  mac === "" || net.link_down === "1" ? undefined : `fe80::${eui64(mac)}/64`;

/** The interface part of an address made from a MAC address (RFC 4291). */
function eui64(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const words = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return words.map((word) => word.toString(16)).join(":");
}
