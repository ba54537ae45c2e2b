import type { GuestConfig } from "../api/guest-backend";
import { hostname, type Nic, nics } from "./guest-config";
import { PACKAGE_PROXY } from "./world";

/** Files that are written into a root filesystem, by their absolute path. */
export type Files = Readonly<Record<string, string>>;

/** How a guest or node gets its packages. @param settings further lines of the host's apt */
export function aptProxyFile(settings: readonly string[]): Files {
  const proxy = `http://${PACKAGE_PROXY.host}:${PACKAGE_PROXY.port}`;
  const lines = [`Acquire::http::Proxy "${proxy}";`, `Acquire::https::Proxy "${proxy}";`, ...settings];
  return { "/etc/apt/apt.conf.d/00testbed": `${lines.join("\n")}\n` };
}

/**
 * What Proxmox VE writes into a container at every start: name, addresses and name servers.
 * @param nodeResolver the node's name server, which a guest without one of its own gets
 */
export function networkFiles(vmid: number, config: GuestConfig, nodeResolver: string): Files {
  const name = hostname(config, vmid);
  const interfaces = nics(config);
  const address = interfaces.map((nic) => nic.ip.split("/")[0]).find((ip) => ip !== undefined && /^\d/.test(ip));
  const domain = config.searchdomain;
  const names = domain === undefined ? name : `${name}.${domain} ${name}`;
  const servers = config.nameserver?.split(/[\s,;]+/).filter((server) => server !== "") ?? [nodeResolver];
  return {
    "/etc/hostname": `${name}\n`,
    "/etc/hosts": `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${address ?? "127.0.1.1"} ${names}\n`,
    "/etc/resolv.conf": [
      ...(domain === undefined ? [] : [`search ${domain}`]),
      ...servers.map((server) => `nameserver ${server}`),
      "",
    ].join("\n"),
    "/etc/network/interfaces": interfacesFile(interfaces),
  };
}

/** interfaces(5) of ifupdown. */
export function interfacesFile(interfaces: readonly Nic[]): string {
  const stanzas = interfaces.map((nic) => {
    const lines = [`auto ${nic.name}`, ...family(nic.name, "inet", nic.ip, nic.gateway)];
    if (nic.ip6 !== "manual") lines.push(...family(nic.name, "inet6", nic.ip6, nic.gateway6));
    return lines.join("\n");
  });
  return `${["auto lo\niface lo inet loopback", ...stanzas].join("\n\n")}\n`;
}

function family(name: string, kind: "inet" | "inet6", address: string, gateway: string | undefined): string[] {
  if (address === "dhcp" || address === "manual" || address === "auto") return [`iface ${name} ${kind} ${address}`];
  return [
    `iface ${name} ${kind} static`,
    `\taddress ${address}`,
    // IPv6 would wait a second for duplicates to speak up.
    ...(kind === "inet6" ? ["\tdad-attempts 0"] : []),
    ...(gateway === undefined ? [] : gatewayLines(address, gateway)),
  ];
}

/** A gateway outside of the guest's own network is reached directly, as Proxmox VE has it. */
function gatewayLines(address: string, gateway: string): string[] {
  const prefix = Number(address.split("/")[1] ?? 32);
  if (gateway.includes(":") || prefix < 32) return [`\tgateway ${gateway}`];
  return [`\tup ip route add ${gateway} dev $IFACE`, `\tup ip route add default via ${gateway} dev $IFACE`];
}

/** What a guest says about itself when it is not what its template promised. */
export function standInFiles(wanted: string, is: string): Files {
  const text = `This guest stands in for ${wanted}: the testbed could only make ${is} from this machine's packages.\n`;
  return { "/etc/motd": text, "/etc/testbed-release": `STANDS_IN_FOR="${wanted}"\nIS="${is}"\n` };
}
