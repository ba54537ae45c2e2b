import type { Guest, VmGuest } from "../lab";
import { treeAt } from "../tree";
import type { Rule } from "./rule";

/** The comment of an example's key, and the text inside of it where its comment was changed alone. */
const COMMENT = "replace-me";
const INSIDE = "lab-example-key";

/** `example-key`: nobody has the private key of an example. */
export const keysAreOwn: Rule = function* ({ facts, lab }) {
  for (const { cloudInit, name, source } of lab.guests.flatMap(vmOnly)) {
    for (const [index, key] of (cloudInit?.sshKeys ?? []).entries()) {
      if (!isExample(key)) continue;
      const tree = facts.hosts.get(name)?.trees.get("proxmox_vm");
      yield {
        rule: "example-key",
        severity: "warning",
        at: tree ? treeAt(tree, ["cloud_init", "ssh_keys", index]).tree.at : source.at,
        path: `proxmox_vm.cloud_init.ssh_keys.${index}`,
        subject: name,
        message: `an example key: nobody can log in to ${name} with it`,
        fix: "write your own public key there: cat ~/.ssh/id_ed25519.pub",
      };
    }
  }
};

function isExample(key: string): boolean {
  const [, body = "", ...comment] = key.trim().split(/\s+/);
  return comment.includes(COMMENT) || Buffer.from(body, "base64").includes(INSIDE);
}

/** `boots-nothing`: a VM that is started with an empty disk, no disc and no card to boot from. */
export const vmsBoot: Rule = function* ({ lab }) {
  for (const { adopt, bootOrder, discs, image, name, source, started, system } of lab.guests.flatMap(vmOnly)) {
    if (system !== "plain" || adopt || image || discs.length > 0 || !started) continue;
    if (source.of.image || bootOrder.some((device) => device.startsWith("net"))) continue;
    yield {
      rule: "boots-nothing",
      severity: "warning",
      at: source.at,
      path: "proxmox_vm",
      subject: name,
      message: `${name} has an empty disk, so it boots nothing`,
      fix: "add haos, cloud_init, windows, image or iso; boot_order: [net0] to boot from the network; or started: false for now",
    };
  }
};

const vmOnly = (guest: Guest): VmGuest[] => (guest.kind === "vm" ? [guest] : []);
