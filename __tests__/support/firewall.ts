import { container, type LabFiles, SOUND } from "./lab-folder";

/** host_vars of a container with two cards. */
export const WEB = container("vmid: 301", "networks: [{ ip: 192.168.1.51 }, { network: lan, name: mgmt, ip: dhcp }]");
/** Lets an operator in, so that a lab may let nobody in by default. */
export const ME = "ipsets: { management: [192.168.1.9] }";

/** The sound lab with a firewall: lines of proxmox_firewall, and of web's proxmox_guest_firewall. */
export function files(wide: readonly string[], own?: readonly string[], web = WEB): LabFiles {
  const block = (name: string, lines: readonly string[]) =>
    [`${name}:`, ...lines.map((line) => `  ${line}`), ""].join("\n");
  return {
    "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}${wide.length > 0 ? block("proxmox_firewall", wide) : ""}`,
    "host_vars/web.yml": `${web}${own ? block("proxmox_guest_firewall", own) : ""}`,
  };
}
