// The same resources as our-stack.ts, as one writes them with nothing but cdktf and the bindings: `plain-cdktf.ts N`.
import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { Resource } from "@cdktf/provider-null/lib/resource";
import { App, TerraformStack } from "cdktf";
import { ProxmoxProvider } from "../../.gen/providers/proxmox/provider";
import { VirtualEnvironmentContainer } from "../../.gen/providers/proxmox/virtual-environment-container";
import { addressOf, guestName } from "../generate";
import { report } from "./measured-synthesis";

const SETTINGS = Buffer.from("base_timezone='Europe/Berlin'\nbase_security_upgrades='true'\n").toString("base64");
const APPLY = `#!/bin/sh\nset -eu\n${"# a line of a script that is sent to the guest and run there\n".repeat(20)}`;

function addGuest(stack: TerraformStack, index: number): void {
  const name = guestName(index);
  const vmId = 1000 + index;
  const nodeName = `pve${(index % 4) + 1}`;
  const container = new VirtualEnvironmentContainer(stack, name, {
    nodeName,
    vmId,
    description: "",
    tags: ["generated", "lab-generated"],
    unprivileged: true,
    protection: false,
    started: true,
    startOnBoot: true,
    template: false,
    cpu: { cores: 2 },
    memory: { dedicated: 2048, swap: 0 },
    disk: { datastoreId: "local-lvm", size: 8 },
    operatingSystem: { templateFileId: "local:vztmpl/debian-13-standard_13.6-1_amd64.tar.zst", type: "debian" },
    features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] },
    initialization: {
      hostname: name,
      ipConfig: [{ ipv4: { address: `${addressOf(index)}/12`, gateway: "10.16.0.1" } }],
    },
    networkInterface: [{ name: "eth0", bridge: "vmbr0", enabled: true, firewall: false }],
    timeoutCreate: 1800,
    timeoutUpdate: 1800,
    timeoutDelete: 300,
    lifecycle: { ignoreChanges: ["operating_system[0].template_file_id", "mount_point", "device_passthrough"] },
  });
  new Resource(stack, `${name}_base`, {
    triggers: { guest: container.id, scripts: "0".repeat(64), settings: "1".repeat(64) },
    connection: { type: "ssh", host: `10.16.0.${(index % 4) + 10}`, port: 22, user: "root" },
    provisioners: [
      { type: "remote-exec", inline: [`settings='${SETTINGS}'`, `pct exec ${vmId} -- sh -s <<'END'\n${APPLY}\nEND`] },
    ],
  });
}

report((outdir) => {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, "generated");
  new NullProvider(stack, "null");
  new ProxmoxProvider(stack, "proxmox", { endpoint: "https://127.0.0.1:1/", apiToken: "nobody@pve!none=0" });
  for (let index = 0; index < Number(process.argv[2]); index++) addGuest(stack, index);
  app.synth();
});
