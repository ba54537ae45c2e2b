import { randomBytes } from "node:crypto";
import { isIPv4 } from "node:net";

/** A node's network cards beside the one of `vmbr0`, by name. */
export type Cards = Readonly<Record<string, { readonly address: string; readonly gateway?: string }>>;

/** LXC's settings for the cards of a node: `eth0`, which belongs to `vmbr0`, and those beside it. */
export function cardLines(node: number, cards: Cards = {}): string[] {
  return ["eth0", ...Object.keys(cards)].flatMap((name, at) => {
    const { address, gateway } = cards[name] ?? {};
    const settings = {
      type: "veth",
      link: "lan",
      flags: "up",
      name,
      "veth.pair": `node${node}${at === 0 ? "" : `c${at}`}`,
      hwaddr: ["02", "50", "56", ...randomBytes(3).toString("hex").match(/../g)!].join(":"),
      ...(address === undefined ? {} : { "ipv4.address": address }),
      ...(gateway === undefined ? {} : { "ipv4.gateway": gateway }),
    };
    return Object.entries(settings).map(([key, value]) => `lxc.net.${at}.${key} = ${value}`);
  });
}

/** The IPv4 network of an address with prefix length: `10.0.100.0/24`. */
export function networkOf(cidr: string): string | undefined {
  const [address = "", prefix = "32"] = cidr.split("/");
  if (!isIPv4(address)) return undefined;
  const bits = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(bits / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
}
