import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { publicKey } from "../support/ssh-key";

const DEBIAN = { "dpkg-query": 'echo "installed 1.0"', sshd: ":", visudo: ":" };
const KEY = `${publicKey()} ann@desk`;
const KEYS = "etc/ssh/authorized_keys.d";
const SSHD = "etc/ssh/sshd_config.d/10-proxmox-lab.conf";
const DEBTS = "var/lib/proxmox-lab/base-accounts";
const ANN = { base_users: [{ name: "ann", ssh_keys: [KEY] }] };
const SKEL = {
  "etc/skel/.profile": "umask 022\n",
  "etc/skel/.config/app": "app\n",
  "etc/gshadow": "",
  "etc/subuid": "",
  "etc/subgid": "",
};

describeInSandbox("an account of the base role", () => {
  const lines = (guest: Sandbox) =>
    ["passwd", "shadow", "group", "subuid", "subgid"].map((file) => guest.read(`etc/${file}`).match(/^ann:.*$/gm));
  const WHOLE = [
    [expect.stringMatching(/^ann:x:1000:1000::\/home\/ann:\/bin\/(ba)?sh$/)],
    [expect.stringMatching(/^ann:\*:\d+:/)],
    ["ann:x:1000:"],
    [expect.stringMatching(/^ann:\d+:\d+$/)],
    [expect.stringMatching(/^ann:\d+:\d+$/)],
  ];
  /** Begins like the program of that name, and kills the step, the first time that it is called so. */
  const killer = (program: string, begin: string, first = '"$1"') =>
    `[ -e /var/killed ] || [ "$1" != ${first} ] || { touch /var/killed; ${begin}; kill -9 $PPID; }; exec ${program} "$@"`;
  const PASSWD = "echo ann:x:1000:1000::/home/ann:/bin/bash >>/etc/passwd";
  const SHADOW = "echo 'ann:*:20000:0:99999:7:::' >>/etc/shadow";
  const GROUP = "echo ann:x:1000: >>/etc/group";

  it.each([
    ["before useradd wrote anything", { useradd: killer("/usr/sbin/useradd", ":") }],
    ["after passwd", { useradd: killer("/usr/sbin/useradd", PASSWD) }],
    ["after shadow", { useradd: killer("/usr/sbin/useradd", `${PASSWD}; ${SHADOW}`) }],
    ["after group", { useradd: killer("/usr/sbin/useradd", `${PASSWD}; ${SHADOW}; ${GROUP}`) }],
    ["after useradd", { useradd: killer("/usr/sbin/useradd", '/usr/sbin/useradd "$@"') }],
    ["while the home is filled", { cp: killer("/bin/cp", "touch /home/.ann.proxmox-lab/half", "-a") }],
    ["before the home has its owner", { chown: killer("/bin/chown", ":", "-hR") }],
  ])("is whole after a run that was killed %s, and the next", (_, commands) => {
    const guest = new Sandbox({ commands: { ...DEBIAN, ...commands }, files: SKEL });
    expect(guest.apply("base", ANN).status).not.toBe(0);
    expect(guest.read(DEBTS)).toBe("ann --user-group\n");
    expect(guest.check("base", ANN).output).toContain("would change: user ann");
    expect(guest.apply("base", ANN)).toMatchObject({ status: 0, output: expect.stringContaining("changed: user ann") });
    expect(lines(guest)).toEqual(WHOLE);
    for (const [path, content] of Object.entries(SKEL).filter(([each]) => each.startsWith("etc/skel"))) {
      expect(guest.read(path.replace("etc/skel", "home/ann"))).toBe(content);
    }
    expect(existsSync(join(guest.root, "home/ann/half"))).toBe(false);
    expect(existsSync(join(guest.root, "home/.ann.proxmox-lab"))).toBe(false);
    expect(guest.apply("base", ANN).output).toContain("done: 0 changed");
  });

  it("keeps the group that was there before it, when it is made anew", () => {
    const commands = {
      ...DEBIAN,
      useradd: killer("/usr/sbin/useradd", "echo adm:x:1000:4::/home/adm:/bin/sh >>/etc/passwd"),
    };
    const guest = new Sandbox({ commands });
    const settings = { base_users: [{ name: "adm" }] };
    guest.apply("base", settings);
    expect(guest.apply("base", settings)).toMatchObject({ status: 0 });
    expect(guest.read("etc/group")).toMatch(/^adm:x:4:$/m);
    expect(guest.read("etc/passwd").match(/^adm:.*$/gm)).toEqual([expect.stringMatching(/^adm:x:\d+:4:/)]);
    expect(guest.read("etc/shadow")).toMatch(/^adm:\*:/m);
  });

  it("is not made anew when somebody has made it since, nor is its home", () => {
    const files = {
      ...SKEL,
      [DEBTS]: "ann --user-group\n",
      "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nann:x:1234:1234:Ann:/home/ann:/bin/sh\n",
      "etc/shadow": "root:*:19000:0:99999:7:::\nann:!:19000:0:99999:7:::\n",
      "etc/group": "root:x:0:\nann:x:1234:\n",
      "home/ann/thesis": "words\n",
    };
    const guest = new Sandbox({ commands: DEBIAN, files });
    expect(guest.apply("base", { base_users: [{ name: "ann", shell: "/bin/sh" }] })).toMatchObject({ status: 0 });
    for (const path of ["etc/passwd", "etc/shadow", "etc/group", "home/ann/thesis"] as const)
      expect(guest.read(path)).toBe(files[path]);
    expect(existsSync(join(guest.root, DEBTS))).toBe(false);
  });

  it("that was begun, and is no longer asked for, is named", () => {
    const files = {
      [DEBTS]: "ann --user-group\n",
      "etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n",
    };
    const guest = new Sandbox({ commands: DEBIAN, files });
    expect(guest.apply("base").output).toMatch(/note: .* had begun to make the account ann, .* userdel -r ann/);
    expect(guest.apply("base").output).not.toContain("ann");
  });

  it("has a home with the rights that login.defs gives it", () => {
    const rightsOf = (defs: string) => {
      const guest = new Sandbox({ commands: DEBIAN, files: { ...SKEL, "etc/login.defs": defs } });
      guest.apply("base", ANN);
      const { gid, mode, uid } = statSync(join(guest.root, "home/ann"));
      return [(mode & 0o7777).toString(8), uid, gid];
    };
    expect(rightsOf("UMASK\t\t022\n#HOME_MODE\t0700\n")).toEqual(["755", 1000, 1000]);
    expect(rightsOf("UMASK 022\nHOME_MODE\t0700\n")).toEqual(["700", 1000, 1000]);
  });
});

describeInSandbox("the keys of base", () => {
  const own = { [`${KEYS}/bob`]: "ssh-ed25519 AAAA bob\n" };

  it("are not taken from a user of somebody else's, who is named", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: own });
    for (const settings of [ANN, ANN, {}, { base_users: [{ name: "bob" }] }]) {
      const { output } = guest.apply("base", settings);
      expect(output).toContain(`note: /${KEYS}/bob is not of base_users, and stays: who has its keys logs in as bob`);
      expect(guest.read(`${KEYS}/bob`)).toBe(own[`${KEYS}/bob`]);
    }
    expect(existsSync(join(guest.root, KEYS, "ann"))).toBe(false);
  });

  it("are not fought over with the role files", () => {
    const guest = new Sandbox({ commands: DEBIAN });
    const files = { files_present: [{ path: `/${KEYS}/bob`, content: `${KEY}\n` }] };
    guest.apply("base", ANN);
    guest.apply("files", files);
    expect(guest.apply("base", ANN)).toMatchObject({ output: expect.not.stringContaining("bob") });
    expect(guest.check("files", files)).toMatchObject({ status: 0 });
  });

  it("go when the user has none any more, and when a run that was killed had written them", () => {
    const state = { "var/lib/proxmox-lab/base-keys": "ann\nben\n", [`${KEYS}/ben`]: `${KEY}\n` };
    const guest = new Sandbox({ commands: DEBIAN, files: state });
    guest.apply("base", ANN);
    expect(existsSync(join(guest.root, KEYS, "ben"))).toBe(false);
    expect(guest.read("var/lib/proxmox-lab/base-keys")).toBe("-\nann\n");
    const without = { base_users: [{ name: "ann" }] };
    expect(guest.check("base", without).output).toContain(`would change: /${KEYS}/ann removed`);
    expect(guest.apply("base", without).output).toContain(`changed: /${KEYS}/ann removed`);
    expect(guest.check("base", without)).toMatchObject({ status: 0 });
  });

  it("of a former release, which kept no memory of them, go once, and those that others put there later stay", () => {
    const former = { [`${KEYS}/gone`]: `${KEY}\n`, [SSHD]: `AuthorizedKeysFile .ssh/authorized_keys /${KEYS}/%u\n` };
    const guest = new Sandbox({ commands: DEBIAN, files: former });
    expect(guest.check("base", {}).output).toContain(`would change: /${KEYS}/gone removed`);
    expect(guest.apply("base", {}).output).toContain(`changed: /${KEYS}/gone removed`);
    writeFileSync(join(guest.root, KEYS, "other"), `${KEY}\n`);
    expect(guest.apply("base", {}).output).toContain(`note: /${KEYS}/other is not of base_users, and stays`);
    expect(existsSync(join(guest.root, KEYS, "other"))).toBe(true);
  });

  const ours = (guest: Sandbox) =>
    /^AuthorizedKeysFile (.*)$/m.exec(guest.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf"))?.[1];
  it.each([
    ["/etc/ssh/keys/%u", { "50-own.conf": "AuthorizedKeysFile /etc/ssh/keys/%u\n" }],
    [
      "/a/%u /b/%u",
      {
        "20-a.conf": "Match User x\nAuthorizedKeysFile none\n",
        "30-b.conf": " authorizedkeysfile=/a/%u /b/%u # two\n",
      },
    ],
    ["", { "50-own.conf": "AuthorizedKeysFile none\n" }],
    [".ssh/authorized_keys", { "50-own.conf": "#AuthorizedKeysFile /x\n" }],
  ])("are looked for beside where the guest has them: %s", (paths, configs) => {
    const files = Object.fromEntries(
      Object.entries(configs).map(([name, text]) => [`etc/ssh/sshd_config.d/${name}`, text]),
    );
    const config = { "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n" };
    const guest = new Sandbox({ commands: DEBIAN, files: { ...files, ...config } });
    guest.apply("base");
    expect(ours(guest)).toBe(`${paths} /${KEYS}/%u`.trim());
    expect(guest.check("base")).toMatchObject({ status: 0 });
  });
});

describeInSandbox("groups and sudo of base", () => {
  it("take a second name of a group for what it is", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: { "etc/group": "root:x:0:\nadm:x:4:\nadm2:x:4:\n" } });
    const settings = { base_users: [{ name: "ann", groups: ["adm2"] }] };
    guest.apply("base", settings);
    expect(guest.read("etc/group")).toContain("adm2:x:4:ann\n");
    expect(guest.check("base", settings)).toMatchObject({ status: 0 });
    expect(guest.apply("base", settings).output).toContain("done: 0 changed");
    guest.apply("base");
    expect(guest.read("etc/group")).toContain("adm2:x:4:\n");
  });

  it("fail where sudo does not read what is set", () => {
    const sudoers = (more: string) =>
      new Sandbox({ commands: DEBIAN, files: { "etc/sudoers": `root ALL=(ALL:ALL) ALL\n${more}` } });
    const settings = { base_users: [{ name: "ann", sudo: true }] };
    const deaf = sudoers("# @includedir /etc/sudoers.d\n");
    for (const { output, status } of [deaf.apply("base", settings), deaf.check("base", settings)]) {
      expect(status).toBe(1);
      expect(output).toMatch(
        /error: base_users: sudo: \/etc\/sudoers does not include .*"@includedir \/etc\/sudoers\.d".* visudo/,
      );
    }
    expect(existsSync(join(deaf.root, "etc/sudoers.d/proxmox-lab"))).toBe(false);
    expect(sudoers("#includedir /etc/sudoers.d\n").apply("base", settings)).toMatchObject({ status: 0 });
  });
});

describeInSandbox("owners of files", () => {
  it("may have a second name", () => {
    const files = {
      "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n",
      "etc/group": "root:x:0:\nadm:x:4:\nadm2:x:4:\n",
    };
    const guest = new Sandbox({ commands: DEBIAN, files });
    const owned = (owner: string, group: string) => ({
      files_present: [{ path: "/srv/a", content: "a", owner, group }],
      files_folders: [{ path: "/srv/b", owner, group }],
    });
    guest.apply("files", owned("toor", "adm2"));
    expect(guest.check("files", owned("toor", "adm2"))).toMatchObject({ status: 0 });
    expect(guest.apply("files", owned("root", "adm")).output).toContain("done: 0 changed");
    expect(guest.check("files", owned("toor", "root"))).toMatchObject({ status: 2 });
    expect(readFileSync(join(guest.root, "srv/a"), "utf8")).toBe("a");
  });
});
