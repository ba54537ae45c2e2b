import type { NodeFile } from "../api/guest-backend";
import type { NodeGuest } from "./node-guest";

/** Regular files right in a folder of a node; none when there is no such folder. */
export async function filesOn(node: NodeGuest, folder: string): Promise<NodeFile[]> {
  const format = "%s %T@ %f\\n";
  const { output } = await node.runToEnd("find", [folder, "-maxdepth", "1", "-type", "f", "-printf", format]);
  return output.split("\n").flatMap((line) => {
    const [, bytes, modified, name] = /^(\d+) (\d+)\S* (.+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, bytes: Number(bytes), modified: Number(modified) }];
  });
}
