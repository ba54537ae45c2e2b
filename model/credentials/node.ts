import type { Lab, Node } from "../lab";
import { type Need, root, token } from "./need";

/** What setting up the nodes and their cluster takes. */
export function nodeNeeds(lab: Lab): readonly Need[] {
  const active = lab.nodes.filter((node) => node.active);
  return [
    ...active.flatMap(systemNeeds),
    ...active.flatMap(bridgeNeeds),
    ...mappingNeeds(active),
    ...clusterNeeds(lab, active),
  ];
}

function bridgeNeeds({ links, name: node }: Node): Need[] {
  return links
    .filter(({ write }) => write === "create")
    .map(({ name }) =>
      token(
        `proxmox_node.bridges.${name}`,
        `makes the bridge on ${node} and reloads its network`,
        [`/nodes/${node}`, "Sys.Modify"],
        // Without it the bridge is left out of the list, as if it were gone.
        [`/sdn/zones/localnetwork/${name}`, "SDN.Audit"],
      ),
    );
}

function systemNeeds({ name, system }: Node): Need[] {
  const path = `/nodes/${name}`;
  const both = (option: string, why: string) =>
    token(`proxmox_node.${option}`, why, [path, "Sys.Modify"], [path, "Sys.Audit"]);
  return [
    ...(system.repositories ? [both("repositories", `sets the package repositories of ${name}`)] : []),
    ...(system.timeZone === undefined ? [] : [both("time_zone", `sets the time zone of ${name}`)]),
    ...(system.dns ? [both("dns", `sets the name servers of ${name}`)] : []),
    ...(system.hosts
      ? [token("proxmox_node.hosts", `writes /etc/hosts of ${name}`, [path, "Sys.Modify"], ["/", "Sys.Audit"])]
      : []),
    ...(system.certificateDomains
      ? [
          token(
            "proxmox_node.acme",
            `orders the certificate of ${name}`,
            [path, "Sys.Modify"],
            ["/", "Sys.Modify"],
            ["/", "Sys.Audit"],
          ),
        ]
      : []),
  ];
}

function mappingNeeds(nodes: readonly Node[]): Need[] {
  const named = (kind: "pci" | "usb", names: readonly string[]) =>
    [...new Set(names)].map((name) =>
      token(
        `proxmox_node.${kind === "pci" ? "gpus" : "usb"}.${name}`,
        "makes, reads and removes the mapping",
        [`/mapping/${kind}`, "Mapping.Modify"],
        [`/mapping/${kind}/${name}`, "Mapping.Modify"],
      ),
    );
  const cards = nodes.flatMap(({ gpus }) => gpus.filter(({ use }) => use === "vm").map(({ name }) => name));
  return [
    ...named("pci", cards),
    ...named(
      "usb",
      nodes.flatMap(({ usb }) => usb.map(({ name }) => name)),
    ),
  ];
}

function clusterNeeds({ acme, metrics = [] }: Lab, nodes: readonly Node[]): Need[] {
  const hasCertificates = nodes.some(({ system }) => system.certificateDomains);
  return [
    ...metrics.map(({ name }) =>
      token(`proxmox_metrics.${name}`, "sets the server", ["/", "Sys.Modify"], ["/", "Sys.Audit"]),
    ),
    ...(acme && hasCertificates
      ? [
          root(
            "proxmox_acme",
            "Permission check failed (user != root@pam): only root makes and reads accounts",
            "order the certificate elsewhere, and take acme from the nodes",
          ),
          ...acme.plugins.map(({ name }) =>
            token(`proxmox_acme.plugins.${name}`, "sets the plugin", ["/", "Sys.Modify"]),
          ),
        ]
      : []),
  ];
}
