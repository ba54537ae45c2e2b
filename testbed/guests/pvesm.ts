import { isFileStorage, parseVolumeId, volumePath } from "../api/domains/volumes";
import { failed, failure, isEntry, parseArguments, success } from "./command-line";
import type { LocalApi } from "./local-api";
import type { CommandResult } from "./shell";

const USAGE = "USAGE: pvesm path <volume>";

/** Runs `pvesm path VOLUME` as typed on `node`: where a volume is, or would be. Of pvesm(1) it is the one command there is. */
export async function pvesm(node: string, words: readonly string[], api: LocalApi): Promise<CommandResult> {
  const [name = "", ...rest] = words;
  if (name !== "path") return failure(`ERROR: unknown command 'pvesm ${name}'\n${USAGE}`);
  const parsed = parseArguments(["volume"], rest);
  if (typeof parsed === "string") return failure(`${parsed}\n${USAGE}`);
  const { volume = "" } = parsed;
  const id = parseVolumeId(volume);
  if (!id)
    return failure(`400 Parameter verification failed.\nvolume: unable to parse volume ID '${volume}'\n${USAGE}`);
  const path = `/storage/${encodeURIComponent(id.storage)}`;
  const answer = await api({ node, method: "GET", path, parameters: {} });
  if (answer.status >= 400) return failed(answer, USAGE);
  const storage = isEntry(answer.data) ? answer.data : {};
  const section = Object.fromEntries(Object.entries(storage).map(([key, value]) => [key, String(value)]));
  // What is a file on other storages has no name on these: LVM, ZFS, RBD.
  if (id.name.includes("/") && !isFileStorage(section)) {
    return failure(`unable to parse ${section.type} volume name '${id.name}'`);
  }
  return success(`${volumePath(section, id.name)}\n`);
}
