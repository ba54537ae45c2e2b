import type { NodeBridge } from "../../../testbed/api/guest-backend";
import { inertBackend, startTestbed, type Testbed } from "../../../testbed/api/index";

describe("a node that has files and a network of its own", () => {
  const found: Record<string, readonly string[]> = {};
  const reloads: (readonly NodeBridge[])[] = [];
  let testbed: Testbed;

  const call = async (method: string, path: string, parameters: Readonly<Record<string, string>> = {}) => {
    const answer = await testbed.local({ method, path, parameters });
    await testbed.settled();
    return answer;
  };
  const content = async () => {
    const { data } = await call("GET", "/nodes/pve1/storage/local/content");
    return (data as { volid: string }[]).map(({ volid }) => volid).filter((volid) => !volid.includes("vztmpl"));
  };

  beforeEach(async () => {
    for (const folder of Object.keys(found)) delete found[folder];
    reloads.length = 0;
    const backend = {
      ...inertBackend(),
      files: async (_: string, folder: string) =>
        (found[folder] ?? []).map((name) => ({ name, bytes: 3 * 2 ** 30, modified: 1_700_000_000 })),
      removeFile: async (_: string, path: string) => {
        const folder = path.replace(/\/[^/]*$/, "");
        found[folder] = (found[folder] ?? []).filter((name) => `${folder}/${name}` !== path);
      },
      network: async (_: string, bridges: readonly NodeBridge[]) => void reloads.push(bridges),
    };
    testbed = await startTestbed({ backend });
  });
  afterEach(() => testbed.close());

  it("shows what was put there over SSH, until it is gone", async () => {
    expect(await content()).toEqual([]);
    found["/var/lib/vz/snippets"] = ["user.yaml"];
    expect(await content()).toEqual(["local:snippets/user.yaml"]);
    await call("DELETE", "/nodes/pve1/storage/local/content/local:snippets%2Fuser.yaml");
    expect(found["/var/lib/vz/snippets"]).toEqual([]);
    found["/var/lib/vz/snippets"] = ["other.yaml"];
    expect(await content()).toEqual(["local:snippets/other.yaml"]);
    found["/var/lib/vz/snippets"] = [];
    expect(await content()).toEqual([]);
  });

  it("imports an image that was put there over SSH", async () => {
    const scsi0 = "local-lvm:0,import-from=local:import/haos.qcow2";
    await call("POST", "/nodes/pve1/qemu", { vmid: "100", scsi0 });
    expect(testbed.state.guests[100]).toBeUndefined();
    found["/var/lib/vz/import"] = ["haos.qcow2"];
    await call("POST", "/nodes/pve1/qemu", { vmid: "100", scsi0 });
    expect(testbed.state.guests[100]?.config.scsi0).toBe("local-lvm:vm-100-disk-0,size=3G");
  });

  it("gets its bridges at a reload, as the interfaces file has them", async () => {
    const bridge = { iface: "vmbr1", type: "bridge", cidr: "10.5.0.1/24", cidr6: "fd00:5::1/64", autostart: "1" };
    await call("POST", "/nodes/pve1/network", bridge);
    expect(reloads).toEqual([]);
    await call("PUT", "/nodes/pve1/network");
    const [[, vmbr1] = []] = reloads;
    expect(vmbr1).toMatchObject({ name: "vmbr1", addresses: ["10.5.0.1/24", "fd00:5::1/64"] });
    expect(vmbr1?.stanza).toMatch(
      /^auto vmbr1\niface vmbr1 inet static\n\taddress 10\.5\.0\.1\/24\n[\s\S]*\n\niface vmbr1 inet6 static\n\taddress fd00:5::1\/64\n+$/,
    );
    await testbed.reset();
    expect(reloads.at(-1)?.map(({ name }) => name)).toEqual(["vmbr0"]);
  });
});
