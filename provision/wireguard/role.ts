import { z } from "zod";
import { port } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";

const IPV4 = String.raw`((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)`;
const IPV6 = "[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*";
const PREFIX4 = "/(3[0-2]|[12]?[0-9])";
const PREFIX6 = "/(12[0-8]|1[01][0-9]|[1-9]?[0-9])";

const network = () =>
  text(
    "an address with its prefix such as 10.8.0.2/24 or fd00::2/64",
    new RegExp(`^(${IPV4}${PREFIX4}|${IPV6}${PREFIX6})$`),
    (value) => (value.includes(":") ? `${value}/128` : `${value}/32`),
  );
const network4 = () => text("an IPv4 network such as 10.10.10.0/24", new RegExp(`^${IPV4}${PREFIX4}$`));
/** 32 bytes in base64: the last digit holds four bits. */
const key = () =>
  text("a key of 44 characters, as wg pubkey prints it", /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, (value) =>
    value.length === 43 ? `${value}=` : value.trim(),
  );
/** What the kernel takes as an interface's name, and no option. */
const interfaceName = () =>
  text("an interface's name of at most 15 letters, digits, _ . and -", /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/);

const peer = z
  .strictObject({
    public_key: key().describe("The peer's public key, as wg pubkey prints it."),
    preshared_key: secret()
      .optional()
      .describe("A further key that both ends share, as wg genpsk prints it. Default: none."),
    endpoint: text(
      "a host and a port such as vpn.example.com:51820",
      /^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/,
      (value) => `${value}:51820`,
    )
      .optional()
      .describe("Host and port at which the peer is reached. Default: none, it is the peer that calls."),
    allowed_ips: z
      .array(network())
      .min(1)
      .describe("Networks that are reached through the peer; 0.0.0.0/0 is everything."),
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
    interface: interfaceName().describe("The guest's interface on the network of the clients."),
    networks: z.array(network4()).min(1).describe("The clients' networks. Packets with another sender are dropped."),
    publish: z
      .array(
        z.strictObject({
          port: port().describe("Port of the gateway."),
          to: text("an IPv4 address and a port such as 10.10.10.2:8080", new RegExp(`^${IPV4}:[0-9]{1,5}$`)).describe(
            "Address and port of the client.",
          ),
          protocol: z.enum(["tcp", "udp"]).optional().describe("What is let through. Default: tcp."),
        }),
      )
      .optional()
      .describe("Ports of the gateway, on its other networks, that lead to a client. Default: none."),
  })
  .meta({ id: "wireguard_gateway" });

export default defineRole({
  summary: "A WireGuard tunnel; as a gateway, the only way out for the networks behind it.",
  group: "wireguard_hosts",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "docker"],
  ahead: true,
  variables: z.object({
    wireguard_interface: interfaceName().optional().describe("The tunnel's name. Default: wg0."),
    wireguard_address: z.array(network()).min(1).describe("The guest's addresses in the tunnel, with prefix."),
    wireguard_private_key: secret().describe("The guest's private key, as wg genkey prints it."),
    wireguard_listen_port: port().optional().describe("UDP port. Default: one that the kernel chooses."),
    wireguard_mtu: z
      .int()
      .min(1280)
      .max(9000)
      .optional()
      .describe("Largest packet in the tunnel, in bytes. Default: what wg-quick works out."),
    wireguard_peers: z.array(peer).min(1).describe("The other ends."),
    wireguard_gateway: gateway
      .optional()
      .describe(
        "Be the way out for a network: NAT into the tunnel, and nothing reached when it is down. Default: not.",
      ),
  }),
});
