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

  it("lists each storage, however alike their names are", () => {
    const stack = new TestStack();
    for (const [index, storage] of ["fast.ssd", "fast_ssd", "fast.ssd"].entries())
      new TieredLxc(stack, `g${index}`, stack.props({ vmid: 400 + index, storage }));
    const listed = Object.values(stack.synth().data.proxmox_files ?? {}) as { datastore_id: string }[];
    expect(listed.map(({ datastore_id }) => datastore_id)).toEqual(["fast.ssd", "fast_ssd"]);
  });

  it("does not compare the disk of a guest that is made anew with the volume that it had", () => {
    const stack = new TestStack();
    new TieredLxc(stack, "kept", stack.props({ vmid: 301 }));
    new TieredLxc(stack, "anew", stack.props({ vmid: 302, rebuild: "2025-01" }));
    const condition = String(stack.synth().locals.smaller_disks);
    expect(condition).toContain("container.kept");
    expect(condition).not.toContain("container.anew");
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
