import { Testing } from "cdktf";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { VmidGuard } from "../../constructs/vmid-guard";
import { decoded, TestStack } from "../support/synth";

describe("VmidGuard", () => {
  const stack = new TestStack();
  new TieredLxc(stack, "b", stack.props({ vmid: 302 }));
  new TieredLxc(stack, "a", stack.props({ vmid: 301, adopt: true }));
  const terraform = stack.synth();

  it("is what every guest waits for", () => {
    for (const guest of Object.values(terraform.resource.proxmox_virtual_environment_container ?? {})) {
      expect(guest).toMatchObject({ depends_on: ["terraform_data.vmid_guard"] });
    }
  });

  it("looks at the host only after the list of VMIDs, so that a first plan needs no host", () => {
    expect(terraform.resource.terraform_data?.vmids).toEqual({ input: "301,302" });
    for (const type of ["proxmox_virtual_environment_containers", "proxmox_virtual_environment_vms"]) {
      expect(terraform.data[type]).toEqual({ all: { depends_on: ["terraform_data.vmids"] } });
    }
  });

  it("is checked again when the list changes", () => {
    expect(terraform.resource.terraform_data?.vmid_guard).toMatchObject({
      input: "${terraform_data.vmids.output}",
      lifecycle: { precondition: [{ condition: "${length(local.taken_vmids) == 0}" }, {}] },
    });
  });

  it("knows each guest, and lets an adopted one be taken over", () => {
    expect(decoded(terraform.locals.guests_by_vmid)).toEqual({
      "301": { name: "a", node: "pve1", kind: "container", adopt: true },
      "302": { name: "b", node: "pve1", kind: "container", adopt: false },
    });
  });

  it("asks the same number of questions however many guests there are", () => {
    const many = new TestStack();
    for (let index = 0; index < 50; index++) new TieredLxc(many, `g${index}`, many.props({ vmid: 400 + index }));
    expect(Object.values(many.synth().data).flatMap((named) => Object.keys(named))).toHaveLength(3);
  });

  it.each([
    ["tiers", "lab-tiers"],
    ["Home Lab", "lab-home-lab"],
    ["tiers-staging", "lab-tiers-staging"],
  ])("tags the guests of %s with %s, a tag that Proxmox VE accepts", (lab, tag) => {
    expect(new VmidGuard(new TestStack(Testing.app()), "other", { lab }).tag).toBe(tag);
  });
});
