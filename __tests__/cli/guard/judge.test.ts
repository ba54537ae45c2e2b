import fc from "fast-check";
import { guardPlan } from "../../../cli/guard/judge";
import { at, CT, change, LAB, lxc, only, plan, VM, vm } from "./plans";

describe("a guest", () => {
  it("that a plan leaves alone is not told", () => {
    expect(guardPlan(plan(change(`${CT}.web`, "nothing", lxc(), lxc())), LAB)).toEqual([]);
    expect(guardPlan({}, LAB)).toEqual([]);
  });

  it("is rebooted for memory, with the line that says so", () => {
    const after = lxc({ memory: [{ dedicated: 4096, swap: 0 }], description: "new" });
    expect(only(change(`${CT}.web`, "update", lxc(), after))).toMatchObject({
      subject: "web",
      what: "CT 301 on pve1",
      outcome: "rebooted",
      isDestructive: false,
      changes: [
        { text: "description: none → new", effect: "untouched", at: at(1) },
        { text: "memory.dedicated: 2048 → 4096", effect: "reboot", at: at(4) },
      ],
    });
  });

  it("that is stopped is not rebooted, and one that starts or stops is said to", () => {
    const [off, on] = [lxc({ started: false }), lxc()];
    const more = { memory: [{ dedicated: 4096, swap: 0 }] };
    expect(only(change(`${CT}.web`, "update", off, { ...off, ...more })).outcome).toBe("untouched");
    expect(only(change(`${CT}.web`, "update", on, { ...on, started: false })).outcome).toBe("stopped");
    expect(only(change(`${CT}.web`, "update", off, { ...off, started: true })).outcome).toBe("started");
  });

  it("has cards that are told apart, and lists that grow", () => {
    const cards = [{ name: "eth0", bridge: "vmbr1" }];
    expect(only(change(`${CT}.web`, "update", lxc(), lxc({ network_interface: cards }))).changes).toEqual([
      { text: "network_interface.bridge: vmbr0 → vmbr1", effect: "reboot", at: at(7) },
    ]);
    const two = [{ name: "eth0", bridge: "vmbr0" }, { name: "eth1" }];
    expect(only(change(`${CT}.web`, "update", lxc(), lxc({ network_interface: two }))).changes).toEqual([
      { text: "network_interface: 1 → 2", effect: "reboot", at: at(1) },
    ]);
  });

  it("whose disk shrinks makes the apply fail, though the plan says otherwise", () => {
    const sized = (size: number) => lxc({ disk: [{ datastore_id: "local-lvm", size }] });
    expect(only(change(`${CT}.web`, "update", lxc(), sized(4))).outcome).toBe("fails");
    expect(only(change(`${CT}.web`, "update", lxc(), sized(9))).outcome).toBe("live");
  });

  it("is replaced with all its volumes; what is bound from the node stays", () => {
    const mount_point = [
      { path: "/data", volume: "local-lvm:vm-301-disk-1", size: "20G" },
      { path: "/srv", volume: "/tank/srv", size: "" },
    ];
    const verdict = only(
      change(`${CT}.web`, "replace", lxc({ unprivileged: true, mount_point }), lxc({ unprivileged: false }), {
        replace_paths: [["unprivileged"]],
      }),
      change(
        "null_resource.web_base",
        "replace",
        { triggers: { guest: "301", settings: "a" } },
        {
          triggers: { settings: "a" },
        },
      ),
    );
    expect(verdict).toMatchObject({
      outcome: "replaced",
      isDestructive: true,
      changes: [{ text: "unprivileged: true → false", at: at(5) }, { text: "runs base again: the guest is made anew" }],
      losses: {
        lost: ["root disk (local-lvm, 8 GiB)", "volume /data (local-lvm:vm-301-disk-1, 20 GiB)"],
        kept: ["/srv (bound from /tank/srv of the node)"],
      },
    });
    expect(verdict).not.toHaveProperty("claims");
  });

  it.each([
    ["replace_because_tainted", "a former create or start failed, so Terraform makes it anew"],
    ["replace_by_request", "asked for by -replace"],
    ["replace_by_triggers", "rebuild was set or changed"],
  ])("is replaced for the reason %s", (action_reason, text) => {
    expect(only(change(`${CT}.web`, "replace", lxc(), lxc(), { action_reason })).changes[0]?.text).toBe(text);
  });

  it("that left the inventory is destroyed, and so is a VM with its disks", () => {
    const gone = change(`${VM}.old`, "delete", vm({ efi_disk: [{}], tpm_state: [{}] }), null);
    expect(only(gone)).toMatchObject({
      subject: "old",
      what: "VM 100 on pve1",
      outcome: "destroyed",
      isDestructive: true,
      changes: [{ text: "old is no longer in inventory/lab" }],
      losses: { lost: ["disk scsi0 (local-lvm, 32 GiB)", "EFI variables", "TPM state, with the keys in it"] },
    });
  });

  it("tells that a VM's detached disks go with it, where the provider has them looked for", () => {
    const lostOf = (delete_unreferenced_disks_on_destroy: boolean) =>
      only(change(`${VM}.old`, "delete", vm({ delete_unreferenced_disks_on_destroy }), null)).losses?.lost;
    expect(lostOf(true)).toContain("disks that were detached from it, on every storage");
    expect(lostOf(false)).toEqual(["disk scsi0 (local-lvm, 32 GiB)"]);
  });

  it("takes its VMID into use when it is created or gets another", () => {
    const created = only(change(`${CT}.web`, "create", null, lxc()));
    expect(created).toMatchObject({ outcome: "created", claims: { vmid: 301, kind: "container", tags: ["lab-lab"] } });
    const moved = change(`${CT}.web`, "replace", lxc(), lxc({ vm_id: 999 }), { replace_paths: [["vm_id"]] });
    expect(only(moved).claims?.vmid).toBe(999);
  });

  it("that somebody else destroyed or changed is said to be", () => {
    const created = plan(change(`${CT}.web`, "create", null, lxc()));
    const lost = { ...created, resource_drift: [change(`${CT}.web`, "delete", lxc(), null)] };
    expect(guardPlan(created, LAB)[0]?.changes[0]?.text).toBe("is new to Terraform");
    expect(guardPlan(lost, LAB)[0]?.changes[0]?.text).toBe("was destroyed behind Terraform's back, and is made anew");
    const other = lxc({ memory: [{ dedicated: 1, swap: 0 }] });
    const put = { ...plan(change(`${CT}.web`, "update", other, lxc({ description: "new" }))) };
    const [verdict] = guardPlan({ ...put, resource_drift: [change(`${CT}.web`, "update", lxc(), other)] }, LAB);
    expect(verdict?.changes.map(({ text }) => text)).toEqual([
      "description: none → new",
      "memory.dedicated: 1 → 2048, after somebody else changed it",
    ]);
  });

  it("that is adopted is taken over as it is, or with what changes", () => {
    const importing = { importing: { id: "pve1/301" } };
    expect(only(change(`${CT}.web`, "nothing", lxc(), lxc(), importing)).outcome).toBe("adopted");
    const after = lxc({ memory: [{ dedicated: 1, swap: 0 }] });
    expect(only(change(`${CT}.web`, "update", lxc(), after, importing)).outcome).toBe("rebooted");
  });

  it("shows no secret, in whatever part of it", () => {
    const block = (password: string) => lxc({ initialization: [{ user_account: [{ password, username: "me" }] }] });
    const sensitive = { initialization: [{ user_account: true }] };
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        const told = change(`${CT}.web`, "update", block(one), block(other), {
          before_sensitive: sensitive,
          after_sensitive: sensitive,
        });
        const text = JSON.stringify(guardPlan(plan(told), LAB));
        expect(text).toContain("a secret changes");
        expect(text.includes(one) || text.includes(other)).toBe(false);
      }),
    );
  });
});

describe("a VM", () => {
  const outcome = (before: object, after: object) =>
    only(change(`${VM}.win`, "update", vm({ ...before }), vm({ ...after }))).outcome;
  const memory = { memory: [{ dedicated: 1 }] };
  const disk = (more: object) => ({ disk: [{ interface: "scsi0", datastore_id: "local-lvm", size: 32, ...more }] });

  it("is restarted for memory, stopped for a move of its disk, and fails with a smaller one", () => {
    expect(outcome({}, memory)).toBe("rebooted");
    expect(outcome({}, disk({ datastore_id: "tank" }))).toBe("stopped");
    expect(outcome({}, disk({ size: 16 }))).toBe("fails");
    expect(outcome({}, disk({ size: 64 }))).toBe("live");
    expect(outcome({}, disk({ ssd: true }))).toBe("next start");
  });

  it("that is never to be restarted by the provider waits, or fails where it would have to be off", () => {
    const never = { reboot_after_update: false };
    expect(outcome(never, { ...never, ...memory })).toBe("next start");
    expect(outcome(never, { ...never, ...disk({ datastore_id: "tank" }) })).toBe("fails");
    expect(outcome(never, { ...never, tpm_state: [{ version: "v2.0" }] })).toBe("fails");
  });
});

describe("what is no guest", () => {
  it.each([
    ["proxmox_storage_nfs.nas", "storage", /data stays/],
    ["proxmox_virtual_environment_storage_nfs.nas", "storage", /data stays/],
    ["proxmox_network_linux_bridge.vmbr1", "network device", /lose the network/],
    ["proxmox_hardware_mapping_pci.gpu0", "resource mapping", /cannot start/],
    ["proxmox_something_new.x", "something new", /whatever it does/],
  ])("%s has to be allowed, too", (address, what, loses) => {
    for (const action of ["delete", "replace"] as const)
      expect(only(change(address, action, {}, action === "delete" ? null : {}))).toMatchObject({
        ...{ what, isDestructive: true, losses: { lost: [expect.stringMatching(loses)] } },
      });
    expect(guardPlan(plan(change(address, "update", { a: 1 }, { a: 2 })), LAB)).toEqual([]);
  });

  it.each(["proxmox_download_file.template", "proxmox_pool_membership.web"])("%s is no loss", (address) => {
    expect(only(change(address, "delete", {}, null))).toMatchObject({ isDestructive: false, outcome: "configured" });
  });

  it("leaves Terraform's own resources and data alone", () => {
    const data = { ...change("proxmox_virtual_environment_vms.all", "delete", {}, null), mode: "data" };
    expect(guardPlan(plan(data, change("terraform_data.vmids", "replace", {}, {})), LAB)).toEqual([]);
  });
});
