import fc from "fast-check";
import type { Capability } from "../../constructs/capabilities/capability";
import { DockerCapability } from "../../constructs/capabilities/docker";
import { GpuCapability } from "../../constructs/capabilities/gpu";
import { ServiceAgentsCapability } from "../../constructs/capabilities/service-agents";
import { WireguardCapability } from "../../constructs/capabilities/wireguard";
import { DockerHost } from "../../constructs/docker-host";
import { GpuHost } from "../../constructs/gpu-host";
import { mergeLxc } from "../../constructs/lxc-merge";
import type { TieredLxcProps } from "../../constructs/lxc-props";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { addresses, container, TestStack } from "../support/synth";

const NVIDIA = { path: "/dev/nvidia0" };

function merged(capabilities: readonly Capability[], changes: Partial<TieredLxcProps> = {}) {
  return mergeLxc(new TestStack().props({ capabilities, ...changes }));
}

describe("capabilities together", () => {
  it("GPU, Docker, agents and WireGuard on one guest is the normal case", () => {
    const stack = new TestStack();
    const capabilities = [
      new DockerCapability({ step: { role: "docker" } }),
      new GpuCapability({ devices: [NVIDIA] }),
      new WireguardCapability({ userspace: true }),
      new ServiceAgentsCapability(),
    ];
    const guest = new TieredLxc(stack, "web", stack.props({ capabilities, steps: [{ role: "base" }] }));
    const terraform = stack.synth();
    expect(Object.keys(terraform.resource.proxmox_virtual_environment_container ?? {})).toEqual(["web"]);
    expect(container(terraform)).toMatchObject({
      tags: ["docker", "gpu", "lab-lab", "service-agents", "wireguard"],
      features: { nesting: true, keyctl: false },
      device_passthrough: [
        { path: "/dev/nvidia0", mode: "0660", deny_write: false },
        { path: "/dev/net/tun", mode: "0660", deny_write: false },
      ],
    });
    expect(guest.roles).toEqual(["base", "docker"]);
  });

  it("gives the same guest in whatever order they are listed", () => {
    const all = [
      new DockerCapability(),
      new GpuCapability({ devices: [NVIDIA] }),
      new WireguardCapability(),
      new ServiceAgentsCapability(),
    ];
    const reference = merged(all);
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(merged(shuffled)).toEqual(reference);
      }),
    );
  });
});

describe("conflicts are reported by name", () => {
  it("service agents without Docker", () => {
    expect(merged([new ServiceAgentsCapability()]).problems).toEqual([
      "capabilities: service-agents requires docker, got service-agents; add docker or remove service-agents",
    ]);
  });

  it("a feature that the guest refuses and a capability needs", () => {
    expect(merged([new DockerCapability()], { features: { nesting: false } }).problems).toEqual([
      "features.nesting: expected agreement, got true from capability docker and false from features; change one",
    ]);
  });

  it("a device described in two ways", () => {
    const changes = { devices: [{ path: "/dev/nvidia0", mode: "0666" }] };
    expect(merged([new GpuCapability({ devices: [NVIDIA] })], changes).problems).toEqual([
      expect.stringMatching(/^devices \/dev\/nvidia0: .*from devices and .*from capability gpu; make them agree$/),
    ]);
  });

  it("but no device described twice alike, a default written out or not", () => {
    const [stated, unstated] = [{ path: "/dev/x", mode: "0660", denyWrite: false }, { path: "/dev/x" }];
    const { devices, problems } = merged([new GpuCapability({ devices: [stated] })], { devices: [unstated] });
    expect({ devices, problems }).toEqual({ devices: [unstated], problems: [] });
  });

  it("a capability twice", () => {
    expect(merged([new DockerCapability(), new DockerCapability()]).problems).toEqual([
      "capabilities: expected each once, got docker twice; remove one",
    ]);
  });
});

describe("DockerHost and GpuHost", () => {
  const plain = () => {
    const stack = new TestStack();
    new TieredLxc(stack, "web", stack.props({ steps: [{ role: "base" }], pool: "p" }));
    return stack;
  };

  it("keep the addresses of a plain TieredLxc, so that becoming one destroys nothing", () => {
    const docker = new TestStack();
    new DockerHost(docker, "web", docker.props({ steps: [{ role: "base" }], pool: "p" }));
    expect(addresses(docker.synth())).toEqual(addresses(plain().synth()));
    const gpu = new TestStack();
    const host = new GpuHost(gpu, "web", {
      ...gpu.props({ steps: [{ role: "base" }], pool: "p" }),
      gpuDevices: [NVIDIA],
    });
    expect(addresses(gpu.synth())).toEqual([...addresses(plain().synth()), "null_resource.web_hardware"].sort());
    expect(host.guest.rootOnly.map(({ option }) => option)).toEqual(["devices /dev/nvidia0"]);
  });

  it("take further capabilities", () => {
    const stack = new TestStack();
    new DockerHost(stack, "web", stack.props({ capabilities: [new ServiceAgentsCapability()] }));
    expect(container(stack.synth()).tags).toEqual(["docker", "lab-lab", "service-agents"]);
  });

  it("name the guest, not its inside, in errors", () => {
    const stack = new TestStack();
    expect(() => new DockerHost(stack, "web", stack.props({ cores: 0 }))).toThrow(/^\[lab\/web\] cores:/);
  });
});
