import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { DISTRIBUTION, GROUP, SETTINGS } from "./support/docker";

describeInSandbox("the daemon of the docker role", () => {
  it("restarts the daemon for its new file, also when the run that wrote it was killed", () => {
    const systemctl = 'echo "systemctl $*" >>/var/calls; case $1 in restart) [ ! -e /var/broken ] ;; esac';
    const guest = new Sandbox({
      commands: { ...DISTRIBUTION, systemctl, dockerd: ":" },
      files: { ...GROUP, "var/broken": "", "run/systemd/system/x": "" },
    });
    expect(guest.apply("docker", SETTINGS).status).not.toBe(0);
    rmSync(join(guest.root, "var/broken"));
    expect(guest.check("docker", SETTINGS)).toMatchObject({
      status: 2,
      output: expect.stringContaining("docker restarted"),
    });
    expect(guest.apply("docker", SETTINGS).output).toContain("changed: docker restarted");
  });

  it("starts again what its restart has stopped, oldest first, also when the run was killed in between", () => {
    const docker = `
      echo "docker $*" >>/var/calls
      case $1 in
        ps) printf 'young\\nold\\nkept\\n' ;;
        inspect) case $4 in kept) echo "true /kept" ;; *) echo "false /$4" ;; esac ;;
        start) [ ! -e /var/broken ] ;;
      esac`;
    const guest = new Sandbox({
      commands: { ...DISTRIBUTION, systemctl: ":", dockerd: ":", docker },
      files: { ...GROUP, "var/broken": "", "run/systemd/system/x": "" },
    });
    expect(guest.apply("docker", SETTINGS).status).not.toBe(0);
    rmSync(join(guest.root, "var/broken"));
    expect(guest.check("docker", SETTINGS).output).toContain(
      "would change: container old, which the restart has stopped",
    );
    const { output, status } = guest.apply("docker", SETTINGS);
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(guest.read("var/calls").match(/start \w+/g)).toEqual(["start old", "start old", "start young"]);
    expect(guest.apply("docker", SETTINGS).output).toContain("done: 0 changed");
  });

  /** A daemon of 28.0 in its first run, with one container; apt-get breaks as /var/broken says, before or after its restart. */
  const withContainer = (source = "docker.io") =>
    new Sandbox({
      commands: {
        ...DISTRIBUTION,
        dockerd: ":",
        docker: `case $1 in ps) cat /var/up ;; inspect) if [ -s /var/up ]; then echo "true /cafe"; else echo "false /cafe"; fi ;; start) echo cafe >/var/up ;; esac`,
        systemctl:
          'case "$1 $*" in show*InvocationID*) cat /var/run-id ;; restart*) echo restart >>/var/run-id; : >/var/up ;; esac',
        "dpkg-query": `for n; do :; done; case $n in docker.io | docker-ce) grep "^$n " /var/engine | cut -d " " -f 2- | grep . ;; *) echo "installed 1.0" ;; esac`,
        dpkg: ":",
        "apt-get": `case "$*" in *" install "*docker.io*) ;; *) exit 0 ;; esac
          [ "$(cat /var/broken)" != before ] || { kill -9 $PPID; exit 100; }
          echo "docker.io installed 29.0" >/var/engine; echo second >/var/run-id; : >/var/up
          [ "$(cat /var/broken)" != after ] || kill -9 $PPID`,
      },
      files: {
        ...GROUP,
        "var/up": "cafe\n",
        "var/run-id": "first\n",
        "var/engine": `${source} installed 28.0\n`,
        "var/broken": "",
        "run/systemd/system/x": "",
        "etc/docker/daemon.json": `{\n  "log-driver": "json-file",\n  "log-opts": { "max-size": "10m", "max-file": "3" }\n}\n`,
      },
    });
  const NEWER = { ...SETTINGS, docker_version: "29.0" };
  const STARTED = "container cafe, which the restart has stopped, started";

  it("starts nothing again that somebody has stopped since a run that restarted nothing", () => {
    const guest = withContainer();
    const write = (file: string, text: string) => writeFileSync(join(guest.root, "var", file), text);
    write("broken", "before");
    expect(guest.apply("docker", NEWER).status).not.toBe(0);
    write("up", "");
    expect(guest.check("docker", SETTINGS).output).not.toContain("cafe");
    write("broken", "");
    const { output, status } = guest.apply("docker", NEWER);
    expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringContaining("cafe") });
    expect(guest.read("var/up")).toBe("");
  });

  it.each(["", "before", "after"])(
    "starts again what another version has stopped, with a run killed '%s'",
    (broken) => {
      const guest = withContainer();
      writeFileSync(join(guest.root, "var/broken"), broken);
      const first = guest.apply("docker", NEWER);
      writeFileSync(join(guest.root, "var/broken"), "");
      expect((broken ? guest.apply("docker", NEWER) : first).output).toContain(`changed: ${STARTED}`);
      expect(guest.read("var/up")).toBe("cafe\n");
    },
  );

  it("starts again what another source without a version has stopped", () => {
    expect(withContainer("docker-ce").apply("docker", SETTINGS).output).toContain(`changed: ${STARTED}`);
  });

  it.each([
    ["data-root", '"/srv/docker"'],
    ["data-root", '\n    "/srv/docker"\n'],
    ["storage-driver", '"vfs"'],
    ["userns-remap", '"default"'],
    ["containerd-snapshotter", "true"],
  ])("touches no daemon.json of somebody else's that has %s: %s", (key, value) => {
    const theirs = `{"features": {"${key}": ${value}}, "insecure-registries": ["10.0.0.1:5000"]}`;
    const guest = new Sandbox({ commands: DISTRIBUTION, files: { ...GROUP, "etc/docker/daemon.json": theirs } });
    const { output, status } = guest.apply("docker", SETTINGS);
    expect(status).toBe(1);
    expect(output).toContain(`, which is not this role's, has "${key}": "${value.replace(/[\s"]/g, "")}"`);
    expect(output).toContain(`take ${key} out of the file`);
    expect(guest.read("etc/docker/daemon.json")).toBe(theirs);
  });

  it("keeps beside it what else somebody wrote into daemon.json, and nothing of what it wrote itself", () => {
    const theirs = `{"data-root": "/var/lib/docker/", "features": {"containerd-snapshotter": false}, "insecure-registries": ["10.0.0.1:5000"]}\n`;
    const guest = new Sandbox({ commands: DISTRIBUTION, files: { ...GROUP, "etc/docker/daemon.json": theirs } });
    expect(guest.check("docker", SETTINGS).status).toBe(2);
    expect(existsSync(join(guest.root, "etc/docker/daemon.json.replaced"))).toBe(false);
    expect(guest.apply("docker", SETTINGS).output).toContain(
      "what it said is kept in /etc/docker/daemon.json.replaced",
    );
    expect(guest.read("etc/docker/daemon.json.replaced")).toBe(theirs);
    const own = { ...SETTINGS, docker_log_max_size: "50m", docker_log_max_files: 9 };
    expect(guest.apply("docker", own).output).not.toContain("replaced");
    expect(guest.apply("docker", SETTINGS).output).not.toContain("replaced");
    const debug = guest.read("etc/docker/daemon.json").replace("{", '{\n  "debug": true,');
    writeFileSync(join(guest.root, "etc/docker/daemon.json"), debug);
    expect(guest.apply("docker", SETTINGS).output).toContain("is kept in /etc/docker/daemon.json.replaced.2");
    expect(guest.read("etc/docker/daemon.json.replaced")).toBe(theirs);
    expect(guest.read("etc/docker/daemon.json.replaced.2")).toBe(debug);
  });
});
