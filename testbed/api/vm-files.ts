import type { VmFile } from "./guest-backend";
import type { GuestValues, State } from "./state/state";

/** What `/etc/pve/qemu-server` has: what is in force, then what waits for the next start. Snapshots are left out. */
export function vmFiles(state: State): VmFile[] {
  return Object.values(state.guests).flatMap(({ config, node, pending, type, vmid }) => {
    if (type !== "qemu") return [];
    const gone = Object.keys(pending).filter((key) => pending[key] === null);
    const kept = Object.entries(pending).filter((entry): entry is [string, string] => entry[1] !== null);
    const waiting = [...lines(Object.fromEntries(kept)), ...(gone.length > 0 ? [`delete: ${gone.join(",")}`] : [])];
    const all = [...lines(config), ...(waiting.length > 0 ? ["", "[PENDING]", ...waiting] : []), ""];
    return [{ node, vmid, text: all.join("\n") }];
  });
}

/** The description, which the file has as comments, is nobody's concern here. */
const lines = (values: GuestValues): string[] =>
  Object.entries(values).flatMap(([key, value]) => (key === "description" ? [] : [`${key}: ${value}`]));
