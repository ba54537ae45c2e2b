import { z } from "zod";
import { interfaceName, ipv4, plainName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { type Served, serverConfig } from "./config";

const served = z
  .strictObject({
    interface: interfaceName()
      .optional()
      .describe(
        "Card on which it answers. Default: on a node the network's bridge, in a guest eth0; none for a VLAN on a node.",
      ),
    range: z
      .strictObject({
        first: ipv4().describe("First address that is handed out."),
        last: ipv4().describe("Last address that is handed out."),
      })
      .optional()
      .describe("Addresses for whoever has none of its own. Default: none, only known hosts get one."),
    lease_time: text("a time such as 12h, 45m or 7d", /^[1-9][0-9]{0,4}[mhd]$/)
      .optional()
      .describe("How long an address is lent. Default: 12h."),
  })
  .meta({ id: "dhcp_network", description: "How a network is served." });

export default defineRole({
  summary: "dnsmasq as DHCP server: every host with a MAC address gets the address that the inventory says.",
  group: "dhcp_hosts",
  targets: ["container", "vm", "node"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "packages", "node-base", "node-network"],
  variables: z.object({
    dhcp_networks: z
      .record(plainName(), served)
      .transform((networks) => Object.entries(networks).map(([network, how]) => ({ network, ...how })))
      .describe("Networks of proxmox_networks that it serves, by name."),
  }),
  derive: (lab, self, values, refuse) => ({
    dhcp_config: serverConfig(lab, self, (values.dhcp_networks ?? []) as readonly Served[], refuse),
  }),
});
