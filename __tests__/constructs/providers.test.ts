import { ContainerTemplate } from "../../constructs/container-template";
import { NodeHardware } from "../../constructs/hardware";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { NODE, TestStack } from "../support/synth";

describe("ProxmoxProviders", () => {
  it("pins every node's address for SSH", () => {
    const [token] = new TestStack().synth().provider.proxmox ?? [];
    expect(token?.ssh).toMatchObject({
      username: "root",
      node: [{ name: "pve1", address: "192.168.1.10", port: 22 }],
    });
  });

  it("writes out token, user and password of both, so that neither takes the other's from the environment", () => {
    const stack = new TestStack();
    expect(stack.providers.usesRoot).toBe(false);
    expect(stack.providers.root).toBe(stack.providers.root);
    expect(stack.providers.usesRoot).toBe(true);
    expect(stack.synth().provider.proxmox).toMatchObject([
      { api_token: "${var.proxmox_api_token}", username: "", password: "" },
      { alias: "root", api_token: "", username: "root@pam", password: "${var.proxmox_root_password}" },
    ]);
  });

  it("takes every credential from a sensitive variable", () => {
    const stack = new TestStack();
    stack.providers.root;
    for (const [name, variable] of Object.entries(stack.synth().variable)) {
      expect([name, variable.sensitive]).toEqual([name, true]);
    }
  });

  it("does not validate a credential that is given: Terraform would print the value", () => {
    const stack = new TestStack();
    stack.providers.root;
    const { proxmox_api_token, proxmox_root_password, proxmox_ssh_private_key } = stack.synth().variable;
    for (const variable of [proxmox_api_token, proxmox_ssh_private_key])
      expect(variable).not.toHaveProperty("validation");
    // The only value that fails this one is the empty text.
    expect(proxmox_root_password).toMatchObject({ validation: [{ condition: '${var.proxmox_root_password != ""}' }] });
  });

  it("uses the SSH agent only where no key is given, because the provider prefers the agent", () => {
    const [token] = new TestStack().synth().provider.proxmox ?? [];
    expect(token?.ssh).toMatchObject({
      agent: '${var.proxmox_ssh_private_key == ""}',
      private_key: "${var.proxmox_ssh_private_key}",
    });
  });
});

describe("ContainerTemplate", () => {
  const props = {
    nodeName: "pve1",
    storage: "local",
    url: "https://templates.example/debian-13.tar.zst",
    checksum: "00",
    checksumAlgorithm: "sha512",
    fileName: "debian-13.tar.zst",
    osType: "debian",
  } as const;

  it("is downloaded once, with its checksum, and never again because the URL has another size", () => {
    const stack = new TestStack();
    const template = new ContainerTemplate(stack, "debian-13", props);
    new TieredLxc(stack, "web", stack.props({ template }));
    const { resource } = stack.synth();
    expect(resource.proxmox_download_file?.["debian-13"]).toMatchObject({
      content_type: "vztmpl",
      checksum: "00",
      checksum_algorithm: "sha512",
      overwrite: false,
    });
    expect(resource.proxmox_virtual_environment_container?.web?.operating_system).toEqual({
      template_file_id: "${proxmox_download_file.debian-13.id}",
      type: "debian",
    });
  });
});

describe("NodeHardware", () => {
  it("names the guests that are to have no mounts and devices, whatever their order", () => {
    const triggers = (bareVmids: readonly number[]) => {
      const stack = new TestStack();
      new NodeHardware(stack, "pve1", { providers: stack.providers, node: NODE, bareVmids });
      return stack.synth().resource.null_resource?.pve1_hardware?.triggers;
    };
    expect(triggers([302, 301])).toEqual(triggers([301, 302]));
    expect(triggers([301])).not.toEqual(triggers([301, 302]));
  });
});
