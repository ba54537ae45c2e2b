import { privilegesOn } from "../../../testbed/api/auth/acl";
import { initialState } from "../../../testbed/api/state/initial";
import type { AclEntry, State } from "../../../testbed/api/state/state";

const USER = "kim@pve";
const TOKEN = "kim@pve!t";

function stateWith(...entries: (Partial<AclEntry> & { path: string; roleid: string })[]): State {
  const state = initialState();
  state.groups.team = {};
  const tokens = { t: { secret: "x", privsep: 1, expire: 0 }, full: { secret: "x", privsep: 0, expire: 0 } };
  state.users[USER] = { enable: 1, expire: 0, groups: ["team"], tokens };
  state.acl = entries.map((entry) => ({ type: "user", ugid: USER, propagate: 1, ...entry }));
  return state;
}

const has = (state: State, id: string, path: string, privilege: string): boolean =>
  privilegesOn(state, id, path).has(privilege);

describe("privileges on a path", () => {
  it("are inherited, unless the entry says that they are not", () => {
    const state = stateWith({ path: "/", roleid: "PVEAuditor" }, { path: "/vms", roleid: "PVEVMAdmin", propagate: 0 });
    expect(has(state, USER, "/storage/local", "Datastore.Audit")).toBe(true);
    expect(has(state, USER, "/vms", "VM.Allocate")).toBe(true);
    expect(has(state, USER, "/vms/101", "VM.Allocate")).toBe(false);
  });

  it("of a sub-path replace those from above, they do not add up", () => {
    const state = stateWith({ path: "/", roleid: "PVEAdmin" }, { path: "/vms", roleid: "PVEAuditor" });
    expect(has(state, USER, "/vms/101", "VM.Audit")).toBe(true);
    expect(has(state, USER, "/vms/101", "VM.Allocate")).toBe(false);
    expect(has(state, USER, "/storage/local", "Datastore.Allocate")).toBe(true);
  });

  it("of a user hide those of the user's groups at the same path", () => {
    const group = { path: "/vms", roleid: "PVEVMAdmin", type: "group", ugid: "team" } as const;
    expect(has(stateWith(group), USER, "/vms/101", "VM.Allocate")).toBe(true);
    expect(has(stateWith(group, { path: "/vms", roleid: "PVEAuditor" }), USER, "/vms/101", "VM.Allocate")).toBe(false);
  });

  it("of a privilege-separated token are those that its user holds too", () => {
    const own = { path: "/vms", roleid: "PVEVMAdmin", type: "token", ugid: TOKEN } as const;
    expect(has(stateWith(own), TOKEN, "/vms/101", "VM.Allocate")).toBe(false);
    expect(has(stateWith(own, { path: "/vms", roleid: "PVEAuditor" }), TOKEN, "/vms/101", "VM.Audit")).toBe(true);
    expect(has(stateWith({ path: "/vms", roleid: "PVEVMAdmin" }), `${USER}!full`, "/vms/101", "VM.Allocate")).toBe(
      true,
    );
  });

  it("on a pool count for its members, and for nothing else", () => {
    const state = stateWith({ path: "/pool/lab", roleid: "PVEVMAdmin" });
    state.pools.lab = { guests: [101], storages: [] };
    expect(has(state, USER, "/vms/101", "VM.Allocate")).toBe(true);
    expect(has(state, USER, "/vms/102", "VM.Allocate")).toBe(false);
    expect(privilegesOn(state, USER, "/vms/101", false).has("VM.Allocate")).toBe(false);
  });

  it("are none with NoAccess", () => {
    const state = stateWith({ path: "/", roleid: "Administrator" }, { path: "/vms/101", roleid: "NoAccess" });
    expect(privilegesOn(state, USER, "/vms/101").size).toBe(0);
  });

  it("of root's own ticket are all, of a privilege-separated token of root none without an entry", () => {
    const state = stateWith();
    state.users["root@pam"]!.tokens.sep = { secret: "x", privsep: 1, expire: 0 };
    expect(has(state, "root@pam", "/vms/101", "VM.Allocate")).toBe(true);
    expect(privilegesOn(state, "root@pam!sep", "/vms/101").size).toBe(0);
  });
});
