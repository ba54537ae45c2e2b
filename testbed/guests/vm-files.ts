import { rmSync } from "node:fs";
import { join } from "node:path";
import type { VmFile } from "../api/guest-backend";
import { writeFiles } from "./files";
import { NODE_SHIFT } from "./images";

/** The files of `/etc/pve/qemu-server` on the nodes. */
export class VmFiles {
  private shown: ReadonlyMap<string, VmFile> = new Map();

  /** @param folderOf a node's folder, as the host sees it; nothing for a node that is state only */
  constructor(private readonly folderOf: (node: string) => string | undefined) {}

  /** Makes the files those of these VMs, and of no others. */
  show(files: readonly VmFile[]): void {
    const wanted = new Map(files.map((file) => [`${file.node}/${file.vmid}`, file]));
    for (const [key, { node, vmid }] of this.shown) {
      const folder = this.folderOf(node);
      if (folder && !wanted.has(key)) rmSync(join(folder, `${vmid}.conf`), { force: true });
    }
    for (const [key, { node, text, vmid }] of wanted) {
      const folder = this.folderOf(node);
      if (folder && this.shown.get(key)?.text !== text) writeFiles(folder, { [`/${vmid}.conf`]: text }, NODE_SHIFT);
    }
    this.shown = wanted;
  }
}
