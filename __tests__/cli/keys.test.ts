import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { pinKeys } from "../../cli/keys/pin";
import { loadLab } from "../../model";
import { toPlain } from "../../model/tree";
import { parseYaml } from "../../model/yaml";
import { labFolder, removeLabFolders, SOUND } from "../support/lab-folder";
import { publicKey } from "../support/ssh-key";
import { capture } from "./capture";

const key = (seed: string, type = "ssh-ed25519") =>
  publicKey(type, [...(type === "ssh-rsa" ? [Buffer.from([1, 0, 1])] : []), Buffer.from(seed.padEnd(32, "."))]);

const MINE = `${key("mine")} anna@laptop`;
const FILE = `# People.
base_users:
    # The first.
    - name: anna   # comes first
      sudo: yes
      ssh_keys:
          # Her laptop.
          - ${MINE}   # by hand
          - ${key("old")} github.com/anna-gh
    - { name: ben, shell: /bin/sh }
    - name: cleo
      ssh_keys: []
base_timezone:   Europe/Berlin
`;

let server: Server;
let url: string;
const answers = new Map<string, { status: number; body: string }>();

beforeAll(async () => {
  server = createServer(({ url: path = "" }, response) => {
    const { body, status } = answers.get(path) ?? { status: 404, body: "Not Found" };
    response.writeHead(status, status === 301 ? { location: "/elsewhere.keys" } : {}).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());
beforeEach(() => {
  process.env.LAB_GITHUB_URL = url;
  answers.clear();
  answers.set("/anna-gh.keys", { status: 200, body: `${key("new")}\n${key("rsa", "ssh-rsa")}\n` });
  answers.set("/ben-gh.keys", { status: 200, body: `${key("ben")}\n` });
});
afterAll(() => {
  delete process.env.LAB_GITHUB_URL;
});

function folder(accounts: string, users = FILE): string {
  return labFolder({
    "group_vars/all/main.yml": `${SOUND["group_vars/all.yml"]}`,
    "group_vars/all.yml": "",
    "group_vars/all/users.yml": users,
    "group_vars/all/accounts.yml": accounts,
  });
}
afterAll(removeLabFolders);

const usersOf = (cwd: string) => readFileSync(join(cwd, "inventory/lab/group_vars/all/users.yml"), "utf8");
const ACCOUNTS = "github_accounts: { anna: [anna-gh], ben: [ben-gh] }\n";

describe("keys sync", () => {
  it("shows what would change, and writes nothing", async () => {
    const cwd = folder(ACCOUNTS);
    const { code, out } = await capture(["keys", "sync", "lab"], cwd);
    expect(code).toBe(0);
    expect(out).toContain(
      `--- inventory/lab/group_vars/all/users.yml\n+++ inventory/lab/group_vars/all/users.yml\n@@ line `,
    );
    expect(out).toContain(`-          - ${key("old")} github.com/anna-gh\n`);
    expect(out).toContain(
      `+          - ${key("new")} github.com/anna-gh\n+          - ${key("rsa", "ssh-rsa")} github.com/anna-gh\n`,
    );
    expect(out).toContain("nothing was written");
    expect(usersOf(cwd)).toBe(FILE);
  });

  it("pins the keys, and leaves comments, style and keys by hand alone; the result is a sound lab", async () => {
    const cwd = folder(ACCOUNTS);
    expect(await capture(["keys", "sync", "lab", "--write"], cwd)).toMatchObject({ code: 0, err: "" });
    expect(usersOf(cwd)).toBe(`# People.
base_users:
    # The first.
    - name: anna   # comes first
      sudo: yes
      ssh_keys:
          # Her laptop.
          - ${MINE}   # by hand
          - ${key("new")} github.com/anna-gh
          - ${key("rsa", "ssh-rsa")} github.com/anna-gh
    - { name: ben, ssh_keys: [${key("ben")} github.com/ben-gh], shell: /bin/sh }
    - name: cleo
      ssh_keys: []
base_timezone:   Europe/Berlin
`);
    expect(loadLab("lab", { cwd }).problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const again = await capture(["keys", "sync", "lab", "--write"], cwd);
    expect(again.out).toBe("lab: the keys are as the accounts have them\n");
  });

  it("takes keys from files of a folder, for a place without a network", async () => {
    for (const prefix of ["", "file://"]) {
      const cwd = folder(ACCOUNTS);
      const keys = join(cwd, "keys");
      mkdirSync(keys);
      writeFileSync(join(keys, "anna-gh.keys"), `${key("new")} anna@desk\r\n${key("rsa", "ssh-rsa")}\n`);
      process.env.LAB_GITHUB_URL = prefix === "" ? "keys" : `${prefix}${keys}`;
      expect(await capture(["keys", "sync", "lab", "--write"], cwd)).toMatchObject({
        code: 1,
        err: expect.stringMatching(
          /keys\/ben-gh\.keys cannot be read: .*save https:\/\/github\.com\/ben-gh\.keys there/,
        ),
      });
      writeFileSync(join(keys, "ben-gh.keys"), `${key("ben")}\n`);
      expect(await capture(["keys", "sync", "lab", "--write"], cwd)).toMatchObject({ code: 0, err: "" });
      expect(usersOf(cwd)).toContain(`          - ${key("new")} github.com/anna-gh\n`);
    }
  });

  it.each(["ftp://here", "github.example.com", "https://", "file://there/keys", "/nowhere"])(
    "refuses %s for a place of keys",
    async (place) => {
      process.env.LAB_GITHUB_URL = place;
      const { code, err } = await capture(["keys", "sync", "lab"], folder(ACCOUNTS));
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringContaining(
          `LAB_GITHUB_URL: expected https://… or a folder with ACCOUNT.keys files, got "${place}"`,
        ),
      });
    },
  );

  it("says that a lab has no accounts", async () => {
    const { code, out } = await capture(["keys", "sync", "lab"], folder("", "base_users: [{ name: ben }]\n"));
    expect({ code, out }).toEqual({ code: 0, out: "lab: there are no github_accounts, and no keys of any\n" });
  });

  it("takes away the keys of an account that is no longer named", async () => {
    const cwd = folder("github_accounts: {}\n");
    await capture(["keys", "sync", "lab", "--write"], cwd);
    expect(usersOf(cwd)).toBe(FILE.replace(/.*github\.com.*\n/, ""));
  });

  it.each<[string, string, () => void, RegExp]>([
    [
      "an unknown account",
      "{ anna: [nobody] }",
      () => undefined,
      /accounts\.yml:1:2[67] error there is no account "nobody"/,
    ],
    [
      "no keys",
      "{ anna: [anna-gh] }",
      () => answers.set("/anna-gh.keys", { status: 200, body: "\n" }),
      /has no SSH keys/,
    ],
    [
      "a renamed account",
      "{ anna: [anna-gh] }",
      () => answers.set("/anna-gh.keys", { status: 301, body: "" }),
      /has another name by now/,
    ],
    [
      "a server in trouble",
      "{ anna: [anna-gh] }",
      () => answers.set("/anna-gh.keys", { status: 503, body: "" }),
      /answers 503/,
    ],
    [
      "a page",
      "{ anna: [anna-gh] }",
      () => answers.set("/anna-gh.keys", { status: 200, body: "<html>" }),
      /no SSH key: "<html>"/,
    ],
    [
      "a key that lies about its type",
      "{ anna: [anna-gh] }",
      () => answers.set("/anna-gh.keys", { status: 200, body: key("x").replace("ed25519", "rsa") }),
      /no SSH key/,
    ],
    ["an unknown user", "{ ana: [anna-gh] }", () => undefined, /no base_users has a user "ana"; did you mean "anna"/],
    [
      "no account name",
      "{ anna: [a/b] }",
      () => undefined,
      /accounts\.yml:1:2[67] error github_accounts\.anna\.0.*a GitHub account/,
    ],
    [
      "no network",
      "{ anna: [anna-gh] }",
      () => (process.env.LAB_GITHUB_URL = "http://127.0.0.1:65535"),
      /does not answer: ECONNREFUSED; .*LAB_GITHUB_URL another server, or a folder/,
    ],
  ])("refuses %s, and writes nothing at all", async (_, accounts, prepare, message) => {
    prepare();
    const cwd = folder(`github_accounts: ${accounts.replace("}", ", ben: [ben-gh] }")}\n`);
    const { code, err } = await capture(["keys", "sync", "lab", "--write"], cwd);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(usersOf(cwd)).toBe(FILE);
  });
});

describe("pinKeys", () => {
  const user = fc.record({
    name: fc.constantFrom("anna", "ben", "cleo"),
    flow: fc.boolean(),
    listFlow: fc.boolean(),
    keys: fc.option(
      fc.array(fc.record({ seed: fc.stringMatching(/^[a-z]{1,5}$/), pinned: fc.boolean() }), { maxLength: 3 }),
    ),
    comment: fc.boolean(),
  });
  const text = (key: { seed: string; pinned: boolean }) =>
    `ssh-ed25519 ${key.seed} ${key.pinned ? "github.com/x" : "hand"}`;
  const written = fc
    .tuple(
      fc.uniqueArray(user, { selector: ({ name }) => name, maxLength: 3 }),
      fc.constantFrom("  ", "    ", ""),
      fc.boolean(),
    )
    .map(([users, indent, newline]) => {
      const lines = users.flatMap(({ comment, flow, keys, listFlow, name }) => {
        const items = keys?.map(text);
        const list =
          items && (listFlow || flow || items.length === 0) ? [`ssh_keys: [${items.join(", ")}]`] : undefined;
        if (flow) return [`${indent}- { ${[`name: ${name}`, ...(list ?? []), "sudo: true"].join(", ")} }`];
        const block =
          items && !list ? ["ssh_keys:", ...items.map((item) => `  - ${item}${comment ? "  # why" : ""}`)] : [];
        return [
          `${indent}- name: ${name}`,
          ...[...(list ?? []), ...block, ...(comment ? ["# end"] : [])].map((line) => `${indent}  ${line}`),
        ];
      });
      return `a: 1\nbase_users:${lines.length > 0 ? "" : " []"}\n${lines.join("\n")}${newline ? "\nz: 2\n" : ""}`;
    });

  it("changes the pinned keys of each user to those of the accounts, and no other value", () => {
    const wanted = fc.dictionary(
      fc.constantFrom("anna", "ben"),
      fc.array(fc.constantFrom("k1", "k2", "k3"), { maxLength: 3 }),
    );
    const plainOf = (yaml: string) =>
      toPlain(parseYaml(yaml, "x").tree!) as { base_users: { name: string; ssh_keys?: string[] }[] };
    fc.assert(
      fc.property(written, wanted, (before, keys) => {
        const byUser = new Map(
          Object.entries(keys).map(([name, list]) => [
            name,
            [{ account: "y", keys: [...new Set(list)].map((each) => `ssh-ed25519 ${each}`) }],
          ]),
        );
        const { text: after } = pinKeys(before, byUser);
        const [old, now] = [plainOf(before), plainOf(after)];
        const expected = old.base_users.map(({ name, ssh_keys, ...rest }) => {
          const kept = (ssh_keys ?? []).filter((each) => !each.endsWith("github.com/x"));
          return {
            ...rest,
            name,
            keys: [...kept, ...(byUser.get(name) ?? []).flatMap((each) => each.keys.map((k) => `${k} github.com/y`))],
          };
        });
        const found = now.base_users.map(({ ssh_keys = [], ...rest }) => ({ ...rest, keys: ssh_keys }));
        expect({ ...now, base_users: found }).toEqual({ ...old, base_users: expected });
        expect(pinKeys(after, byUser).text).toBe(after);
      }),
      { numRuns: 300 },
    );
  });

  it.each(["*admins", '"{{ admin_keys }}"', "[*admins]"])("leaves keys alone that stand elsewhere: %s", (keys) => {
    const before = `admins: &admins []\nbase_users: [{ name: anna, ssh_keys: ${keys} }]\n`;
    const byUser = new Map([["anna", [{ account: "y", keys: ["ssh-ed25519 a"] }]]]);
    expect(() => pinKeys(before, byUser)).toThrow("the ssh_keys of anna hold an alias or a template");
  });
});
