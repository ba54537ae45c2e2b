import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import packages from "../../provision/packages/role";
import { load, removeLabFolders, told, webOf } from "../support/lab-folder";
import { describeInSandbox, Sandbox } from "../support/sandbox";

/** A guest whose package tools keep a list of "name version [state]" in /var/installed and of holds in /var/held. */
const APT = {
  "dpkg-query": `for n; do :; done; case "$*" in *Version*) v=1 ;; *) v= ;; esac
    awk -v n="$n" -v v="$v" '$1 == n { print ($3 ? $3 : "installed") (v ? " " $2 : ""); found = 1 } END { exit !found }' /var/installed`,
  dpkg: ":",
  "apt-cache": `[ "$1" != madison ] || echo " $2 | 2.0 | a mirror"`,
  "apt-get": `
    for word; do case $word in --simulate) simulate=1 ;; --download-only) exit 0 ;; install | remove) verb=$word; names= ;; -*) ;; *) names="$names $word" ;; esac; done
    echo "$verb$names" >>/var/calls
    for name in $names; do
      case $verb.$simulate in
        remove.1) echo "Remv $name [1.0]"; [ "$name" != libjq1 ] || echo "Remv jq [1.0]" ;;
        remove.) sed -i "/^$name /d" /var/installed ;;
        install.) sed -i "/^\${name%%=*} /d" /var/installed; v=\${name#*=}; [ "$v" != "$name" ] || v=1.0; echo "\${name%%=*} $v" >>/var/installed ;;
      esac
    done`,
  "apt-mark": `case $1 in showhold) cat /var/held ;; hold) echo "$2" >>/var/held ;; unhold) sed -i "/^$2$/d" /var/held ;; esac`,
};
const FILES = { "var/installed": "nano 1.0\njq 1.0\nlibjq1 1.0\ncron 1.0\n", "var/held": "mine\n", "var/calls": "" };
const guest = (held = "mine\n") => new Sandbox({ commands: APT, files: { ...FILES, "var/held": held } });
const SETTINGS = { packages_install: ["tree", "jq=2.0"], packages_hold: ["cron"], packages_absent: ["nano", "never"] };

afterAll(removeLabFolders);

describeInSandbox("the packages role", () => {
  it("installs, pins, holds and removes", () => {
    const sandbox = guest();
    expect(sandbox.apply("packages", SETTINGS)).toMatchObject({ status: 0 });
    expect(sandbox.read("var/installed").split("\n").sort()).toEqual([
      "",
      "cron 1.0",
      "jq 2.0",
      "libjq1 1.0",
      "tree 1.0",
    ]);
    expect(sandbox.read("var/held")).toBe("mine\njq\ncron\n");
  });

  it("waits for apt of a run that was killed, for which dpkg does not wait", () => {
    const locked = 'echo "dpkg: error: dpkg frontend lock was locked by /usr/bin/apt-get process with pid 260"; exit 2';
    const dpkg = `[ "$1" != --configure ] || [ -e /var/waited ] || { touch /var/waited; ${locked}; }`;
    const sandbox = new Sandbox({ commands: { ...APT, dpkg }, files: FILES });
    expect(sandbox.apply("packages", SETTINGS)).toMatchObject({ status: 0 });
    const broken = new Sandbox({ commands: { ...APT, dpkg: "echo the reason; exit 1" }, files: FILES });
    const { output, status } = broken.apply("packages", SETTINGS);
    expect(status).toBe(1);
    expect(output).toMatch(/the reason\n.*error: dpkg --configure -a cannot finish/);
  });

  it("does not try again what does not fit together", () => {
    const commands = {
      ...APT,
      "apt-get": 'echo "$*" >>/var/calls; case "$*" in *update) ;; *) echo "E: held broken packages"; exit 100 ;; esac',
    };
    const sandbox = new Sandbox({ commands, files: FILES });
    const { output, status } = sandbox.apply("packages", { packages_install: ["tree"] });
    expect(status).toBe(1);
    expect(output).toMatch(/E: held broken packages\n.*error: packages tree: apt cannot install them here/);
    expect(sandbox.read("var/calls")).not.toContain("--download-only");
  });

  it("changes no file the second time, and says so; a check agrees before and after", () => {
    const sandbox = guest();
    expect(sandbox.check("packages", SETTINGS).status).toBe(2);
    expect(sandbox.read("var/installed")).toBe(FILES["var/installed"]);
    sandbox.apply("packages", SETTINGS);
    const applied = sandbox.digest();
    expect(sandbox.apply("packages", SETTINGS).output).toContain("done: 0 changed");
    expect(sandbox.check("packages", SETTINGS)).toMatchObject({ status: 0 });
    expect(sandbox.digest()).toBe(applied);
  });

  it("lets go what it held itself, and leaves the holds of others", () => {
    const sandbox = guest("mine\ncron\n");
    sandbox.apply("packages", SETTINGS);
    const { output } = sandbox.apply("packages", { packages_install: ["jq"], packages_hold: [] });
    expect(output).toContain("changed: jq no longer held");
    expect(sandbox.read("var/held")).toBe("mine\ncron\n");
  });

  it("leaves held what another role holds, too, and lets it go when that is gone", () => {
    const docker = "var/lib/proxmox-lab/holds-docker";
    const sandbox = new Sandbox({ commands: APT, files: { ...FILES, "var/held": "jq\n", [docker]: "jq\n" } });
    const held = { packages_hold: ["jq"] };
    expect(sandbox.apply("packages", held).output).toContain("done: 0 changed");
    expect(sandbox.apply("packages", { packages_hold: [] }).output).toContain("done: 0 changed");
    expect(sandbox.read("var/held")).toBe("jq\n");
    sandbox.apply("packages", held);
    rmSync(join(sandbox.root, docker));
    expect(sandbox.apply("packages", { packages_hold: [] }).output).toContain("changed: jq no longer held");
    expect(sandbox.read("var/held")).toBe("");
  });

  it("says which setting wants to hold what nobody has", () => {
    const mark = 'case $1 in showhold) ;; *) echo "E: Unable to locate package $2"; exit 100 ;; esac';
    const sandbox = new Sandbox({ commands: { ...APT, "apt-mark": mark }, files: FILES });
    const { output, status } = sandbox.apply("packages", { packages_hold: ["nosuch"] });
    expect(status).toBe(1);
    expect(output).toMatch(
      /E: Unable to locate package nosuch\n.*error: packages_hold: nosuch cannot be held; .* apt-cache policy nosuch/,
    );
  });

  it.each([
    ["that others provide", "dnsutils", / it is what these provide: bind9-dnsutils;/],
    ["that apt takes for an order", "tree+", /; name the package itself: apt-cache policy tree\+/],
  ])("refuses a name %s, which would be installed at each run", (_, name, says) => {
    const commands = {
      ...APT,
      "apt-get": APT["apt-get"].replace('names="$names $word"', 'names="$names bind9-$word"'),
      "apt-cache":
        '[ "$1.$2" != showpkg.dnsutils ] || printf "Package: x\\nReverse Provides: \\nbind9-dnsutils 2\\nbind9-dnsutils 1\\n"',
    };
    const sandbox = new Sandbox({ commands, files: FILES });
    const { output, status } = sandbox.apply("packages", { packages_install: [name] });
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(says) });
    expect(output).toContain(`error: package ${name}: it is still not there after its installation`);
  });

  it("removes nothing when others would go, too, and names them", () => {
    const sandbox = guest();
    const { output, status } = sandbox.apply("packages", { packages_absent: ["libjq1"] });
    expect(status).toBe(1);
    expect(output).toContain("removing libjq1 would also remove jq; nothing was removed");
    expect(sandbox.read("var/installed")).toBe(FILES["var/installed"]);
    expect(sandbox.apply("packages", { packages_absent: ["libjq1", "jq"] }).status).toBe(0);
  });

  describe("after a run that was killed", () => {
    const left = (state: string, dpkg: string) =>
      new Sandbox({ commands: { ...APT, dpkg }, files: { ...FILES, "var/installed": `nano 1.0 ${state}\njq 1.0\n` } });
    const removes = `
      case $1 in
        --configure) ! grep -q half- /var/installed ;;
        --remove) shift 2; echo "dpkg $*" >>/var/calls; for n; do sed -i "s/^\\($n [^ ]*\\).*/\\1 config-files/" /var/installed; done ;;
      esac`;
    const settings = { packages_absent: ["jq", "nano"] };

    it.each(["half-installed", "unpacked", "half-configured"])("ends the removal of what is %s", (state) => {
      const sandbox = left(state, removes);
      expect(sandbox.check("packages", settings).output).toContain("would change: packages removed: jq nano");
      expect(sandbox.apply("packages", settings).output).toContain("changed: packages removed: jq nano");
      expect(sandbox.read("var/calls")).toMatch(/dpkg jq nano\n$/);
      expect(sandbox.apply("packages", settings).output).toContain("done: 0 changed");
      expect(sandbox.check("packages", settings).status).toBe(0);
    });

    it("says what dpkg says when it cannot", () => {
      const sandbox = left("half-installed", "echo the reason; exit 1");
      const { output, status } = sandbox.apply("packages", settings);
      expect(status).toBe(1);
      expect(output).toMatch(/the reason\n.*error: packages_absent: an earlier run has left nano half installed/);
    });
  });

  it("uses apk on Alpine, and says that it has no holds", () => {
    const apk = `case $1 in info) grep -qx "$3" /var/installed ;; add) shift 2; for n; do echo "$n" >>/var/installed; done ;;
      del) shift 2; for n; do sed -i "/^$n$/d" /var/installed; done ;; esac`;
    const sandbox = new Sandbox({
      osRelease: "ID=alpine\n",
      commands: { apk },
      files: { "var/installed": "nano\ntree\n", "etc/apk/world": "tree=1.0\nnano\n" },
    });
    const settings = { packages_install: ["jq", "tree"], packages_absent: ["nano"], packages_hold: ["x"] };
    const { output, status } = sandbox.apply("packages", settings);
    expect(status).toBe(0);
    expect(output).toContain("changed: packages removed: nano");
    expect(output).toContain("changed: packages jq");
    expect(output).toContain("changed: tree no longer pinned");
    expect(output).toContain("skipped: packages_hold: apk holds nothing back");
  });
});

describe("settings of packages", () => {
  const parse = (value: object) => packages.variables.safeParse(value);

  it("take no text that a shell or apt would take for anything but a name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const accepted = parse({ packages_install: [text] }).success;
        expect(accepted && !/^[a-z0-9][\w+.-]*(=[\w.:+~-]+)?$/.test(text)).toBe(false);
      }),
    );
  });

  it.each(["--force-yes", "a b", "$(id)", "a;b", "a=1=2", "a=", "*", "", "é", "cron-", "a=1-", "a=1+", "a."])(
    "refuse %j",
    (name) => {
      expect(parse({ packages_install: [name] }).success).toBe(false);
    },
  );

  it.each(["g++", "libstdc++6", "memtest86+", "g++=4:12.2.0-3", "jq=1.6~rc1~"])("accept %j", (name) => {
    expect(parse({ packages_install: [name] }).success).toBe(true);
  });

  it.each([
    [{ packages_install: ["jq=1", "jq"] }, "jq is in the list twice"],
    [{ packages_install: ["jq=1"], packages_absent: ["jq"] }, "jq is also in packages_install"],
    [{ packages_hold: ["jq"], packages_absent: ["jq"] }, "jq is also in packages_hold"],
  ])("refuse %j, which contradicts itself", (value, message) => {
    expect(parse(value).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});

describe("a guest gets the step of packages", () => {
  const role = { ...packages, name: "packages" };

  it.each([
    ["unattended-upgrades", "", "write base_security_upgrades: false"],
    ["sudo", "base_users: [{ name: ann, sudo: true }]", "take sudo from all of base_users"],
    ["htop", "base_packages: [htop]", "take htop from base_packages"],
    ["tzdata", "base_timezone: Europe/Berlin", "take base_timezone away"],
    ["locales", "base_locale: en_US.UTF-8", "take base_locale away"],
    ["prometheus-node-exporter", "base_node_exporter: true", "write base_node_exporter: false"],
  ])("unless it is to remove %s, which base installs", (name, line, fix) => {
    const vars = `packages_absent: [nano, ${name}]\n${line}\n`;
    const lines = told(load({ "group_vars/guests.yml": vars }, [role]), "role-setting");
    expect(lines).toEqual([expect.stringMatching(/guests\.yml:1:25 .*packages_absent\.1/)]);
    expect(lines[0]).toContain(`${fix}, or take ${name} from packages_absent`);
    const without = `packages_absent: [nano, ${name}]\nbase_security_upgrades: false\nbase_locale: C.UTF-8\n`;
    expect(told(load({ "group_vars/guests.yml": without }, [role]), "role-setting")).toEqual([]);
  });

  const stepsOf = (vars: string) => webOf([], { "group_vars/guests.yml": vars }, [role]).steps;

  it("when it sees one of its variables", () => {
    expect(stepsOf("packages_hold: []\n")).toMatchObject([{ role: "packages", settings: { packages_hold: [] } }]);
  });

  it("only then", () => expect(stepsOf("other: 1\n")).toEqual([]));
});
