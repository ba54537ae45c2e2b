import type { Surroundings } from "../../stacks/guest-props";
import { lxcProps } from "../../stacks/guest-props";
import { type VmSurroundings, vmProps } from "../../stacks/vm-props";
import { LABS } from "../support/every-key";
import { load, removeLabFolders } from "../support/lab-folder";
import { TestStack } from "../support/synth";

afterEach(removeLabFolders);

/** Plain data with another text for each of its own, keys left out. */
function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapped(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapped(each, change)]));
}

/** Every text of every guest of these labs, as a template of Terraform's. */
const guests = (lab: string) =>
  (load(LABS[lab]).lab?.guests ?? []).map((guest) => {
    const { capabilities: _, steps: __, source, ...rest } = guest;
    const texts = mapped(rest, (text) => `${text}\${x}`) as typeof rest;
    return { ...texts, kind: guest.kind, source, capabilities: [], steps: [] } as typeof guest;
  });

const { guard, providers, ...others } = new TestStack().props();
const around: Surroundings & VmSurroundings = { guard, providers, node: others.node, template: others.template };

describe("a text of a guest", () => {
  it.each(["containers", "vms", "other VMs"])("is escaped for Terraform wherever it stands, in %s", (lab) => {
    const all = guests(lab);
    expect(all).not.toEqual([]);
    for (const guest of all) {
      const props = guest.kind === "vm" ? vmProps(guest, around, String) : lxcProps(guest, around, String);
      const { guard: _, node: __, providers: ___, ...plain } = props;
      const unescaped: string[] = [];
      mapped(plain, (text) => {
        if (/(?<!\$)\$\{x\}/.test(text)) unescaped.push(text);
        return text;
      });
      expect(unescaped).toEqual([]);
    }
  });
});
