import { cpSync } from "node:fs";
import { join, relative } from "node:path";
import { roleFolder, temporaryFolder } from "../support/run-step";
import { describeInSandbox, Sandbox } from "../support/sandbox";

/** A guest whose package tools keep a list of "name status" in /var/installed; no list of packages has `nowhere`. */
const APT = {
  "dpkg-query": `for n; do :; done; awk -v n="$n" '$1 == n { print $2, "1.0"; found = 1 } END { exit !found }' /var/installed`,
  dpkg: ":",
  "apt-cache": ":",
  "apt-get": `
    for word; do case $word in install | remove | update) verb=$word; names= ;; -*) ;; *) names="$names $word" ;; esac; done
    echo "$verb$names" >>/var/calls
    ! grep -q half-configured /var/installed || [ "$verb" = remove ] || exit 100
    case $names in *nowhere*) exit 100 ;; esac
    for name in $names; do
      sed -i "/^$name /d" /var/installed
      case $verb.$name in
        install.broken) echo "broken half-configured" >>/var/installed; failed=1 ;;
        install.*) echo "$name installed" >>/var/installed ;;
      esac
    done
    exit \${failed:-0}`,
  sshd: ":",
};
const SETTINGS = { base_packages: ["htop"], base_security_upgrades: false };
const root = temporaryFolder();
cpSync("provision/lib", join(root, "lib"), { recursive: true });
let number = 0;

/** Applies base with a role to come whose ahead.sh is this. */
function base(script: string, { installed = "", action = "apply" } = {}) {
  const guest = new Sandbox({ commands: APT, files: { "var/installed": installed, "var/calls": "" } });
  const folder = roleFolder(root, `later${number++}`, { "ahead.sh": script, "apply.sh": ":" });
  const ahead = [{ role: "later", scripts: relative(process.cwd(), folder), settings: { later_word: "a b" } }];
  const run = guest.apply("base", SETTINGS, action, {}, ahead);
  const calls = guest.read("var/calls").split("\n");
  return { ...run, guest, installs: calls.filter((call) => /^(install|remove) /.test(call)) };
}

describeInSandbox("the role base with packages of later steps", () => {
  it("installs them with the same call, and says so", () => {
    const { installs, output, status } = base("echo tree jq >&3; echo noise", { installed: "jq installed\n" });
    expect(status).toBe(0);
    expect(installs).toEqual(["install htop tree"]);
    expect(output).toContain("guest base: changed: packages for later steps: tree\n");
    expect(output).not.toContain("noise");
  });

  it("lets their role look and act before, with its own settings", () => {
    const script = ". ./lib/step.sh; install_file /etc/later 644 <<CONF\n$later_word\nCONF\necho tree >&3";
    const { guest, installs, output } = base(script);
    expect(guest.read("etc/later")).toBe("a b\n");
    expect(output).toMatch(/changed: \/etc\/later\n.*changed: packages for later steps: tree\n/);
    expect(installs).toEqual(["install htop tree"]);
  });

  it.each([
    ["fails, whatever it has said before", "echo tree >&3; false; echo jq >&3"],
    ["uses a setting that is not there", 'echo "$nothing" >&3'],
    ["says nothing", ":"],
    ["names nothing that is missing", "echo jq >&3"],
  ])("installs its own alone when ahead.sh %s", (_, script) => {
    const { installs, output, status } = base(script, { installed: "jq installed\n" });
    expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringContaining("later steps") });
    expect(installs).toEqual(["install htop"]);
  });

  it("installs its own alone when there is no such package", () => {
    const { guest, installs, output, status } = base("echo nowhere tree >&3");
    expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringContaining("later steps") });
    expect(installs).toEqual(["install htop nowhere tree", "install htop"]);
    expect(guest.read("var/installed")).toBe("htop installed\n");
  });

  it("takes away again what was not installed to its end, which would fail every later call", () => {
    const { installs, status } = base("echo broken tree >&3");
    expect(status).toBe(0);
    expect(installs).toEqual(["install htop broken tree", "remove broken", "install htop"]);
  });

  it("asks nobody when its own packages are there, or in a check", () => {
    const script = ". ./lib/step.sh; install_file /etc/later 644 </dev/null; echo tree >&3";
    for (const run of [base(script, { installed: "htop installed\n" }), base(script, { action: "check" })]) {
      expect(run.installs).toEqual([]);
      expect(() => run.guest.read("etc/later")).toThrow();
    }
  });
});
