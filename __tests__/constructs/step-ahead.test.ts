import { Construct } from "constructs";
import type { StepSpec } from "../../constructs/guest-props";
import { Step, type StepProps } from "../../constructs/step";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { evaluate, filesOf, type Synthesized, synthesizeSteps } from "../support/run-step";
import { TestStack } from "../support/synth";
import { plainVm } from "../support/vm";

const BASE: StepProps = {
  role: "base",
  target: {
    transport: "pct",
    node: { name: "pve1", address: "192.168.1.10", sshPort: 22, sshUser: "root" },
    vmid: 303,
  },
  runsAgainWith: "303",
  settings: { base_packages: ["htop"] },
};
const DOCKER = { docker_source: "distribution" };
const WIREGUARD = { wireguard_interface: "wg7" };

const base = (ahead?: StepProps["ahead"]): Synthesized =>
  synthesizeSteps(
    (scope) => void new Step(new Construct(scope, "media"), "base", { ...BASE, ...(ahead ? { ahead } : {}) }),
  );
const of = (stack: Synthesized) => stack.json.resource.null_resource.media_base!;
const both = () =>
  base([
    { role: "docker", settings: DOCKER },
    { role: "wireguard", settings: WIREGUARD },
  ]);

/** What lies in `ahead/` where the step runs. */
function carried(stack: Synthesized): Map<string, string> {
  const [script = ""] = of(stack).provisioner[0]?.["remote-exec"]?.inline ?? [];
  const files = [...filesOf(evaluate(script, stack))].filter(([path]) => path.startsWith("ahead/"));
  return new Map(files.map(([path, content]) => [path, content.toString()]));
}

describe("a step that installs packages ahead", () => {
  it("carries scripts and settings of those roles", () => {
    const files = carried(both());
    expect(files.get("ahead/docker/ahead.sh")).toContain("docker");
    expect(files.get("ahead/docker/settings.sh")).toBe("docker_source='distribution'\n");
    expect(files.get("ahead/wireguard/settings.sh")).toBe("wireguard_interface='wg7'\n");
    expect([...files.keys()].filter((path) => !/^ahead\/(docker|wireguard)\/[\w-]+\.sh$/.test(path))).toEqual([]);
  });

  it("has the triggers that it has without, whatever they are", () => {
    const { triggers } = of(base());
    const [one, other] = [[DOCKER, "docker"] as const, [WIREGUARD, "wireguard"] as const].map(([settings, role]) =>
      base([{ role, settings }]),
    );
    expect(of(one!).triggers).toEqual(triggers);
    expect(of(other!).triggers).toEqual(triggers);
    expect(one!.json.locals.step_role_base).toEqual(base().json.locals.step_role_base);
  });

  it("refers to settings that are in the stack once", () => {
    const stack = synthesizeSteps((scope) => {
      const guest = new Construct(scope, "media");
      const ahead = [{ role: "docker", settings: DOCKER }];
      new Step(guest, "base", { ...BASE, ahead });
      new Step(new Construct(scope, "web"), "base", { ...BASE, ahead });
      new Step(guest, "docker", { ...BASE, role: "docker", settings: DOCKER });
    });
    const settings = "docker_source='distribution'\n";
    expect(stack.text.split(Buffer.from(settings).toString("base64"))).toHaveLength(2);
    expect(carried(stack).get("ahead/docker/settings.sh")).toBe(settings);
  });

  it("is the same to the byte when there are none", () => {
    expect(base([]).text).toBe(base().text);
    expect(base().text).not.toContain("ahead");
  });
});

describe("a guest's step base", () => {
  const synth = (steps: readonly StepSpec[]) => {
    const stack = new TestStack();
    new TieredLxc(stack, "web", stack.props({ steps }));
    return stack.synth();
  };
  const wireguard = { role: "wireguard", after: ["base"], secrets: { wireguard_private_key: "${var.vpn_key}" } };
  const textOf = (steps: readonly StepSpec[]) => JSON.stringify(synth(steps).resource.null_resource?.web_base);

  it("takes along those that come after it and say so, without their secrets", () => {
    const steps = [{ role: "base" }, { ...wireguard, ahead: true }, { role: "docker", after: ["base"] }];
    const text = textOf(steps);
    expect(text).toContain("${local.step_role_wireguard.ahead}");
    expect(text).not.toContain("step_role_docker");
    expect(text).not.toContain("vpn_key");
    const { settings } = synth(steps).locals.step_role_wireguard as { readonly settings: object };
    expect(Object.values(settings)).toEqual([""]);
  });

  it("takes none along that come before it, or say nothing", () => {
    const plain = textOf([{ role: "base" }]);
    expect(textOf([{ role: "base" }, wireguard])).toBe(plain);
    expect(
      textOf([
        { role: "docker", ahead: true },
        { role: "base", after: ["docker"] },
      ]),
    ).not.toContain("ahead");
  });

  it("of a VM does likewise", () => {
    const steps = [{ role: "base" }, { ...wireguard, ahead: true }];
    const login = { host: "192.168.1.60", user: "debian" };
    const { resource } = plainVm({ login, steps });
    expect(JSON.stringify(resource.null_resource?.web_base)).toContain("${local.step_role_wireguard.ahead}");
  });

  it("is the only one that does", () => {
    const steps = [{ role: "docker" }, { ...wireguard, after: ["docker"], ahead: true }];
    expect(JSON.stringify(synth(steps).resource)).not.toContain("ahead");
  });
});
