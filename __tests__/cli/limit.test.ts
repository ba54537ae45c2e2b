import fc from "fast-check";
import { limitedHosts } from "../../cli/limit";
import { hosts, load, removeLabFolders } from "../support/lab-folder";

afterAll(removeLabFolders);

const MEMBERS = {
  web_hosts: ["web1", "web2"],
  db_hosts: ["db"],
  inside: { children: ["web_hosts", "db_hosts"] },
  debian: ["web1", "db"],
  nobody: [],
} as const;
const { inventory } = load({ "hosts.yml": hosts(MEMBERS) });
const limited = (pattern: string) => [...limitedHosts(pattern, inventory)].sort();

describe("--limit", () => {
  it.each([
    ["web1", ["web1"]],
    ["web_hosts,db", ["db", "web1", "web2"]],
    ["inside:!web2", ["db", "web1"]],
    ["inside,&debian", ["db", "web1"]],
    ["!inside", ["pve1"]],
    ["web*", ["web1", "web2"]],
    ["web?,!*2", ["web1"]],
    ["inside,&debian,!db", ["web1"]],
    ["nobody,db", ["db"]],
    ["db,!nobody", ["db"]],
  ])("%s means what it means to Ansible", (pattern, expected) => {
    expect(limited(pattern)).toEqual(expected);
  });

  it.each([
    ["wep1", /no host or group "wep1"; did you mean "web1"/],
    ["db,!wep1", /no host or group "wep1"/],
    ["nobody", /nobody is left/],
    ["db,!db", /nobody is left/],
    ["", /nobody is left/],
    ["~web.*", /expected names of hosts and groups/],
    ["@retry", /expected names of hosts and groups/],
  ])("%j is refused", (pattern, says) => {
    expect(() => limited(pattern)).toThrow(says);
  });

  it("adds, keeps and leaves out as sets do, in whatever order", () => {
    const names = fc.constantFrom(...Object.keys(MEMBERS), "web1", "web2", "db", "pve1", "all");
    const part = fc.tuple(fc.constantFrom("", "!", "&"), names);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const of = (name: string) => {
          try {
            return new Set(limited(name));
          } catch {
            return new Set<string>();
          }
        };
        const sets = (sign: string) => parts.filter(([each]) => each === sign).map(([, name]) => of(name));
        const start = sets("").length > 0 ? sets("").flatMap((each) => [...each]) : [...inventory.hosts.keys()];
        const kept = start.filter(
          (host) => sets("&").every((each) => each.has(host)) && !sets("!").some((each) => each.has(host)),
        );
        const pattern = parts.map(([sign, name]) => sign + name).join(",");
        if (kept.length === 0) expect(() => limited(pattern)).toThrow(/nobody is left/);
        else expect(limited(pattern)).toEqual([...new Set(kept)].sort());
      }),
    );
  });
});
