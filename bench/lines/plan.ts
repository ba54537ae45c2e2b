import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { addressOf, guestName } from "../generate";
import { atMost, type Line, measured, type Outcome, type Result, skipped } from "../line";
import { compare, median, NODE_TYPESCRIPT, ROOT, run, seconds } from "../measure";
import { temporaryFolder } from "../project";

const ENV = {
  // Nothing is listening there, and nothing needs to: the plan of a stack that does not exist yet asks the API for nothing.
  TF_VAR_proxmox_api_token: "bench@pve!bench=00000000-0000-4000-8000-000000000000",
  PROXMOX_VE_API_TOKEN: "bench@pve!bench=00000000-0000-4000-8000-000000000000",
};

export const plan: Line = {
  name: "plan",
  title: "terraform plan of the generated guests, against the same lab in HCL with for_each; real providers",
  async measure(): Promise<Outcome> {
    if (spawnSync("terraform", ["version"]).error) return skipped("there is no terraform on PATH");
    const small = folders(28);
    const unready = [small.ours, small.hcl].map(init).find((problem) => problem !== undefined);
    if (unready !== undefined) return skipped(`terraform init failed: ${unready}`);
    const few = compare(
      () => planOnce(small.ours),
      () => planOnce(small.hcl),
      5,
    );

    const large = folders(1_000);
    for (const folder of [large.ours, large.hcl]) init(folder);
    const ours = median([1, 2, 3].map(() => planOnce(large.ours)));
    // One run: it takes minutes, beside which the machine's moods are small.
    const hcl = planOnce(large.hcl);
    return measured(
      { what: "28 guests", value: few.ratio, unit: "x", limit: atMost(1), from: few.from },
      thousand(ours, hcl),
    );
  },
};

function thousand(ours: number, hcl: number): Result {
  const from = `${seconds(ours)} (median of 3) against ${seconds(hcl)} (one run)`;
  return { what: "1,000 guests", value: ours / hcl, unit: "x", limit: atMost(0.1), from };
}

function folders(count: number): { readonly ours: string; readonly hcl: string } {
  const out = temporaryFolder();
  mkdirSync(out, { recursive: true });
  const child = join(ROOT, "bench", "children", "our-stack.ts");
  run({ program: "node", args: [...NODE_TYPESCRIPT, child, String(count), out] });
  return { ours: join(out, "stacks", "generated"), hcl: temporaryFolder({ "main.tf": handWritten(count) }) };
}

function init(cwd: string): string | undefined {
  try {
    run({ program: "terraform", args: ["init", "-input=false", "-no-color"], cwd });
    return undefined;
  } catch (error) {
    return String(error).slice(-300);
  }
}

function planOnce(cwd: string): number {
  return run({ program: "terraform", args: ["plan", "-input=false", "-lock=false", "-no-color"], cwd, env: ENV })
    .seconds;
}

/**
 * The lab of `generatedLab` as an experienced Terraform user writes it: one map of guests, each resource once, the second
 * chained to the first, and the output a `for` over the resource: both as in "Chaining for_each Between Resources" of
 * https://developer.hashicorp.com/terraform/language/meta-arguments/for_each, whose example is
 * `for_each = aws_vpc.example` with `vpc_id = each.value.id`.
 */
function handWritten(count: number): string {
  const guests = Array.from(
    { length: count },
    (_, index) =>
      `    "${guestName(index)}" = { vmid = ${1000 + index}, node = "pve${(index % 4) + 1}", address = "${addressOf(index)}" }`,
  );
  return `
terraform {
  required_providers {
    proxmox = { source = "bpg/proxmox", version = "0.111.1" }
    null    = { source = "hashicorp/null", version = "~> 3.2" }
  }
}

provider "proxmox" {
  endpoint = "https://127.0.0.1:1/"
}

locals {
  nodes = { pve1 = "10.16.0.10", pve2 = "10.16.0.11", pve3 = "10.16.0.12", pve4 = "10.16.0.13" }
  guests = {
${guests.join("\n")}
  }
  settings = "base_timezone='Europe/Berlin'\\nbase_security_upgrades='true'\\n"
}

resource "proxmox_virtual_environment_container" "guest" {
  for_each      = local.guests
  node_name     = each.value.node
  vm_id         = each.value.vmid
  description   = ""
  tags          = ["generated"]
  unprivileged  = true
  started       = true
  start_on_boot = true

  cpu {
    cores = 2
  }
  memory {
    dedicated = 2048
    swap      = 0
  }
  disk {
    datastore_id = "local-lvm"
    size         = 8
  }
  features {
    nesting = true
  }
  operating_system {
    template_file_id = "local:vztmpl/debian-13-standard_13.6-1_amd64.tar.zst"
    type             = "debian"
  }
  initialization {
    hostname = each.key
    ip_config {
      ipv4 {
        address = "\${each.value.address}/12"
        gateway = "10.16.0.1"
      }
    }
  }
  network_interface {
    name   = "eth0"
    bridge = "vmbr0"
  }
}

resource "null_resource" "base" {
  for_each = proxmox_virtual_environment_container.guest
  triggers = {
    guest    = each.value.id
    settings = sha256(local.settings)
  }
  connection {
    type = "ssh"
    host = local.nodes[each.value.node_name]
    user = "root"
  }
  provisioner "remote-exec" {
    inline = [
      "settings='\${base64encode(local.settings)}'",
      "pct exec \${each.value.vm_id} -- sh -c 'echo configured'",
    ]
  }
}

output "guests" {
  value = { for name, guest in proxmox_virtual_environment_container.guest : name => guest.vm_id }
}
`;
}
