import { Testing } from "cdktf";
import { parse } from "yaml";
import { ConstructError } from "../../constructs/construct-error";
import { VARIABLES } from "../../model/schema/variables";
import { LabError } from "../../stacks/lab-error";
import { LabStack } from "../../stacks/lab-stack";
import { quietStacks } from "../../stacks/quiet-stacks";
import { LABS } from "../support/every-key";
import { load, removeLabFolders, SOUND } from "../support/lab-folder";
import { type Path, type SchemaKey, SchemaKeys } from "../support/schema-keys";

const restore = quietStacks();
afterAll(restore);
afterEach(removeLabFolders);

type Mapping = Readonly<Record<string | number, unknown>>;

const CHECKED = "the model checks it, or checks with it; Proxmox VE has no place for it";
const NOTED = "says to readers of the inventory what it is for";
const DEMANDED = "with the other keys of its mapping the only thing that may stand there";

/** Keys that Terraform never hears of, and why. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  "proxmox_networks{}.router": DEMANDED,
  "proxmox_templates{}.checksum_algorithm": DEMANDED,
  "proxmox_storages{}.type": DEMANDED,
  "proxmox_storages{}.size": CHECKED,
  "proxmox_default_mounts[].not_backed_up": CHECKED,
  "proxmox_node.cores": CHECKED,
  "proxmox_node.memory": CHECKED,
  "proxmox_node.bridges{}.management": DEMANDED,
  "proxmox_node.bridges{}.forward[].comment": NOTED,
  "proxmox_node.storages{}.type": CHECKED,
  "proxmox_node.storages{}.size": CHECKED,
  "proxmox_node.storages{}.content": CHECKED,
  "proxmox_node.gpus{}.model": NOTED,
  "proxmox_node.gpus{}.memory": CHECKED,
  "proxmox_lxc.exceptions.cores": CHECKED,
  "proxmox_lxc.exceptions.memory": CHECKED,
  "proxmox_lxc.exceptions.disk": CHECKED,
  "proxmox_lxc.gpus[].exclusive": CHECKED,
  "proxmox_lxc.gpus[].memory": CHECKED,
  "proxmox_vm.cloud_init.image.os": CHECKED,
  "proxmox_vm.root_disk.not_backed_up": CHECKED,
  "proxmox_vm.disks[].not_backed_up": CHECKED,
  "proxmox_vm.gpus[].memory": CHECKED,
  "proxmox_vm.ssh.os": CHECKED,
};

/** What Terraform gets, with the settings of steps; undefined for an inventory with mistakes. */
function terraform(files: Mapping): string | undefined {
  const { lab } = load(Object.fromEntries(Object.entries(files).map(([file, value]) => [file, JSON.stringify(value)])));
  try {
    // Hashes of roles' folders belong to the roles.
    return lab && Testing.synth(new LabStack(Testing.app(), lab)).replace(/[0-9A-F]{32}/g, "");
  } catch (error) {
    if (error instanceof LabError || error instanceof ConstructError) return undefined;
    throw error;
  } finally {
    removeLabFolders();
  }
}

const labs = new Map(
  Object.entries(LABS).map(([name, texts]) => {
    const all = Object.entries({ ...SOUND, ...texts });
    const files: Mapping = Object.fromEntries(all.map(([file, text]) => [file, parse(text)]));
    return [name, { files, before: terraform(files) }];
  }),
);

const keys = new SchemaKeys();
for (const [name, schema] of Object.entries(VARIABLES)) {
  for (const [lab, { files }] of labs)
    for (const [file, vars] of Object.entries(files))
      if (/_vars\//.test(file)) keys.add(schema, name, (vars as Mapping | null)?.[name], [lab, file, name]);
}

/** `value` with another one at a place; undefined takes the key away. */
function changed(value: unknown, [first, ...rest]: Path, to: unknown): unknown {
  if (first === undefined) return to;
  if (Array.isArray(value)) return value.map((each, index) => (index === first ? changed(each, rest, to) : each));
  const mapping = value as Mapping;
  return { ...mapping, [first]: changed(mapping[first], rest, to) };
}

/** Names that the labs have, for keys that name something. */
const NAMES = ["slow", "local-lvm", "nas", "others", "k80", "gpu1", "stick", "eno3", "vmbr0"];
/** Enough of a key's words and places: most keys differ at the first. */
const FEW = 4;

/** Other values that may stand for one. */
function others(value: unknown, words: readonly unknown[]): unknown[] {
  if (typeof value === "boolean") return [undefined, !value];
  if (typeof value === "number") return [undefined, value + 1, value - 1];
  if (Array.isArray(value)) return [undefined, value.slice(1), ...others(value[0], words).map((each) => [each])];
  if (typeof value === "object") return [undefined, { secret: "another" }];
  const text = String(value);
  const digit = text.replace(/\d(?=\D*$)/, (found) => String((Number(found) + 1) % 10));
  const named = words.length > 0 ? words.slice(0, FEW) : NAMES;
  return [undefined, digit, ...named, `${text}x`].filter((each) => each !== value);
}

/** Whether any lab that has the key differs in Terraform when the key is left out or says something else. */
function hasEffect({ name, places, words }: SchemaKey): boolean {
  return places.slice(0, name in WITHOUT_EFFECT ? 1 : FEW).some(([lab = "", file = "", ...at]) => {
    const { before, files } = labs.get(String(lab))!;
    const old = at.reduce<unknown>((value, part) => (value as Mapping)[part], files[file]);
    return others(old, words).some((value) => {
      const after = terraform(changed(files, [file, ...at], value) as Mapping);
      return after !== undefined && after !== before;
    });
  });
}

describe("a key of the inventory", () => {
  it("is used by one of the labs that are looked at here", () => {
    expect([...labs].filter(([, { before }]) => before === undefined).map(([name]) => name)).toEqual([]);
    expect(keys.all.filter(({ places }) => places.length === 0).map(({ name }) => name)).toEqual([]);
  });

  // Some hundred labs are read and synthesized.
  it("tells Terraform, or a step, something", () => {
    const silent = keys.all.filter((key) => !hasEffect(key)).map(({ name }) => name);
    expect(silent.sort()).toEqual(Object.keys(WITHOUT_EFFECT).sort());
  }, 120_000);
});
