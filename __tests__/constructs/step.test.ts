import { type TerraformStack, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { Step, type StepProps } from "../../constructs/step";
import { evaluate, filesOf, synthesizeSteps } from "../support/run-step";

const NODE = { name: "pve1", address: "192.168.1.10", sshPort: 22, sshUser: "root" };
const PROPS: StepProps = {
  role: "base",
  scripts: "provision/base",
  target: { transport: "pct", node: NODE, vmid: 303 },
  runsAgainWith: "${proxmox_virtual_environment_container.media.id}",
  settings: {},
  secrets: {},
};

function synthesizeStep(props: Partial<StepProps> = {}) {
  const stack = synthesizeSteps(
    (scope) => void new Step(new Construct(scope, "media"), "base", { ...PROPS, ...props }),
  );
  return { ...stack, step: stack.json.resource.null_resource.media_base! };
}

function secret(stack: TerraformStack, name: string): string {
  const variable = new TerraformVariable(stack, `:${name}`, { type: "string", sensitive: true });
  variable.overrideLogicalId(name);
  return variable.stringValue;
}

function withSecret(reference: string) {
  const stack = synthesizeSteps((scope) => {
    new Step(new Construct(scope, "media"), "base", { ...PROPS, secrets: { base_key: secret(scope, reference) } });
  });
  return { ...stack, step: stack.json.resource.null_resource.media_base! };
}

describe("a step's place in Terraform", () => {
  it("is a null_resource named by guest and role", () => {
    expect(Object.keys(synthesizeStep().json.resource.null_resource)).toEqual(["media_base"]);
  });

  it("follows the steps it is told to follow", () => {
    const { json } = synthesizeSteps((scope) => {
      const guest = new Construct(scope, "media");
      const base = new Step(guest, "base", PROPS);
      new Step(guest, "docker", { ...PROPS, role: "docker", scripts: "provision/docker", after: [base] });
    });
    expect(json.resource.null_resource.media_docker?.depends_on).toEqual(["null_resource.media_base"]);
  });

  it("waits for every resource of a construct it follows", () => {
    const { json } = synthesizeSteps((scope) => {
      const guest = new Construct(scope, "media");
      new Step(guest, "base", PROPS);
      new Step(new Construct(scope, "other"), "base", { ...PROPS, after: [guest] });
    });
    expect(json.resource.null_resource.other_base?.depends_on).toEqual(["null_resource.media_base"]);
  });

  it("costs less than 2 KiB, and its scripts nothing more for a second guest", () => {
    const define = (count: number) =>
      synthesizeSteps((scope) => {
        for (let guest = 0; guest < count; guest++) new Step(new Construct(scope, `guest${guest}`), "base", PROPS);
      }).text.length;
    const [one, two, three] = [define(1), define(2), define(3)];
    expect(two - one).toBeLessThan(2048);
    expect(three - two).toBe(two - one);
  });

  it("names no folder of the machine", () => {
    const { json } = synthesizeStep();
    expect(JSON.stringify([json.locals, json.resource])).not.toContain(process.cwd());
  });
});

describe("what makes a step run again", () => {
  const triggers = (props: Partial<StepProps>) => synthesizeStep(props).step.triggers;

  it("the guest", () => {
    expect(triggers({}).guest).toBe(PROPS.runsAgainWith);
  });

  it("a changed setting, and only in its own trigger", () => {
    const before = triggers({ settings: { base_timezone: "Etc/UTC" } });
    const after = triggers({ settings: { base_timezone: "Europe/Berlin" } });
    expect(after.settings).not.toBe(before.settings);
    expect({ ...after, settings: "" }).toEqual({ ...before, settings: "" });
  });

  it("not the order of settings", () => {
    expect(triggers({ settings: { a: 1, b: { c: 2, d: 3 } } })).toEqual(
      triggers({ settings: { b: { d: 3, c: 2 }, a: 1 } }),
    );
  });

  it("a secret's new name, whatever was constructed before", () => {
    const first = withSecret("key_1").step.triggers.settings;
    expect(withSecret("key_2").step.triggers.settings).not.toBe(first);
    const later = synthesizeSteps((scope) => {
      secret(scope, "another");
      new Step(new Construct(scope, "a"), "base", PROPS);
      new Step(new Construct(scope, "media"), "base", { ...PROPS, secrets: { base_key: secret(scope, "key_1") } });
    });
    expect(later.json.resource.null_resource.media_base?.triggers.settings).toBe(first);
  });

  it("the scripts, by content and by name, but neither README nor role.ts", () => {
    const stack = synthesizeStep();
    const names = [...filesOf(evaluate(String(stack.json.locals.step_files_base), stack)).keys()];
    expect(names).toEqual(expect.arrayContaining(["lib/step.sh", "apply.sh", "check.sh", "accounts.sh"]));
    expect(names.filter((name) => !/\.sh$|^files\//.test(name))).toEqual([]);
    expect(stack.json.locals.step_role_base).toMatchObject({ hash: "${sha256(local.step_files_base)}" });
    expect(stack.step.triggers.scripts).toBe("${local.step_role_base.hash}");
  });
});

describe("the way to where a step runs", () => {
  it("of a container leads over its node, with the node's key", () => {
    const node = { ...NODE, sshPort: 2222, privateKey: "${var.proxmox_ssh_private_key}", hostKey: "ssh-ed25519 AAAA" };
    expect(synthesizeStep({ target: { transport: "pct", node, vmid: 303 } }).step.connection).toEqual({
      type: "ssh",
      host: "192.168.1.10",
      port: 2222,
      private_key: "${var.proxmox_ssh_private_key}",
      host_key: "ssh-ed25519 AAAA",
      script_path: "./.proxmox-lab-${self.id}.sh",
    });
  });

  it("of a VM goes through the node as bastion, and becomes root by sudo", () => {
    const bastion = { ...NODE, privateKey: "${var.k}" };
    const { step } = synthesizeStep({ target: { transport: "ssh", host: "10.0.100.5", user: "debian", bastion } });
    expect(step.connection).toMatchObject({
      host: "10.0.100.5",
      user: "debian",
      private_key: "${var.k}",
      bastion_host: "192.168.1.10",
      bastion_user: "root",
      bastion_private_key: "${var.k}",
    });
    expect(step.provisioner[0]?.["remote-exec"]?.inline[0]).toContain("step_enter='sudo -n'");
  });

  it("opens one connection without secrets, three with", () => {
    expect(synthesizeStep().step.provisioner).toHaveLength(1);
    expect(withSecret("key_1").step.provisioner).toHaveLength(3);
  });
});

describe("a step that cannot be", () => {
  const problemsOf = (props: Partial<StepProps>) => {
    try {
      synthesizeStep(props);
    } catch (error) {
      return String((error as Error).message).split("\n");
    }
    return [];
  };

  it("says everything that is wrong with its settings at once, with its path", () => {
    const problems = problemsOf({
      settings: {
        PATH: "/tmp",
        step_enter: "x",
        base_x: "a\0b",
        base_map: { "a b": 1 },
        base_y: "${TfToken[TOKEN.1]}",
      },
      secrets: { base_x: "${var.a}", "base-z": "${var.b}" },
    });
    expect(problems).toHaveLength(7);
    for (const problem of problems) expect(problem).toMatch(/^\[lab\/media\/base\] the setting /);
  });

  it("says that two settings would be one variable in the shell", () => {
    expect(problemsOf({ settings: { base: { x: 1 }, base_x: 2 } })).toEqual([
      "[lab/media/base] the setting base_x: another setting is also called base_x in the shell",
    ]);
  });
});
