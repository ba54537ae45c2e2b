import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { terraform as operate } from "../../cli/terraform";
import { tryLogins } from "../../cli/terraform/logins";
import type { OperateOptions } from "../../cli/terraform/operate";
import { DEFAULT_TEMPLATE, startTestbed, type Testbed } from "../../testbed/api/index";
import { container } from "../support/lab-folder";
import { publicKey } from "../support/ssh-key";
import { describeOnTestbed } from "./harness/lab-run";
import { NodeShell } from "./harness/node-shell";

jest.setTimeout(180_000);

const CANARY = "canary-9f31";

/** A guest with a secret setting, on a testbed whose node is this machine's sshd. */
function inventory({ port: apiPort }: Testbed, { port, user }: NodeShell): Readonly<Record<string, string>> {
  return {
    "hosts.yml": "all: { children: { proxmox_nodes: { hosts: { pve1: } }, guests: { hosts: { web: } } } }\n",
    "group_vars/all.yml": `
proxmox_api_host: 127.0.0.1
proxmox_api_port: ${apiPort}
proxmox_validate_certs: false
proxmox_ssh_user: ${user}
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian
proxmox_templates: { debian: { volume: "${DEFAULT_TEMPLATE}", os_type: debian } }
script_snippets:
  - { name: canary, values: { WORD: { secret: canary } }, apply: ":", creates: /etc }
`,
    "host_vars/pve1.yml": `
proxmox_node:
  address: 127.0.0.1
  ssh_port: ${port}
  bridges: [vmbr0]
  storages: { local: { type: dir, content: [vztmpl] }, local-lvm: { type: lvmthin, content: [rootdir] } }
`,
    "host_vars/web.yml": container("vmid: 301", "networks: []", "features: { nesting: true }"),
  };
}

describeOnTestbed("npm run deploy", () => {
  let testbed: Testbed;
  let shell: NodeShell;
  const cwd = mkdtempSync(join(tmpdir(), "lab-deploy-"));

  beforeAll(async () => {
    testbed = await startTestbed({ authDelayMs: 0 });
    shell = await NodeShell.start(testbed);
    for (const [file, text] of Object.entries(inventory(testbed, shell))) {
      const path = join(cwd, "inventory/lab", file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  });
  afterAll(async () => {
    await shell.close();
    await testbed.close();
    rmSync(cwd, { recursive: true });
  });

  async function deploy(...args: string[]) {
    const lines: string[] = [];
    const tell = (text: string) => void lines.push(text);
    const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
    const environment: OperateOptions["environment"] = {
      ...inherited,
      TF_VAR_proxmox_api_token: testbed.credentials.labToken,
      TF_VAR_proxmox_root_password: testbed.credentials.rootPassword,
      TF_VAR_proxmox_ssh_private_key: shell.privateKey,
      TF_VAR_canary: CANARY,
    };
    const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
    const logins: OperateOptions["logins"] = (planned) => tryLogins(planned, environment);
    const code = await operate(["deploy", "lab", "--auto-approve", "-no-color", ...args], { environment, logins }, io);
    return { code, lines };
  }

  it("applies nothing while the node shows another key than the inventory has", async () => {
    const file = join(cwd, "inventory/lab/host_vars/pve1.yml");
    const sound = readFileSync(file, "utf8");
    const other = publicKey("ssh-ed25519", [Buffer.alloc(32)]);
    writeFileSync(
      file,
      sound.replace(/ssh_port: .*/, (port) => `${port}\n  ssh_host_key: ${other}`),
    );
    const { code, lines } = await deploy();
    expect({ code, lines: lines.slice(-2) }).toEqual({
      code: 1,
      lines: [
        expect.stringMatching(/^inventory\/lab\/host_vars\/pve1\.yml:5:17 error .*Host key verification failed; /),
        "lab: 1 error; nothing was applied",
      ],
    });
    writeFileSync(file, sound);
  });

  it("shows a failing step in full, with host, role and the way there, and no secret", async () => {
    const output = `web script | what went before ${CANARY}\nweb script | error: it failed\n`;
    shell.fail("web script", { code: 7, output });
    const { code, lines } = await deploy();
    expect(code).toBe(1);
    const [failed] = lines.flatMap((line, index) => (line.startsWith("FAILED") ? [index] : []));
    expect(lines[failed ?? -1]).toMatch(/^FAILED web script \(\S+@127\.0\.0\.1: (sudo -n )?pct exec 301 --\)$/);
    expect(lines[(failed ?? 0) + 1]).toBe("  web script | error: it failed");
    expect(lines).toContainEqual(expect.stringMatching(/^web base done in \d+ s/));
    expect(lines).toContainEqual(expect.stringMatching(/container\.web created in \d+ s$/));
    expect(lines.join("\n")).not.toContain(CANARY);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
  });

  it("runs again what failed, in one line, and then has nothing to do", async () => {
    shell.fail("web script");
    const { code, lines } = await deploy();
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith("web "))).toEqual([
      expect.stringMatching(/^web script done in \d+ s/),
    ]);
    const { lines: nothing } = await deploy();
    expect(nothing.filter((line) => line !== "")[0]).toMatch(/^No changes\./);
  });

  it("runs nothing again for the sake of more output", async () => {
    const { code, lines } = await deploy("--verbose");
    expect({ code, lines }).toMatchObject({
      code: 0,
      lines: expect.arrayContaining([expect.stringMatching(/^No changes/)]),
    });
  });
});
