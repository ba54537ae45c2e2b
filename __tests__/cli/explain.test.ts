import { labFolder, removeLabFolders, SOUND } from "../support/lab-folder";
import { BROKEN, capture, lab } from "./capture";

afterAll(removeLabFolders);

describe("explain", () => {
  it("names the host's file and that of the tier it departs from", async () => {
    const { out, code } = await lab("explain", "tiers/jellyfin", "proxmox_lxc.memory");
    expect(code).toBe(0);
    expect(out).toMatch(/^proxmox_lxc.memory = 32768$/m);
    expect(out).toMatch(/host_vars\/jellyfin.yml:6:11 {2}32768 .*wins/);
    expect(out).toMatch(/group_vars\/large_servers.yml:3:13 {2}16384/);
  });

  it("follows a reference to the file that has the value", async () => {
    const { out } = await lab("explain", "tiers/media", "proxmox_lxc.memory");
    expect(out).toMatch(
      /host_vars\/media.yml:6:15 {2}\{\{ lxc_memory \}\} → inventory\/tiers\/group_vars\/medium_servers.yml:3:13/,
    );
    expect(out).toContain("VM.Config.Memory on /vms/303");
  });

  it("tells what was overridden, and why", async () => {
    const cwd = labFolder({
      "group_vars/guests.yml": "color: red\n",
      "host_vars/web.yml": `${SOUND["host_vars/web.yml"]}color: blue\n`,
    });
    const { out } = await capture(["explain", "lab/web", "color"], cwd);
    expect(out).toMatch(/"blue" {2}\(host web\) wins: a host is stronger than its groups/);
    expect(out).toMatch(/group_vars\/guests.yml:1:8 {2}"red" {2}\(group guests\) overridden/);
  });

  const AMONG_EQUALS =
    "z_flat comes after a_deep in the alphabet, and they are equal in depth and ansible_group_priority";
  const HIGHER = "its ansible_group_priority is 5, that of z_flat 1: the higher one wins";
  const DEEPER = "it is 2 groups below all, z_flat only 1: the deeper group wins";
  it.each([
    ["depth", "above: { children: { a_deep: { hosts: { web: } } } }", DEEPER],
    ["priority", "a_deep: { hosts: { web: }, vars: { ansible_group_priority: 5 } }", HIGHER],
    ["name", "a_deep: { hosts: { web: } }", AMONG_EQUALS],
  ])("names the rule that decided between two groups: %s", async (_, group, rule) => {
    const cwd = labFolder({
      "hosts.yml": `${SOUND["hosts.yml"]!.trimEnd()}\n    z_flat: { hosts: { web: } }\n    ${group}\n`,
      "group_vars/z_flat.yml": "color: red\n",
      "group_vars/a_deep.yml": "color: blue\n",
    });
    const { out } = await capture(["explain", "lab/web", "color"], cwd);
    expect(out).toContain(`wins: ${rule}`);
  });

  it("names root@pam for what only it may set", async () => {
    const { out } = await lab("explain", "tiers/media", "proxmox_lxc.cores");
    expect(out).toContain("root@pam manages the whole guest");
  });

  it("lists all keys without one", async () => {
    const { out } = await lab("explain", "tiers/media");
    expect(out).toMatch(/^proxmox_lxc.memory +8192 +inventory\/tiers\/group_vars\/medium_servers.yml:3:13$/m);
  });

  it("fails on a value that is wrong", async () => {
    const { code, err } = await capture(["explain", "lab/web", "proxmox_lxc.memory"], labFolder(BROKEN));
    expect(code).toBe(1);
    expect(err).toContain("8 GB");
  });
});
