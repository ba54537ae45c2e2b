import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsFile } from "../../constructs/settings-file";
import role from "../../provision/zfs-dataset/role";
import { temporaryFolder } from "../support/run-step";

/** Keeps datasets as lines `name property=value …` in a file; every call that changes something is written down. */
const ZFS = `#!/bin/sh
for last; do :; done
case $1 in
  list) grep -q "^$last " "$STATE" ;;
  get)
    exact=; [ "$2" != -Hp ] || exact=1
    key=$5
    value=$(sed -n "s|^$last .*\\b$key=\\([^ ]*\\).*|\\1|p" "$STATE")
    case $exact/$value in 1/1M) value=1048576 ;; esac
    printf '%s\\n' "\${value:-off}" ;;
  create)
    printf 'zfs %s\\n' "$*" >>"$CALLS"
    properties=
    while [ $# -gt 1 ]; do [ "$1" != -o ] || properties="$properties $2"; shift; done
    printf '%s %s\\n' "$last" "$properties" >>"$STATE" ;;
  set) printf 'zfs %s\\n' "$*" >>"$CALLS"; printf '%s %s\\n' "$last" "$2" >"$STATE.new"; grep -v "^$last " "$STATE" >>"$STATE.new" || :; mv "$STATE.new" "$STATE" ;;
  *) exit 9 ;;
esac
`;
const ZPOOL = '#!/bin/sh\nfor last; do :; done\n[ "$last" = rpool ]\n';

interface Dataset {
  readonly name: string;
  readonly properties?: readonly string[];
}

class Node {
  readonly folder = temporaryFolder();

  constructor(state: string) {
    for (const each of ["apply.sh", "check.sh"]) cpSync(join("provision/zfs-dataset", each), join(this.folder, each));
    cpSync("provision/lib", join(this.folder, "lib"), { recursive: true });
    writeFileSync(join(this.folder, "state"), state);
    writeFileSync(join(this.folder, "zfs"), ZFS, { mode: 0o755 });
    writeFileSync(join(this.folder, "zpool"), ZPOOL, { mode: 0o755 });
  }

  run(script: "apply" | "check", ...datasets: readonly Dataset[]) {
    const { folder } = this;
    const settings = { node_zfs_datasets: datasets.map(({ name, properties = [] }) => ({ name, properties })) };
    writeFileSync(join(folder, "settings.sh"), settingsFile(settings).text);
    writeFileSync(join(folder, "calls"), "");
    writeFileSync(join(folder, "report"), "");
    const { status, stderr, stdout } = spawnSync("sh", ["-euc", `. ./settings.sh; . ./${script}.sh`], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env.PATH}`, STATE: join(folder, "state"), CALLS: join(folder, "calls") },
      encoding: "utf8",
    });
    const calls = existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim() : "";
    return { status, output: stdout + stderr, calls: calls === "" ? [] : calls.split("\n") };
  }
}

const DATA: Dataset = { name: "rpool/data/films", properties: ["compression=zstd", "com.sun:note=a b; $(x)"] };

describe("the role zfs-dataset", () => {
  it("makes what is missing, with its properties, and changes nothing the second time", () => {
    const node = new Node("rpool compression=on\n");
    expect(node.run("check", DATA)).toMatchObject({ status: 2, calls: [] });
    expect(node.run("apply", DATA)).toMatchObject({
      status: 0,
      calls: ["zfs create -p -o compression=zstd -o com.sun:note=a b; $(x) rpool/data/films"],
      output: expect.stringContaining("changed: rpool/data/films created"),
    });
    const plain = { name: DATA.name, properties: ["compression=zstd"] };
    expect(node.run("apply", plain)).toMatchObject({ status: 0, calls: [] });
    expect(node.run("check", plain)).toMatchObject({ status: 0 });
  });

  it("sets the properties that differ, whichever way their numbers are written", () => {
    const node = new Node("rpool/data recordsize=1M compression=lz4\n");
    const wanted = { name: "rpool/data", properties: ["recordsize=1048576", "compression=zstd"] };
    expect(node.run("check", wanted)).toMatchObject({ status: 2, calls: [] });
    expect(node.run("apply", wanted)).toMatchObject({ status: 0, calls: ["zfs set compression=zstd rpool/data"] });
  });

  it("never destroys: a dataset that is no longer named stays", () => {
    const node = new Node("rpool/data x=y\nrpool/old x=y\n");
    expect(node.run("apply", { name: "rpool/data" })).toMatchObject({ status: 0, calls: [] });
  });

  it("refuses a pool that is not there, and a property that only creation sets", () => {
    const node = new Node("rpool/data encryption=off\n");
    expect(node.run("apply", { name: "tank/data" }).output).toContain("error: there is no ZFS pool tank for tank/data");
    const wanted = { name: "rpool/data", properties: ["encryption=on"] };
    expect(node.run("apply", wanted)).toMatchObject({ calls: [], output: expect.stringContaining("cannot become on") });
  });

  it.each([
    [{ name: "/rpool/data" }, false],
    [{ name: "rpool/data", properties: ["compression: zstd"] }, false],
    [{ name: "rpool/data", properties: ["compression=zstd"] }, true],
  ])("takes %j: %s", (dataset, accepted) => {
    expect(role.variables.safeParse({ node_zfs_datasets: [dataset] }).success).toBe(accepted);
  });
});
