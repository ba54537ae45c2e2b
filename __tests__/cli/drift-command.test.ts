import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { container, labFolder, removeLabFolders, SOUND } from "../support/lab-folder";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { describeWithSshd, Sshd } from "../support/sshd";
import { capture } from "./capture";

jest.setTimeout(30_000);

const TOKEN = "terraform@pve!lab=00000000-0000-0000-0000-000000000000";
const BASE = { base_packages: ["htop"], base_journal_max_use: "100M" };

const environment = process.env;
beforeEach(() => {
  const own = Object.entries(environment).filter(([name]) => !/VAULT|^TF_VAR_/.test(name));
  process.env = { ...Object.fromEntries(own), TF_VAR_proxmox_api_token: TOKEN };
});
afterAll(() => {
  removeLabFolders();
  process.env = environment;
});

describe("lab drift, used wrongly", () => {
  it("never exits with the 2 that means drift", async () => {
    const cwd = labFolder({});
    expect(await capture(["drift", "lba"], cwd)).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "lab"'),
    });
    expect(await capture(["drift", "lab", "--limit", "wep"], cwd)).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "web"'),
    });
    expect(await capture(["drift", "lab", "--role", "bass"], cwd)).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "base"'),
    });
    expect((await capture(["drift", "lab", "--jobs", "0"], cwd)).code).toBe(1);
    expect((await capture(["drift", "lab", "--nonsense"], cwd)).code).toBe(1);
  });

  it("tells a node that does not answer once, whatever the number of roles behind it", async () => {
    const node = SOUND["host_vars/pve1.yml"]!.replace("192.168.1.10", "127.0.0.1\n  ssh_port: 1");
    const { code, err, out } = await capture(["drift", "lab"], labFolder({ "host_vars/pve1.yml": node }));
    expect(code).toBe(1);
    expect(out).toMatch(/^web +.*failed/m);
    expect(err.match(/no connection to root@127\.0\.0\.1:1: .*refused/g)).toHaveLength(1);
  });
});

describeInSandbox("lab drift", () => {
  describeWithSshd("of a guest behind a real sshd", () => {
    const sshd = new Sshd();
    const guest = new Sandbox({
      commands: { "dpkg-query": 'echo "installed 1.0"', sshd: ":", visudo: ":" },
      files: { "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n" },
    });
    let cwd: string;
    beforeAll(async () => {
      await sshd.start();
      copyFileSync(join(guest.bin, "pct"), join(sshd.bin, "pct"));
      const at = `127.0.0.1\n  ssh_port: ${sshd.port}\n  ssh_host_key: ${sshd.hostKey}`;
      cwd = labFolder({
        "host_vars/pve1.yml": SOUND["host_vars/pve1.yml"]!.replace("192.168.1.10", at),
        "host_vars/web.yml": `${container("vmid: 301")}${JSON.stringify(BASE)
          .slice(1, -1)
          .split(',"')
          .map((each) => each.replace(/^"?(\w+)":/, "$1: "))
          .join("\n")}\n`,
      });
    });
    afterAll(() => sshd.stop());
    beforeEach(() => {
      process.env.TF_VAR_proxmox_ssh_private_key = sshd.privateKey;
    });

    it("tells what would change and exits 2, changes nothing, and exits 0 once it is applied", async () => {
      const untouched = guest.digest();
      const before = await capture(["drift", "lab", "--limit", "web"], cwd);
      expect(before.err).toBe("");
      expect(before.code).toBe(2);
      expect(before.out).toMatch(/^HOST +base$\n^web +\d+ changes?$/m);
      expect(before.out).toMatch(/^web base: would change: \/etc\/systemd\/journald\.conf\.d\//m);
      expect(before.out).toMatch(/\nput it right: npm run deploy -- lab -replace=null_resource\.web_base\n$/);
      expect(guest.digest()).toBe(untouched);
      guest.apply("base", BASE);
      const applied = guest.digest();
      const after = await capture(["drift", "lab", "--limit", "web"], cwd);
      expect(after).toMatchObject({ code: 0, out: expect.stringMatching(/^web +ok$/m) });
      expect(guest.digest()).toBe(applied);
    });

    it("says it in JSON, and sees what somebody changed", async () => {
      guest.apply("base", BASE);
      const path = join(guest.root, "etc/systemd/journald.conf.d/60-proxmox-lab.conf");
      writeFileSync(path, readFileSync(path, "utf8").replace("100M", "1G"));
      const { code, out } = await capture(["drift", "lab", "--limit", "web", "--role", "base", "--json"], cwd);
      expect(code).toBe(2);
      expect(JSON.parse(out)).toMatchObject({
        findings: [
          {
            host: "web",
            role: "base",
            address: "null_resource.web_base",
            state: "drifted",
            changes: [expect.stringContaining("journald.conf.d")],
          },
        ],
      });
    });
  });
});
