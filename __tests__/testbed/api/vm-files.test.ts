import { startTestbed, type TestbedOptions } from "../../../testbed/api/index";
import { inertBackend } from "../../../testbed/api/inert-backend";

/** A testbed whose nodes show VMs: by node and VMID, what they show last. */
async function shown(options: TestbedOptions = {}) {
  const seen = new Map<string, string>();
  const backend = {
    ...inertBackend(),
    showVms: (files: readonly { node: string; vmid: number; text: string }[]) => {
      seen.clear();
      for (const { node, text, vmid } of files) seen.set(`${node}/${vmid}`, text);
    },
  };
  const testbed = await startTestbed({ backend, ...options });
  const call = async (method: string, path: string, parameters: Record<string, string>) => {
    expect(await testbed.local({ method, path: `/nodes/pve1/${path}`, parameters })).toMatchObject({ status: 200 });
    await testbed.settled();
  };
  return { call, seen, testbed };
}

describe("the configurations of VMs on their nodes", () => {
  it("are there from the VM's creation to its end, with what waits for its next start", async () => {
    const { call, seen, testbed } = await shown();
    await call("POST", "qemu", { vmid: "101", name: "web", memory: "512", description: "of\nlines" });
    await call("POST", "lxc", { vmid: "102", ostemplate: testbed.state.volumes[0]?.volid ?? "", storage: "local-lvm" });
    expect([...seen.keys()]).toEqual(["pve1/101"]);
    expect(seen.get("pve1/101")).toMatch(/^name: web$/m);
    expect(seen.get("pve1/101")).not.toMatch(/description|lines|PENDING/);
    await call("POST", "qemu/101/status/start", {});
    await call("PUT", "qemu/101/config", { machine: "q35" });
    expect(seen.get("pve1/101")).toMatch(/\n\n\[PENDING\]\nmachine: q35\n$/);
    await call("POST", "qemu/101/status/stop", {});
    await call("DELETE", "qemu/101", {});
    expect([...seen.keys()]).toEqual([]);
    await testbed.close();
  });
});
