import { guardPlan } from "../../../cli/guard/judge";
import type { Values } from "../../../cli/guard/plan";
import { formatPosition } from "../../../model/problem";
import { container, type LabFiles, load, removeLabFolders, SOUND } from "../../support/lab-folder";
import { CT, change, lxc, plan } from "./plans";

afterAll(removeLabFolders);

const GROUP = "inventory/lab/group_vars/guests.yml";
const HOST = "inventory/lab/host_vars/web.yml";

/** The line that is named for a change of the container `web`. */
function causeOf(after: Values, web: readonly string[], guests: readonly string[], more: LabFiles = {}) {
  const { lab, problems } = load({
    "host_vars/web.yml": container("vmid: 301", ...web),
    "group_vars/guests.yml": `${guests.join("\n")}\n`,
    ...more,
  });
  if (!lab) throw new Error(problems.map(({ message }) => message).join("; "));
  const [verdict] = guardPlan(plan(change(`${CT}.web`, "update", lxc(), lxc(after))), lab);
  const at = verdict?.changes[0]?.at;
  return at && formatPosition(at);
}
const MEMORY: Values = { memory: [{ dedicated: 3072, swap: 0 }] };
const ofMemory = (value: string, guests: readonly string[]) => causeOf(MEMORY, [`memory: ${value}`], guests);

describe("the line that causes a change", () => {
  it("is that of a plain value", () => {
    expect(ofMemory("3072", ["a: 1"])).toBe(`${HOST}:3:11`);
  });

  it.each([
    ["a lone reference", '"{{ lxc_memory }}"', ["lxc_memory: 3072"], "1:13"],
    ["several in a row", '"{{ small }}"', ["size: 3072", 'small: "{{ middle }}"', 'middle: "{{ size }}"'], "1:7"],
    ["a key of a mapping", '"{{ sizes.small }}"', ["sizes:", "  big: 1", "  small: 3072"], "3:10"],
    ["a key, with a name for the mapping", '"{{ s.small }}"', ['s: "{{ sizes }}"', "sizes:", "  small: 3072"], "3:10"],
    ["a conversion", '"{{ size | int }}"', ["size: '3072'"], "1:7"],
    ["a default that is not used", '"{{ size | default(512) }}"', ["size: 3072"], "1:7"],
    ["a default that is used", '"{{ absent | default(size) }}"', ["size: 3072"], "1:7"],
    ["a template that is referred to", '"{{ size }}"', ["base: 1024", 'size: "{{ base * 3 }}"'], "2:7"],
  ])("is behind %s", (_, value, guests, place) => {
    expect(ofMemory(value, guests)).toBe(`${GROUP}:${place}`);
  });

  it.each([
    ["several references", '"{{ base + more }}"', ["base: 2048", "more: 1024"]],
    ["arithmetic", '"{{ base * 3 }}"', ["base: 1024"]],
    ["a choice", '"{{ big if is_big else small }}"', ["big: 3072", "small: 512", "is_big: true"]],
    ["a key that is itself a variable", '"{{ sizes[size] }}"', ["sizes: { big: 3072 }", "size: big"]],
    ["text around it", '"{{ base }}72"', ["base: '30'"]],
    ["a default of its own", '"{{ absent | default(3072) }}"', ["base: 1"]],
  ])("is the template itself with %s", (_, value, guests) => {
    expect(ofMemory(value, guests)).toBe(`${HOST}:3:11`);
  });

  it("is behind the variable that a guest takes its size from, and behind those of its network", () => {
    const all = `${SOUND["group_vars/all.yml"]?.replace("bridge: vmbr0", 'bridge: "{{ main }}"')}main: vmbr0\n`;
    const web = {
      "host_vars/web.yml": "proxmox_lxc:\n  vmid: 301\n  cores: 2\n  disk: 8\n  networks: [{ ip: dhcp }]\n",
    };
    const guests = ["size: 3072", 'lxc_memory: "{{ size }}"'];
    expect(causeOf(MEMORY, [], guests, web)).toBe(`${GROUP}:1:7`);
    const card = { network_interface: [{ name: "eth0", bridge: "vmbr9" }] };
    const line = all.split("\n").indexOf("main: vmbr0") + 1;
    expect(causeOf(card, [], guests, { ...web, "group_vars/all.yml": all })).toBe(
      `inventory/lab/group_vars/all.yml:${line}:7`,
    );
  });
});
