import { guardPlan } from "../../../cli/guard/judge";
import type { Plan, Values } from "../../../cli/guard/plan";
import { guest, lab, node } from "../../support/lab";
import { at, CT, change, LAB, lxc, plan } from "./plans";

describe("what the plan does not say", () => {
  const step = (action: "replace" | "create") =>
    change("null_resource.web_hardware", action, { triggers: { settings: "a" } }, { triggers: { settings: "b" } });
  const configured = (blocks: Values) => ({
    configuration: { root_module: { resources: [{ address: `${CT}.web`, expressions: blocks }] } },
  });
  const mount = (path: string, volume: string, size?: string) =>
    Object.fromEntries(Object.entries({ path, volume, size }).map(([key, value]) => [key, { constant_value: value }]));

  it("is what the hardware step changes: mounts, their sizes and options, devices", () => {
    const has = lxc({
      mount_point: [
        { path: "/a", volume: "local-lvm:vm-301-disk-1", size: "5G" },
        { path: "/b", volume: "/srv/b" },
      ],
      device_passthrough: [{ path: "/dev/kvm" }],
    });
    const wanted = {
      mount_point: [mount("/a", "local-lvm", "4G"), mount("/c", "/srv/c")],
      device_passthrough: [{ path: { constant_value: "/dev/fuse" } }],
    };
    const told = { ...plan(change(`${CT}.web`, "nothing", has, has), step("replace")), ...configured(wanted) };
    const [verdict] = guardPlan(told, LAB);
    expect(verdict?.outcome).toBe("fails");
    expect(verdict?.changes).toEqual([
      { text: "mount /b is taken away; the folder of the node stays", effect: "next start", at: at(6) },
      { text: "mount /a: 5 → 4 GiB", effect: "fails", at: at(6) },
      { text: "mount /c is added", effect: "live", at: at(6) },
      { text: "device /dev/kvm is taken away", effect: "next start", at: at(1) },
      { text: "device /dev/fuse is added", effect: "next start", at: at(1) },
      { text: "runs hardware again: its settings changed" },
    ]);
  });

  it("is that a node's step takes the last mount from a guest, but not from one that is adopted", () => {
    const has = lxc({ mount_point: [{ path: "/a", volume: "local-lvm:vm-301-disk-1", size: "5G" }] });
    const ofNode = change("null_resource.pve1_hardware", "replace", { triggers: {} }, { triggers: { settings: "x" } });
    const own = change("null_resource.web_hardware", "delete", { triggers: {} }, null);
    const told = plan(change(`${CT}.web`, "nothing", has, has), ofNode, own);
    const taken = guardPlan(told, LAB).find(({ subject }) => subject === "web");
    expect(taken?.changes[0]?.text).toBe("mount /a is taken away; the volume local-lvm:vm-301-disk-1 is kept, unused");
    const adopted = lab({ guests: [guest({ adopt: true })] });
    expect(guardPlan(told, adopted)[0]?.changes).toEqual([{ text: "no longer applies hardware; what was done stays" }]);
  });

  it("is told once: a node's step that has taken it, and runs for another guest, takes nothing again", () => {
    const has = lxc({ device_passthrough: [{ path: "/dev/nvidia0" }] });
    const web = change(`${CT}.web`, "nothing", has, has);
    const triggers = [{ triggers: { settings: "a" } }, { triggers: { settings: "b" } }] as const;
    const ofNode = (more: Parameters<typeof change>[4] = {}) =>
      change("null_resource.pve1_hardware", "replace", ...triggers, more);
    const subjects = (given: Plan) => guardPlan(given, LAB).map(({ subject }) => subject);
    expect(subjects(plan(web, ofNode()))).toEqual(["pve1"]);
    expect(subjects(plan(web, ofNode({ action_reason: "replace_because_tainted" })))).toEqual(["web", "pve1"]);
    expect(subjects(plan(web, change("null_resource.pve1_hardware", "create", null, triggers[1])))).toContain("web");
    const drift = change(`${CT}.web`, "update", lxc(), has);
    expect(subjects({ ...plan(web, ofNode()), resource_drift: [drift] })).toContain("web");
  });

  it("tells a node's roles, and gives a step to the host whose name fits best", () => {
    const given = lab({ nodes: [node()], guests: [guest(), guest({ name: "web_old", vmid: 302 })] });
    const verdicts = guardPlan(
      plan(
        change(`${CT}.web`, "nothing", lxc(), lxc()),
        change(`${CT}.web_old`, "nothing", lxc({ vm_id: 302 }), lxc({ vm_id: 302 })),
        change("null_resource.web_old_base", "replace", { triggers: { scripts: "a" } }, { triggers: { scripts: "b" } }),
        change("null_resource.pve1_base", "create", null, { triggers: {} }),
      ),
      given,
    );
    expect(verdicts.map(({ changes, outcome, subject }) => [subject, outcome, changes[0]?.text])).toEqual([
      ["web_old", "configured", "runs base again: its scripts changed"],
      ["pve1", "configured", "runs base"],
    ]);
  });

  it("knows the steps of a node whose name begins with a digit by cdktf's addresses", () => {
    const given = lab({ nodes: [node({ name: "1pve" }), node({ name: "pve" })], guests: [guest({ node: "1pve" })] });
    const has = lxc({ mount_point: [{ path: "/a", volume: "/srv/a" }] });
    const told = plan(
      change(`${CT}.web`, "nothing", has, has),
      change("null_resource._1pve_hardware_88E1F3DC", "create", null, { triggers: {} }),
      change("null_resource._1pve_zfs-dataset-za_078C1427", "create", null, { triggers: {} }),
      change("null_resource.pve_node-base", "create", null, { triggers: {} }),
    );
    expect(guardPlan(told, given).map(({ changes, subject }) => [subject, changes[0]?.text])).toEqual([
      ["web", "mount /a is taken away; the folder of the node stays"],
      ["1pve", "runs hardware, zfs-dataset-za"],
      ["pve", "runs node-base"],
    ]);
  });
});
