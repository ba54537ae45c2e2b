import { pveumCommands, tokenRoles } from "../../model/credential-roles";
import { guestNeeds } from "../../model/credentials";
import { buildApp } from "../../stacks/app";
import { container, load, removeLabFolders, SOUND, webOf } from "../support/lab-folder";

afterAll(removeLabFolders);

describe("credentials", () => {
  const credentialOf = (...lines: string[]) => {
    const { credential, needs } = guestNeeds(webOf(lines));
    return { credential, root: needs.filter((need) => need.credential === "root").map(({ option }) => option) };
  };

  it.each([
    [["features: { nesting: true }"], []],
    [["features: { nesting: true, keyctl: true }"], ["features.keyctl"]],
    [["unprivileged: false", "features: { nesting: true }"], ["features.nesting"]],
    [["devices: [{ path: /dev/net/tun }]"], ["devices /dev/net/tun"]],
    [["mounts: [{ path: /data, source: /tank }]"], ["mounts /data"]],
    [["mounts: [{ path: /data, storage: local-lvm, size: 4 }]"], []],
    [["hook_script: local:snippets/x.sh"], ["hook_script"]],
  ])("%j needs root for %j", (lines, root) => {
    expect(credentialOf(...lines)).toEqual({ credential: root.length > 0 ? "root" : "token", root });
  });

  it("agrees with the provider that the stack gives each guest", () => {
    const files = {
      "hosts.yml": SOUND["hosts.yml"]!.replace("{ web: }", "{ web: , a: , b: , c: }"),
      "host_vars/a.yml": container("vmid: 302", "features: { keyctl: true }"),
      "host_vars/b.yml": container("vmid: 303", "mounts: [{ path: /data, source: /tank }]"),
      "host_vars/c.yml": container("vmid: 304", "unprivileged: false"),
    };
    const { lab: sound } = load(files);
    const [stack] = buildApp([{ lab: sound! }]).node.children;
    for (const guest of sound!.guests) {
      const built = stack?.node.findChild(guest.name) as unknown as { rootOnly: readonly unknown[] };
      expect([guest.name, guestNeeds(guest).credential === "root"]).toEqual([guest.name, built.rootOnly.length > 0]);
    }
  });

  it("derives the smallest roles, one a path", () => {
    const { lab: sound } = load({
      "host_vars/web.yml": container("vmid: 301", "pool: prod", "networks: [{ vlan: 30, ip: dhcp }]"),
    });
    const granted = new Map(
      tokenRoles(sound!).flatMap(({ paths, privileges }) => paths.map(({ path }) => [path, privileges] as const)),
    );
    expect([...granted.keys()].sort()).toEqual([
      "/nodes/pve1",
      "/pool/prod",
      "/sdn/zones/localnetwork/vmbr0/30",
      "/storage/local",
      "/storage/local-lvm",
      "/vms",
    ]);
    expect(granted.get("/vms")).not.toContain("VM.Migrate");
    expect(granted.get("/storage/local-lvm")).toEqual(["Datastore.AllocateSpace", "Datastore.Audit"]);
    expect(pveumCommands(sound!)).toContain("  pveum acl modify /vms $who --roles lab-vms --propagate 1");
  });

  it("asks nothing but sight of guests from the token where root manages all of them", () => {
    const { lab: sound } = load({ "host_vars/web.yml": container("vmid: 301", "features: { keyctl: true }") });
    const vms = tokenRoles(sound!).find(({ paths }) => paths.some(({ path }) => path === "/vms"));
    expect(vms?.privileges).toEqual(["VM.Audit"]);
  });
});
