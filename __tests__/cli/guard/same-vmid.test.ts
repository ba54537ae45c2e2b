import { guardPlan } from "../../../cli/guard/judge";
import type { Plan, ResourceChange, Values } from "../../../cli/guard/plan";
import { guest, lab } from "../../support/lab";
import { CT, change, LAB, lxc, plan, VM, vm } from "./plans";

const OPTIONS = "proxmox_virtual_environment_firewall_options";
const POOL = "proxmox_pool_membership";
const mv = (type: string) => `terraform -chdir=cdktf.out/stacks/lab state mv ${type}.old ${type}.web`;

/** A plan with a state, which holds these addresses. */
const knowing = (held: Readonly<Record<string, Values>>, ...changes: readonly ResourceChange[]): Plan => ({
  ...plan(...changes),
  prior_state: {
    values: {
      root_module: {
        resources: Object.entries(held).map(([address, values]) => {
          const [type = "", name = ""] = address.split(".");
          return { address, type, name, mode: "managed", values };
        }),
      },
    },
  },
});

const configured = (...addresses: readonly string[]) => ({
  configuration: { root_module: { resources: addresses.map((address) => ({ address })) } },
});

const verdictOf = (plan: Plan, subject = "web", given = LAB) =>
  guardPlan(plan, given).find((verdict) => verdict.subject === subject);
const fixOf = (...given: Parameters<typeof verdictOf>) => verdictOf(...given)?.changes.find(({ fix }) => fix)?.fix;
const texts = (...given: Parameters<typeof verdictOf>) => verdictOf(...given)?.changes.map(({ text }) => text);

const created = change(`${CT}.web`, "create", null, lxc());
const destroyed = change(`${CT}.old`, "delete", lxc(), null);

describe("a guest that takes the VMID of another", () => {
  it("fails though -target keeps the other out of the plan, and only then is said to meet one that still has it", () => {
    const limited = knowing({ [`${CT}.old`]: lxc() }, created);
    expect(verdictOf(limited)?.outcome).toBe("fails");
    expect(texts(limited)).toContain("VMID 301 is that of old, which still has it");
    expect(fixOf(limited)).toContain(`${mv(CT)}; for another guest, give it another VMID`);
    const whole = knowing({ [`${CT}.old`]: lxc() }, created, destroyed);
    expect(texts(whole)).toContain("VMID 301 is that of old, which the same plan destroys at the same time");
  });

  it("is no guest of another VMID, nor the guest itself, nor data", () => {
    const replaced = change(`${CT}.web`, "replace", lxc({ vm_id: 300 }), lxc(), { replace_paths: [["vm_id"]] });
    expect(
      verdictOf(knowing({ [`${CT}.old`]: lxc({ vm_id: 302 }), "terraform_data.x": lxc() }, created)),
    ).toMatchObject({
      outcome: "created",
    });
    expect(verdictOf(knowing({ [`${CT}.web`]: lxc() }, replaced))?.outcome).toBe("replaced");
  });

  it("fails also where it is there and only changes its VMID, which no other name mends", () => {
    const replaced = change(`${CT}.web`, "replace", lxc({ vm_id: 300 }), lxc(), { replace_paths: [["vm_id"]] });
    const told = knowing({ [`${CT}.old`]: lxc() }, replaced);
    expect(texts(told)).toContain("VMID 301 is that of old, which still has it");
    expect(fixOf(told)).not.toContain("state mv");
  });

  it("waits for one that stays under another VMID, which is deployed first", () => {
    const both = lab({ guests: [guest(), guest({ name: "old", vmid: 302 })] });
    const fix = fixOf(knowing({ [`${CT}.old`]: lxc() }, created), "web", both);
    expect(fix).toBe("give it another VMID; or deploy old first, so that it gives up its VMID: --limit old");
  });

  it("is of another kind: a VM cannot become a container", () => {
    expect(fixOf(knowing({ [`${VM}.old`]: vm({ vm_id: 301 }) }, created))).not.toContain("state mv");
  });
});

describe("a guest under another name", () => {
  it("takes along what bears its name, itself first, in commands that can be pasted", () => {
    const pair = (type: string) => [
      change(`${type}.old`, "delete", {}, null),
      change(`${type}.web`, "create", null, {}),
    ];
    const told = plan(
      ...pair(OPTIONS),
      ...pair(POOL),
      destroyed,
      created,
      ...pair("null_resource"),
      change("proxmox_storage_nfs.old", "delete", {}, null),
      change("proxmox_hardware_mapping_pci.web", "create", null, {}),
    );
    const moves = [CT, OPTIONS, POOL].map(mv).join(" && ");
    expect(fixOf(told)).toContain(`to keep the guest under its new name: ${moves}; for another guest`);
  });

  it("does so under -target, by state and configuration; what is still configured stays where it is", () => {
    const held = { [`${CT}.old`]: lxc(), [`${OPTIONS}.old`]: {}, [`${POOL}.old`]: {}, "proxmox_storage_nfs.old": {} };
    const limited = {
      ...knowing(held, created),
      ...configured(`${CT}.web`, `${OPTIONS}.web`, "proxmox_storage_nfs.old", "proxmox_storage_nfs.web"),
    };
    expect(fixOf(limited)).toContain(`name: ${[CT, OPTIONS].map(mv).join(" && ")}; for`);
  });
});

describe("one guest that Terraform knows twice", () => {
  const rm = (name: string) =>
    `let Terraform forget ${name}: terraform -chdir=cdktf.out/stacks/lab state rm ${CT}.${name}`;
  const text = "VMID 301 is that of web, too, which is not to go: what destroys old destroys it";

  it("is not destroyed by its old address", () => {
    const stays = change(`${CT}.web`, "nothing", lxc(), lxc());
    for (const told of [plan(destroyed, stays), knowing({ [`${CT}.web`]: lxc() }, destroyed)]) {
      expect(verdictOf(told, "old")).toMatchObject({ isForbidden: true, outcome: "destroyed" });
      expect(texts(told, "old")).toContain(text);
      expect(fixOf(told, "old")).toBe(rm("old"));
    }
  });

  it("is not replaced either; the address that the lab does not have is the one to forget", () => {
    const replaced = change(`${CT}.web`, "replace", lxc(), lxc(), { action_reason: "replace_by_triggers" });
    expect(fixOf(knowing({ [`${CT}.old`]: lxc() }, replaced))).toBe(rm("old"));
    const moved = change(`${CT}.old`, "replace", lxc(), lxc({ vm_id: 302 }), { replace_paths: [["vm_id"]] });
    const both = lab({ guests: [guest(), guest({ name: "old", vmid: 302 })] });
    expect(fixOf(knowing({ [`${CT}.web`]: lxc() }, moved), "old", both)).toBe(rm("old"));
  });

  it("goes where both go", () => {
    const both = plan(destroyed, change(`${CT}.web`, "delete", lxc(), null));
    expect(guardPlan(both, lab({ guests: [] })).map(({ isForbidden = false }) => isForbidden)).toEqual([false, false]);
  });
});
