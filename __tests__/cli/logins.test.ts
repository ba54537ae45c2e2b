import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { tryLogins } from "../../cli/terraform/logins";
import { formatProblem, type Problem } from "../../model/problem";
import { container, load, removeLabFolders, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { publicKey } from "../support/ssh-key";
import { describeWithSshd, Sshd } from "../support/sshd";
import { change, plan } from "./guard/plans";

jest.setTimeout(30_000);

const STEP = change("null_resource.web_base", "create", null, {});
const NEW_KEY = "TF_VAR_proxmox_ssh_private_key";

/** A lab whose node is at this address; `lines` are further ones of the node. */
function labAt(address: string, lines: readonly string[] = [], user = "root", guest = container("vmid: 301")) {
  const more = lines.map((line) => `\n  ${line}`).join("");
  const { lab, problems } = load({
    "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}proxmox_ssh_user: ${user}\n`,
    "host_vars/pve1.yml": SOUND["host_vars/pve1.yml"]!.replace("192.168.1.10", `${address}${more}`).replace(
      "iso]",
      "iso, import]",
    ),
    "host_vars/web.yml": guest,
  });
  if (!lab) throw new Error(problems.map(formatProblem).join("\n"));
  return lab;
}

const secretOf = (value: string) => ({
  ...{ name: "proxmox_ssh_private_key", usedBy: [], optional: true },
  from: { kind: "environment", value, variable: NEW_KEY } as const,
});
const given = (value: string) => (value === "" ? [] : [secretOf(value)]);
const told = (problems: readonly Problem[]) => problems.map((each) => `${each.severity} ${formatProblem(each)}`);

async function tried(lab: ReturnType<typeof labAt>, key: string, changes = [STEP], environment = {}) {
  const own = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment };
  return told(await tryLogins({ lab, plan: plan(...changes), secrets: given(key) }, own));
}

/** A private key that nobody knows. */
function strange(...options: readonly string[]): { privateKey: string; publicKey: string } {
  const file = join(temporaryFolder(), "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file, ...options]);
  const text = (name: string) => execFileSync("cat", [name], { encoding: "utf8" });
  return { privateKey: text(file), publicKey: text(`${file}.pub`).trim() };
}

afterAll(removeLabFolders);

describe("a node that nobody needs", () => {
  it("is not logged in to: no step runs", async () => {
    const lab = labAt("127.0.0.1", ["ssh_port: 1"]);
    const memory = change("proxmox_virtual_environment_container.web", "update", {}, {});
    const gone = change("null_resource.web_base", "delete", {}, null);
    expect(await tried(lab, "", [memory, gone])).toEqual([]);
  });
});

describe("without OpenSSH on this machine", () => {
  it.each([[""], ["a key"]])("nothing is said, for Terraform needs none: %j", async (key) => {
    const PATH = temporaryFolder();
    expect(await tried(labAt("127.0.0.1", ["ssh_port: 1"]), key, [STEP], { PATH })).toEqual([]);
  });
});

describeWithSshd("the nodes that steps need", () => {
  const sshd = new Sshd();
  beforeAll(() => sshd.start());
  afterAll(() => sshd.stop());
  const node = (...lines: string[]) => labAt("127.0.0.1", [`ssh_port: ${sshd.port}`, ...lines], sshd.user);

  it("are logged in to once, whatever the number of steps", async () => {
    const before = sshd.logins();
    const another = change("null_resource.pve1_node_base_1A2B", "replace", {}, {});
    expect(await tried(node(`ssh_host_key: ${sshd.hostKey}`), sshd.privateKey, [STEP, another])).toEqual([]);
    expect(sshd.logins() - before).toBe(1);
  });

  it("are those before VMs, which may be yet to come", async () => {
    const key = publicKey();
    const vm = `proxmox_vm:
  { vmid: 301, cores: 2, memory: 2048, disk: 8, networks: [{ ip: 192.168.1.51 }], cloud_init: { image: debian-13, ssh_keys: [${key}] } }
`;
    const lab = labAt("127.0.0.1", [`ssh_port: ${sshd.port}`], sshd.user, vm);
    const before = sshd.logins();
    expect(await tried(lab, sshd.privateKey)).toEqual([]);
    expect(sshd.logins() - before).toBe(1);
  });

  it("are told with the line of ssh_host_key where they show another key", async () => {
    const [problem, ...others] = await tried(node(`ssh_host_key: ${strange().publicKey}`), sshd.privateKey);
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^error inventory\/lab\/host_vars\/pve1\.yml:5:17 no connection to \S+@127\.0\.0\.1:\d+: Host key verification failed; it is another machine/,
    );
  });

  it("are told with the line of the user where the key is not let in", async () => {
    expect((await tried(node(), strange().privateKey)).join()).toMatch(
      /^error inventory\S+pve1\.yml:3:12 no connection .*Permission denied \(\S+\); add the public key of proxmox_ssh_private_key to the authorized_keys of \S+ there.*\n +inventory\S+all\.yml:9:19 says which user$/,
    );
    expect((await tried(node(), "")).join()).toMatch(/Permission denied.*ssh-add the key for it/);
  });

  it("are told where Terraform is shown another of a node's keys than ssh would be", async () => {
    const usual = await new Sshd(["rsa", "ecdsa"]).start();
    const lines = [`ssh_port: ${usual.port}`, `ssh_host_key: ${usual.hostKey}`];
    expect((await tried(labAt("127.0.0.1", lines, usual.user), usual.privateKey)).join()).toMatch(
      /^error inventory\S+pve1\.yml:5:17 .*: the node has that key, but shows Terraform another; .*ssh-keyscan -t ecdsa/,
    );
    usual.stop();
  });

  it("take the agent's key where none is given", async () => {
    const socket = join(temporaryFolder(), "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket]);
    await once(agent.stdout, "data");
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    execFileSync("ssh-add", ["-q", "-"], { input: sshd.privateKey, env });
    expect(await tried(node(), "", [STEP], { SSH_AUTH_SOCK: socket })).toEqual([]);
    agent.kill();
  });

  it("are told when nothing is there, unless the plan may be what makes them reachable", async () => {
    const nothing = labAt("127.0.0.1", ["ssh_port: 1"]);
    expect((await tried(nothing, sshd.privateKey)).join()).toMatch(
      /^error inventory\S+pve1\.yml:3:12 .*Connection refused; check the address.*\n +inventory\S+pve1\.yml:4:13 says which port$/,
    );
    const bridge = change("proxmox_network_linux_bridge.pve1_vmbr1", "create", null, {});
    expect((await tried(nothing, sshd.privateKey, [STEP, bridge])).join()).toMatch(/^warning inventory/);
  });

  it("are warned of where another try may do", async () => {
    const hasty = createServer((socket) => void socket.on("error", () => undefined).destroy());
    await once(hasty.listen(0, "127.0.0.1"), "listening");
    const { port } = hasty.address() as { port: number };
    expect((await tried(labAt("127.0.0.1", [`ssh_port: ${port}`]), sshd.privateKey)).join()).toMatch(
      /^warning inventory/,
    );
    hasty.close();
  });

  it("are not asked with what is no key, nor is anybody for its passphrase", async () => {
    for (const key of ["no key", strange("-N", "secret").privateKey])
      expect((await tried(node(), key)).join()).toMatch(
        /^error the SSH key for the nodes \(proxmox_ssh_private_key\) cannot be used: ssh-add: .*; give the text/,
      );
    expect(await tried(node(), sshd.privateKey.replaceAll("\n", "\r\n"))).toEqual([]);
  });
});
