import { z } from "zod";
import { canonical, rangeOf } from "../../model/resolve/ip";
import { cidr4, hostAddress, interfaceName, isIpv4, isIpv6, port } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, type HostView, secret } from "../role";

const isNetwork = (value: string) => {
  const [address = "", prefix = "", ...rest] = value.split("/");
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return rest.length === 0 && /^(0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= bits;
};
const network = () =>
  text("an address with its prefix such as 10.8.0.2/24 or fd00::2/64", isNetwork, (value) =>
    value.includes(":") ? `${value}/128` : `${value}/32`,
  );

const HOST = hostAddress();
/** `host:port`; an IPv6 address stands in brackets. */
const ENDPOINT = /^(?:\[([^\]]*)\]|([^:]*)):([1-9][0-9]{0,4})$/;
const isEndpoint = (value: string) => {
  const [, address, name, end] = ENDPOINT.exec(value) ?? [];
  if (Number(end ?? Number.NaN) > 65535) return false;
  return address === undefined ? name !== undefined && HOST.safeParse(name).success : isIpv6(address);
};
const isForward = (value: string) => isEndpoint(value) && isIpv4(value.replace(/:.*/, ""));

/** 32 bytes in base64: the last digit holds four bits. */
const key = () =>
  text("a key of 44 characters, as wg pubkey prints it", /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, (value) =>
    value.length === 43 ? `${value}=` : value.trim(),
  );

const peer = z
  .strictObject({
    public_key: key().describe("The peer's public key, as wg pubkey prints it."),
    preshared_key: secret()
      .optional()
      .describe("A further key that both ends share, as wg genpsk prints it. Default: none."),
    endpoint: text("a host and a port such as vpn.example.com:51820", isEndpoint, (value) => `${value}:51820`)
      .optional()
      .describe("Host and port at which the peer is reached. Default: none, it is the peer that calls."),
    allowed_ips: z
      .array(network())
      .min(1)
      .describe("Networks that are reached through the peer; 0.0.0.0/0 is everything. Each belongs to one peer."),
    keepalive: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe("Seconds between packets that keep a NAT open. Default: none."),
  })
  .meta({ id: "wireguard_peer", description: "The other end of the tunnel." });

const gateway = z
  .strictObject({
    interface: interfaceName().describe("The guest's network card on the network of the clients."),
    networks: z.array(cidr4()).min(1).describe("The clients' networks. Packets with another sender are dropped."),
    publish: z
      .array(
        z.strictObject({
          port: port().describe("Port of the gateway."),
          to: text("an IPv4 address and a port such as 10.10.10.2:8080", isForward).describe(
            "Address and port of the client.",
          ),
          protocol: z.enum(["tcp", "udp"]).optional().describe("What is let through. Default: tcp."),
        }),
      )
      .superRefine((list, context) => {
        const key = ({ port, protocol = "tcp" }: (typeof list)[number]) => `port ${port} of ${protocol}`;
        for (const [index, earlier] of twice(list.map(key))) {
          const message = `${key(list[index]!)} leads to ${list[earlier]!.to} already`;
          context.addIssue({ code: "custom", path: [index, "port"], message, params: { fix: "take another port" } });
        }
      })
      .optional()
      .describe("Ports of the gateway, on its other networks, that lead to a client. Default: none."),
  })
  .meta({ id: "wireguard_gateway" });

/** The places of what has stood in a list before, each with the place where. */
function twice(list: readonly string[]): (readonly [number, number])[] {
  const first = new Map<string, number>();
  return list.flatMap((each, index) => {
    const earlier = first.get(each);
    if (earlier === undefined) first.set(each, index);
    return earlier === undefined ? [] : [[index, earlier] as const];
  });
}

const addresses = z
  .array(network())
  .min(1)
  .superRefine((list, context) => {
    for (const [index] of twice(list.map(canonical))) {
      const message = `${list[index]} is in the list twice`;
      context.addIssue({ code: "custom", path: [index], message, params: { fix: "delete one of them" } });
    }
  });

/** The last of several peers of one key would be the only one, and so would the last of those that have one network. */
const peers = z
  .array(peer)
  .min(1)
  .superRefine((list, context) => {
    const refuse = (path: PropertyKey[], message: string, fix: string) =>
      context.addIssue({ code: "custom", path, message, params: { fix } });
    for (const [index, earlier] of twice(list.map(({ public_key }) => public_key))) {
      const fix = "delete one, or correct its key";
      refuse([index, "public_key"], `it is the key of wireguard_peers.${earlier}, too: one peer would be left`, fix);
    }
    const networks = list.flatMap(({ allowed_ips }, at) => {
      const own = allowed_ips.map((each) => rangeOf(each).canonical);
      return own
        .map((range, index) => ({ range, at, index }))
        .filter(({ range, index }) => own.indexOf(range) === index);
    });
    for (const [index, earlier] of twice(networks.map(({ range }) => range))) {
      const [here, other] = [networks[index]!, networks[earlier]!];
      const message = `${here.range} belongs to wireguard_peers.${other.at}, too: one of the two would not have it`;
      refuse([here.at, "allowed_ips", here.index], message, "leave it with one of them");
    }
  });

/** What a container's cards are called, as far as its `proxmox_lxc` can be read. */
function cardsOf({ kind, variable }: HostView): string[] {
  const guest = kind === "container" ? variable("proxmox_lxc") : undefined;
  const cards = guest && typeof guest === "object" && "networks" in guest ? guest.networks : undefined;
  if (!Array.isArray(cards)) return [];
  return cards.map((card: unknown, index) =>
    card && typeof card === "object" && "name" in card ? String(card.name) : `eth${index}`,
  );
}

export default defineRole({
  summary: "A WireGuard tunnel; as a gateway, the only way out for the networks behind it.",
  group: "wireguard_hosts",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "docker"],
  ahead: true,
  variables: z.object({
    wireguard_interface: interfaceName()
      .optional()
      .describe("The tunnel's name, which no network card of the guest has. Default: wg0."),
    wireguard_address: addresses.describe("The guest's addresses in the tunnel, with prefix."),
    wireguard_private_key: secret().describe("The guest's private key, as wg genkey prints it."),
    wireguard_listen_port: port().optional().describe("UDP port. Default: one that the kernel chooses."),
    wireguard_mtu: z
      .int()
      .min(1280)
      .max(9000)
      .optional()
      .describe("Largest packet in the tunnel, in bytes. Default: what wg-quick works out."),
    wireguard_peers: peers.describe("The other ends, each with a key of its own."),
    wireguard_gateway: gateway
      .optional()
      .describe(
        "Be the way out for a network: NAT into the tunnel, and nothing reached when it is down. Default: not.",
      ),
  }),
  derive: (_lab, self, values, refuse) => {
    const name = String(values.wireguard_interface ?? "wg0");
    const way = values.wireguard_gateway as z.infer<typeof gateway> | undefined;
    if (cardsOf(self).includes(name)) {
      const message = `${name} is a network card of ${self.name}, and the tunnel would be a second interface of that name`;
      refuse(["wireguard_interface"], message, "choose another name, such as wg0");
    }
    if (way?.interface === name) {
      const message = `${name} is the tunnel, and clients are on a network card`;
      refuse(["wireguard_gateway", "interface"], message, "write the card on the clients' network");
    }
    if (way && !(values.wireguard_address as string[]).some((each) => !each.includes(":"))) {
      const message = "the gateway takes clients' IPv4 packets into the tunnel, and the tunnel has no IPv4 address";
      refuse(["wireguard_address"], message, "add one, such as 10.8.0.2/32");
    }
    const own = way?.publish?.findIndex(
      (each) => each.protocol === "udp" && each.port === values.wireguard_listen_port,
    );
    if (own !== undefined && own >= 0) {
      const message = `${values.wireguard_listen_port} is the tunnel's own port (wireguard_listen_port)`;
      refuse(["wireguard_gateway", "publish", own, "port"], message, "take another port");
    }
    return {};
  },
});
