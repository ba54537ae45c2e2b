import type { GuestValues } from "../state/state";
import type { Context } from "../testbed";
import { contentOf, findVolume, formatOf, isFileStorage, parseVolumeId, volumePath } from "./volumes";

const CONTENT = ["iso", "vztmpl", "snippets", "import"];

/** Takes up what was put into a storage's folders on the node, or taken from them, by other means, as over SSH. */
export async function takeUpFiles(context: Context, id: string, node: string): Promise<void> {
  const { state, testbed } = context;
  const storage = state.storages[id];
  if (!testbed.backend.files || !storage || !isFileStorage(storage)) return;
  for (const content of CONTENT.filter((kind) => contentOf(storage).includes(kind))) {
    const folder = volumePath(storage, `${content}/`).replace(/\/$/, "");
    const files = await testbed.backend.files(node, folder);
    const names = new Set(files.map(({ name }) => `${id}:${content}/${name}`));
    state.volumes = state.volumes.filter(
      (volume) =>
        !volume.isFile ||
        volume.node !== node ||
        !volume.volid.startsWith(`${id}:${content}/`) ||
        names.has(volume.volid),
    );
    for (const { bytes, modified, name } of files) {
      const volid = `${id}:${content}/${name}`;
      if (findVolume(state, volid, node)) continue;
      const format = formatOf(content, name);
      state.volumes.push({ volid, node, content, format, size: bytes, ctime: modified, isFile: true });
    }
  }
}

/** Takes up files that options of a new guest name, unless they are known: images to import, templates, ISO images. */
export async function takeUpNamed(context: Context, node: string, values: GuestValues): Promise<void> {
  for (const value of Object.values(values)) {
    for (const [volid] of value.matchAll(/[a-z][\w.-]*:(?:iso|vztmpl|snippets|import)\/[^,]+/gi)) {
      const storage = parseVolumeId(volid)?.storage ?? "";
      if (!findVolume(context.state, volid, node)) await takeUpFiles(context, storage, node);
    }
  }
}
