import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { type Ahead, type Setting, Step } from "../../constructs/step";
import { type Run, runStep, synthesizeSteps, temporaryFolder } from "./run-step";
import { describeUnless } from "./skip";

/** Programs of this machine over an own /etc, /var, /home, /root and /run; stand-ins in /usr/local/sbin come first. */
const ENTER = `#!/bin/sh
[ "$1" = exec ] || { echo "status: running"; exit 0; }
shift 3
exec unshare --mount --pid --fork sh -c '
  root=$1; shift
  mount --make-rprivate /
  mount --bind "$root" "$root"
  for each in usr bin sbin lib lib64 dev; do
    [ ! -d "/$each" ] || { mkdir -p "$root/$each"; mount --rbind "/$each" "$root/$each"; }
  done
  mount --bind "$root/stand-ins" "$root/usr/local/sbin"
  mount -t proc proc "$root/proc"
  exec env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
' x ROOT "$@"
`;

const canSandbox = spawnSync("unshare", ["--mount", "true"]).status === 0;

/** `describe` for tests in a sandbox; skips them, and says why, where there can be none. */
export function describeInSandbox(name: string, tests: () => void): void {
  describeUnless(canSandbox ? "" : "needs root and unshare", name, tests);
}

export interface SandboxProps {
  /** os-release(5). @default Debian 13 */
  readonly osRelease?: string;
  /** Programs that are played: name → shell script. */
  readonly commands?: { readonly [name: string]: string };
  readonly files?: { readonly [path: string]: string };
}

/** A guest of which roles see nothing but its files. */
export class Sandbox {
  readonly root = temporaryFolder();
  /** Holds the `pct` that leads in here. */
  readonly bin = temporaryFolder();

  constructor({
    commands = {},
    files = {},
    osRelease = 'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian 13"\n',
  }: SandboxProps) {
    for (const folder of ["etc/ssh", "var/lib", "home", "root", "run", "tmp", "proc", "stand-ins"]) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    // awk is a link into this folder.
    if (existsSync("/etc/alternatives")) {
      cpSync("/etc/alternatives", join(this.root, "etc/alternatives"), { recursive: true, verbatimSymlinks: true });
    }
    const given = {
      "etc/os-release": osRelease,
      "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
      "etc/group": "root:x:0:\nadm:x:4:\n",
      "etc/shadow": "root:*:19000:0:99999:7:::\n",
      "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n",
      ...files,
    };
    for (const [path, content] of Object.entries(given)) {
      mkdirSync(join(this.root, path, ".."), { recursive: true });
      writeFileSync(join(this.root, path), content);
    }
    for (const [name, script] of Object.entries(commands)) {
      writeFileSync(join(this.root, "stand-ins", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    writeFileSync(join(this.bin, "pct"), ENTER.replace("ROOT", `'${this.root}'`), { mode: 0o755 });
  }

  apply(
    role: string,
    settings: { readonly [name: string]: Setting } = {},
    action = "apply",
    /** Secret settings with their values. */
    secrets: { readonly [name: string]: string } = {},
    /** Steps to come. */
    ahead: Ahead = [],
  ): Run {
    const stack = synthesizeSteps((scope) => {
      const expressions = Object.keys(secrets).map((name) => {
        const variable = new TerraformVariable(scope, `:${name}`, { type: "string", sensitive: true });
        variable.overrideLogicalId(name);
        return [name, variable.stringValue];
      });
      new Step(new Construct(scope, "guest"), role, {
        role,
        target: {
          transport: "pct",
          node: { name: "pve1", address: "127.0.0.1", sshPort: 22, sshUser: "root" },
          vmid: 303,
        },
        runsAgainWith: "303",
        settings,
        secrets: Object.fromEntries(expressions),
        ahead,
      });
    });
    return runStep(stack, `guest_${role}`, {
      home: temporaryFolder(),
      bin: this.bin,
      before: `step_action=${action}`,
      variables: secrets,
    });
  }

  check(role: string, settings: { readonly [name: string]: Setting } = {}): Run {
    return this.apply(role, settings, "check");
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /** Of every file's name, content, owner, mode and time. */
  digest(): string {
    const hash = createHash("sha256");
    for (const part of ["etc", "home", "opt", "root", "var"].filter((each) => existsSync(join(this.root, each)))) {
      const entries = readdirSync(join(this.root, part), { recursive: true, encoding: "utf8", withFileTypes: true });
      for (const entry of entries
        .filter((each) => each.isFile())
        .map((each) => join(each.parentPath, each.name))
        .sort()) {
        const { gid, mode, mtimeMs, uid } = statSync(entry);
        hash.update(`${entry} ${mode} ${uid} ${gid} ${mtimeMs}\n`).update(readFileSync(entry));
      }
    }
    return hash.digest("hex");
  }
}
