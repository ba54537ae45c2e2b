import { describeInSandbox, Sandbox } from "../support/sandbox";

const INSTALLED = {
  "apt-get": ":",
  "dpkg-query": 'echo "installed 28.0"',
  "apt-mark": '[ "$1" != showhold ] || cat /var/held 2>/dev/null; echo "apt-mark $*" >>/var/calls',
};
const DISTRIBUTION = {
  ...INSTALLED,
  "apt-cache": 'echo "  Candidate: 2.26.1-4"',
};
const GROUP = { "etc/group": "root:x:0:\ndocker:x:990:\n" };
const SETTINGS = { docker_source: "distribution", docker_user: "docker" };

describeInSandbox("the docker role", () => {
  it("rotates logs, and makes the user a member of the group", () => {
    const guest = new Sandbox({ commands: DISTRIBUTION, files: GROUP });
    expect(guest.apply("docker", SETTINGS)).toMatchObject({ status: 0 });
    expect(JSON.parse(guest.read("etc/docker/daemon.json"))).toEqual({
      "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "3" },
    });
    expect(guest.read("etc/passwd")).toMatch(/^docker:x:\d+:990:/m);
    expect(guest.apply("docker", SETTINGS).output).toContain("done: 0 changed");
  });

  it("holds the engine at a version that is asked for, and lets it go again", () => {
    const guest = new Sandbox({ commands: DISTRIBUTION, files: { ...GROUP, "var/held": "" } });
    guest.apply("docker", { ...SETTINGS, docker_version: "28.0" });
    expect(guest.read("var/calls")).toContain("apt-mark hold docker.io");
    const held = new Sandbox({ commands: DISTRIBUTION, files: { ...GROUP, "var/held": "docker.io\n" } });
    held.apply("docker", SETTINGS);
    expect(held.read("var/calls")).toContain("apt-mark unhold docker.io");
  });

  it("says which source has a compose plugin where the distribution has none", () => {
    const commands = {
      ...INSTALLED,
      "apt-cache": 'case $2 in docker-compose) echo "  Candidate: 1.29.2-3" ;; *) echo "  Candidate: (none)" ;; esac',
    };
    const { output, status } = new Sandbox({ commands, files: GROUP }).apply("docker", SETTINGS);
    expect(status).toBe(1);
    expect(output).toContain("write docker_source: docker");
  });

  it("refuses a signing key with another fingerprint before it is used", () => {
    const commands = { ...INSTALLED, curl: ": >docker.asc", gpg: "echo fpr:::::::::0000BAD:" };
    const guest = new Sandbox({ commands, files: GROUP });
    const { output, status } = guest.apply("docker");
    expect(status).toBe(1);
    expect(output).toContain("has the fingerprint 0000BAD, expected 9DC858229FC7DD38854AE2D88D81803C0EBFCD88");
    expect(() => guest.read("etc/apt/keyrings/docker.asc")).toThrow();
  });

  it("says before installing anything that nesting is missing", () => {
    const commands = {
      ...DISTRIBUTION,
      unshare: "exit 1",
      tr: 'if [ "$1" = "\\0" ]; then echo container=lxc; else exec /usr/bin/tr "$@"; fi',
    };
    const { output, status } = new Sandbox({ commands, files: GROUP }).apply("docker", SETTINGS);
    expect(status).toBe(1);
    expect(output).toContain("lxc_features: {nesting: true}");
  });

  it("knows that it does not know Alpine", () => {
    const { output } = new Sandbox({ osRelease: 'ID=alpine\nPRETTY_NAME="Alpine 3.22"\n' }).apply("docker");
    expect(output).toContain("this role knows Debian and Ubuntu, this is Alpine 3.22");
  });
});
