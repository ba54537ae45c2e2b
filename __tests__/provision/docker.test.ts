import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { describeUnless } from "../support/skip";
import { DISTRIBUTION, GROUP, INSTALLED, SETTINGS } from "./support/docker";

/** With so many kernel keys left. */
const inContainer = (left: string) => ({
  ...DISTRIBUTION,
  unshare: "exit 0",
  tr: 'if [ "$1" = "\\0" ]; then echo container=lxc; else exec /usr/bin/tr "$@"; fi',
  awk: `case $* in *key-users*) echo ${left} ;; *) exec /usr/bin/awk "$@" ;; esac`,
  mount: ":",
  systemctl: ":",
});

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
    writeFileSync(join(guest.root, "var/held"), "docker.io\n");
    guest.apply("docker", SETTINGS);
    expect(guest.read("var/calls")).toContain("apt-mark unhold docker.io");
  });

  it("leaves a hold of somebody else's, such as packages_hold, alone", () => {
    const held = new Sandbox({ commands: DISTRIBUTION, files: { ...GROUP, "var/held": "docker.io\n" } });
    expect(held.apply("docker", SETTINGS).status).toBe(0);
    expect(held.read("var/calls")).not.toContain("unhold");
  });

  it("lets a former docker_user out of the group again, and nobody whom somebody else has let in", () => {
    const ann = { ...SETTINGS, docker_user: "ann" };
    const guest = new Sandbox({ commands: DISTRIBUTION, files: GROUP });
    guest.apply("docker", ann);
    expect(guest.read("etc/group")).toMatch(/^docker:x:990:ann$/m);
    expect(guest.apply("docker", { docker_source: "distribution" }).output).toContain(
      "note: the account ann stays; userdel -r ann removes it",
    );
    expect(guest.read("etc/group")).toMatch(/^docker:x:990:$/m);
    const bob = new Sandbox({
      commands: DISTRIBUTION,
      files: {
        "etc/group": "root:x:0:\ndocker:x:990:bob\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/:/bin/sh\n",
      },
    });
    bob.apply("docker", { ...SETTINGS, docker_user: "bob" });
    bob.apply("docker", { docker_source: "distribution" });
    expect(bob.read("etc/group")).toMatch(/^docker:x:990:bob$/m);
  });

  it("finishes an account that a killed run has begun", () => {
    const begin = "echo ann:x:1000:1000::/home/ann:/bin/bash >>/etc/passwd; kill -9 $PPID";
    const useradd = `[ -e /var/killed ] || { touch /var/killed; ${begin}; }; exec /usr/sbin/useradd "$@"`;
    const guest = new Sandbox({ commands: { ...DISTRIBUTION, useradd }, files: GROUP });
    const ann = { ...SETTINGS, docker_user: "ann" };
    expect(guest.apply("docker", ann).status).not.toBe(0);
    expect(guest.check("docker", ann).output).toContain("would change: user ann");
    expect(guest.apply("docker", ann)).toMatchObject({
      status: 0,
      output: expect.stringContaining("changed: user ann"),
    });
    expect(guest.read("etc/shadow")).toMatch(/^ann:\*:/m);
    expect(guest.read("etc/group")).toMatch(/^docker:x:990:ann$/m);
    expect(guest.apply("docker", ann).output).toContain("done: 0 changed");
  });

  it("does not say how to remove an account that it has not made", () => {
    const guest = new Sandbox({ commands: DISTRIBUTION, files: GROUP });
    guest.apply("docker", { ...SETTINGS, docker_user: "root" });
    const { output } = guest.apply("docker", { docker_source: "distribution" });
    expect(output).toContain("note: the account root stays\n");
    expect(output).not.toContain("userdel");
  });

  it("leaves in the group whom base_users wants there, too, and tells base that it does", () => {
    const bob = new Sandbox({
      commands: DISTRIBUTION,
      files: {
        "etc/group": "root:x:0:\ndocker:x:990:bob\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/:/bin/sh\n",
        "var/lib/proxmox-lab/base-groups": "bob docker\n",
      },
    });
    bob.apply("docker", { ...SETTINGS, docker_user: "bob" });
    expect(bob.read("var/lib/proxmox-lab/docker-user")).toBe("bob\n");
    const { output } = bob.apply("docker", { docker_source: "distribution" });
    expect(output).toContain("note: bob stays in group docker, which base_users asks for");
    expect(bob.read("etc/group")).toMatch(/^docker:x:990:bob$/m);
    expect(() => bob.read("var/lib/proxmox-lab/docker-user")).toThrow();
  });

  it.each([
    ["5", 1, "error: docker: only 5 kernel keys are left"],
    ["169", 0, "done: "],
  ])("with %s kernel keys left ends with status %i", (left, status, says) => {
    const run = new Sandbox({ commands: inContainer(left), files: GROUP }).apply("docker", SETTINGS);
    expect(run).toMatchObject({ status, output: expect.stringContaining(says) });
  });

  const engine = existsSync("/usr/bin/dockerd") ? "this machine has dockerd, and so has every sandbox on it" : "";
  describeUnless(engine, "where there is no engine yet", () => {
    it.each([
      ["5", "install htop", "-", undefined],
      ["169", "install htop docker.io docker-cli docker-compose-v2", "daemon.json is there", undefined],
      // Only the role itself can tell the operator that it is replaced.
      ["169", "install htop", "daemon.json is there", '{"debug": true}'],
    ])("with %s kernel keys left has base do: %s; %s, where there was %s", (left, install, settings, theirs) => {
      const aptGet = `case "$*" in *" install "*) echo "install\${*##* install}"; ls /etc/docker | sed 's/$/ is there/' ;; esac >>/var/calls 2>/dev/null`;
      const commands = {
        ...inContainer(left),
        dpkg: ":",
        "dpkg-query": '[ -s /var/calls ] && echo "installed 1.0"',
        "apt-get": aptGet,
      };
      const daemon = theirs ? { "etc/docker/daemon.json": theirs } : {};
      const guest = new Sandbox({ commands, files: { ...GROUP, ...daemon, "var/calls": "" } });
      const ahead = [{ role: "docker", settings: SETTINGS }];
      const base = { base_packages: ["htop"], base_security_upgrades: false };
      expect(guest.apply("base", base, "apply", {}, ahead)).toMatchObject({ status: 0 });
      const calls = guest.read("var/calls").split("\n");
      expect([calls[0], calls[1] || "-"]).toEqual([install, settings]);
    });
  });

  it("says which source has a compose plugin where the distribution has none", () => {
    const commands = {
      ...INSTALLED,
      "apt-cache": 'printf "docker-compose:\\n  Candidate: 1.29.2-3\\ndocker-compose-v2:\\n  Candidate: (none)\\n"',
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
