import { backupCoverage } from "../../model/backup";
import { formatProblem } from "../../model/problem";
import { container, hosts, load, removeLabFolders, SOUND, told } from "../support/lab-folder";

afterAll(() => removeLabFolders());

const PBS = "type: pbs, server: 10.0.0.9, datastore: main, username: u@pbs, password: { secret: word }";
const STORAGES = ["tank: { type: zfspool, pool: rpool/x, content: [rootdir, images], size: 100 }", `plato: { ${PBS} }`];
const block = (name: string, lines: readonly string[]) =>
  lines.length > 0 ? [`${name}:`, ...lines.map((line) => `  ${line}`), ""].join("\n") : "";

function loaded(storages: readonly string[], jobs: readonly string[] = [], web: readonly string[] = []) {
  return load(
    {
      "hosts.yml": hosts({ guests: ["web", "db"], sleepers: ["spare"] }),
      "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}${block("proxmox_storages", storages)}${block("proxmox_backup_jobs", jobs)}`,
      "host_vars/web.yml": container("vmid: 301", ...web),
      "host_vars/db.yml": container("vmid: 302", "pool: one"),
      "host_vars/spare.yml": container("vmid: 303", "started: false"),
    },
    [],
  );
}

const errors = (...args: Parameters<typeof loaded>) =>
  loaded(...args)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ fix, message }) => `${message}; ${fix}`);

describe("storages that the lab makes", () => {
  it("are among those of their nodes, so that guests may live on them", () => {
    const { lab, problems } = loaded(STORAGES, [], ["storage: tank"]);
    expect(problems).toEqual([]);
    expect(lab?.nodes[0]?.storages.map(({ name, type }) => [name, type])).toEqual([
      ["local", "dir"],
      ["local-lvm", "lvmthin"],
      ["tank", "zfspool"],
      ["plato", "pbs"],
    ]);
    expect(lab?.secrets.map(({ name }) => name)).toEqual(["word"]);
    expect(JSON.stringify(lab?.storages)).toContain('"password":"word"');
  });

  it("obey the rules of all storages, with their own place", () => {
    expect(told(loaded(STORAGES, [], ["storage: plato"]), "storage-content")[0]).toMatch(
      /all\.yml:\d+:10 allows backup/,
    );
    expect(told(loaded(STORAGES, [], ["storage: tonk"]), "unknown-storage")[0]).toContain('did you mean "tank"?');
    expect(told(loaded(STORAGES, [], ["storage: tank", "disk: 500"]), "disk-overcommitted")).toHaveLength(1);
  });

  it.each([
    ["xx: { type: dir, content: [iso] }", "a storage of type dir needs path; add path:"],
    ["xx: { type: dir, path: /srv }", "a storage of type dir needs content"],
    ["xx: { type: dir, path: /srv, content: [iso], server: nas }", "a storage of type dir has no server"],
    [
      "xx: { type: zfspool, pool: rpool/x, content: [iso] }",
      "a storage of type zfspool cannot hold iso; choose of: images, rootdir",
    ],
    ["xx: { type: pbs, server: 10.0.0.9, datastore: main, username: u@pbs }", "a storage of type pbs needs password"],
    [
      "xx: { type: pbs, server: 10.0.0.9, datastore: main, username: u@pbs, password: clear }",
      "must not stand in clear in the inventory; encrypt it",
    ],
    ["xx: { type: lvm, content: [images] }", "expected one of dir, nfs, cifs, zfspool, pbs"],
    ["xx: { type: dir, path: /srv, content: [iso], nodes: [pve9] }", 'no node is called "pve9"; did you mean "pve1"?'],
    ["local: { type: dir, path: /srv, content: [iso] }", "is also described as there already"],
    [`xx: { ${PBS}, fingerprint: ab }`, "expected a SHA-256 fingerprint"],
  ])("%s is refused in words", (line, expected) => {
    expect(errors([line])).toEqual([expect.stringContaining(expected)]);
  });
});

describe("backup jobs", () => {
  const job = (...keys: string[]) =>
    `nightly: { ${['schedule: "02:30"', "storage: plato", "keep: { daily: 7 }", ...keys].join(", ")} }`;
  const jobs = (line: string, web: readonly string[] = []) => loaded(STORAGES, [line], web).lab?.backupJobs?.[0];

  it.each([
    ["all", [], { kind: "guests", guests: ["web", "db", "spare"] }],
    ["all but one", ["exclude: [sleepers]"], { kind: "guests", guests: ["web", "db"] }],
    ["named", ["guests: [guests]"], { kind: "guests", guests: ["web", "db"] }],
    ["the cluster", ["guests: cluster"], { kind: "cluster" }],
    ["a pool", ["pool: one"], { kind: "pool", pool: "one" }],
  ])("take %s", (_, keys, what) => {
    expect(jobs(job(...keys))?.what).toEqual(what);
  });

  it("leave out who says why", () => {
    expect(jobs(job(), ["not_backed_up: scratch"])?.what).toEqual({ kind: "guests", guests: ["db", "spare"] });
  });

  it("fill in notes by Proxmox VE's names", () => {
    expect(jobs(job("notes: '{guest} {vmid} {node} {cluster} {other}'"))?.notes).toBe(
      "{{guestname}} {{vmid}} {{node}} {{cluster}} {other}",
    );
  });

  it.each([
    "02:30",
    "*/15",
    "sat 18:15",
    "mon..fri 02:30",
    "mon,wed *:00/30",
    "daily",
    "2026-*-1 3:00",
    "sun",
    "22:30:15",
  ])("run at %s", (schedule) => {
    expect(errors(STORAGES, [`nightly: { schedule: "${schedule}", storage: plato, keep: all }`])).toEqual([]);
  });

  it.each([
    [
      `nightly: { schedule: 2:30, storage: plato, keep: all }`,
      'expected a calendar event such as "02:30" or "sat 18:15", in quotes, got 150',
    ],
    [`nightly: { schedule: "30 2 * * *", storage: plato, keep: all }`, 'write "02:30"'],
    [`nightly: { schedule: "25:00", storage: plato, keep: all }`, "expected a calendar event"],
    [`nightly: { schedule: daily, storage: plato }`, "keep is required"],
    [`nightly: { schedule: daily, storage: plato, keep: {} }`, "expected at least one of last, hourly"],
    [`nightly: { schedule: daily, storage: plato, keep: some }`, 'expected "all", got "some"'],
    [job("guests: cluster", "exclude: [web]"), "cannot leave guests out of a whole cluster"],
    [job("pool: one", "guests: all"), "expected either guests or pool, got both"],
    [job("guests: [wob]"), 'no guest or group is called "wob"; did you mean "web"?'],
    [job("guests: [web]", "exclude: [web]"), "the job nightly backs up no guest"],
    [`nightly: { schedule: daily, storage: tank, keep: all }`, 'has no storage "tank" for backups'],
    [
      `nightly: { schedule: daily, storage: pluto, keep: all }`,
      'has no storage "pluto" for backups; did you mean "plato"?',
    ],
  ])("%s is refused in words", (line, expected) => {
    expect(errors(STORAGES, [line])).toEqual([expect.stringContaining(expected)]);
  });

  it("name a node of the lab", () => {
    const found = loaded(STORAGES, [job("node: pve9", "guests: [web]")]).problems.filter((p) => p.severity === "error");
    expect(found.map(formatProblem)).toEqual([
      expect.stringMatching(
        /all\.yml:13:\d+ proxmox_backup_jobs\.nightly\.node: no node is called "pve9"; did you mean "pve1"\?$/,
      ),
    ]);
  });

  describe("of one node", () => {
    const node = SOUND["host_vars/pve1.yml"]!.replace("192.168.1.10", "192.168.1.11");
    const onTwo = (...keys: string[]) =>
      load(
        {
          "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: ["web", "db"] }),
          "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}${block("proxmox_storages", STORAGES)}${block("proxmox_backup_jobs", [job("node: pve2", ...keys)])}`,
          "host_vars/pve2.yml": node,
          "host_vars/web.yml": container("vmid: 301"),
          "host_vars/db.yml": container("vmid: 302", "node: pve2"),
        },
        [],
      );

    it("say so of a guest that is named and on another one", () => {
      const result = onTwo("guests: [db, web]");
      expect(told(result, "backup-on-other-node")).toEqual([
        expect.stringMatching(
          /all\.yml:13:\d+ proxmox_backup_jobs\.nightly\.guests\.1: .* for pve2 only, and web is on pve1; .*\n.*says that web is on pve1$/,
        ),
      ]);
      expect(result.lab).toBeDefined();
    });

    it("are silent of groups and of all", () => {
      for (const keys of [["guests: [guests]"], []]) expect(told(onTwo(...keys), "backup-on-other-node")).toEqual([]);
    });

    it("take none of another one", () => {
      expect(told(onTwo("guests: [web]"), "empty-backup-job")).toEqual([
        expect.stringContaining("the job nightly backs up no guest of pve2; name guests that live there"),
      ]);
    });
  });

  it("refuse a guest that is named and says that it is not backed up", () => {
    const found = errors(STORAGES, [job("guests: [web]")], ["not_backed_up: scratch"]);
    expect(found).toEqual([expect.stringContaining("backs up web, which says that it is not backed up")]);
  });
});

describe("what is not backed up", () => {
  const MOUNTS =
    "mounts: [{ path: /films, source: /tank/films }, { path: /x, storage: local-lvm, size: 1, backup: false }]";
  const job = 'nightly: { schedule: "02:30", storage: plato, keep: all, guests: [web] }';

  it("is told of guests that run and of mounts, where nobody says why", () => {
    const result = loaded(STORAGES, [job], [MOUNTS]);
    expect(told(result, "guest-without-backup")).toEqual([expect.stringContaining("db runs and is in no backup job")]);
    expect(told(result, "mount-without-backup")).toEqual([
      expect.stringContaining("do not hold /films (a directory of the node), /x (backup: false)"),
    ]);
  });

  it("is silent with a reason, and in a lab without jobs", () => {
    const said = MOUNTS.replaceAll(" }", ", not_backed_up: films can be bought again }");
    expect(told(loaded(STORAGES, [job], [said]), "mount-without-backup")).toEqual([]);
    expect(told(loaded(STORAGES, [], [MOUNTS]), "mount-without-backup")).toEqual([]);
    expect(told(loaded(STORAGES, []), "guest-without-backup")).toEqual([]);
  });

  it("does not count a job that is off, or one for another node", () => {
    for (const more of ["enabled: false", "node: pve2"])
      expect(told(loaded(STORAGES, [job.replace(" }", `, ${more} }`)]), "guest-without-backup")).toHaveLength(2);
  });

  it("can be listed guest by guest", () => {
    const { lab } = loaded(STORAGES, [job], [MOUNTS]);
    expect(lab && backupCoverage(lab)).toEqual([
      {
        guest: "web",
        jobs: ["nightly"],
        leftOut: [
          { what: "/films", kind: "bind" },
          { what: "/x", kind: "volume" },
        ],
      },
      { guest: "db", jobs: [], leftOut: [] },
      { guest: "spare", jobs: [], leftOut: [] },
    ]);
  });
});
