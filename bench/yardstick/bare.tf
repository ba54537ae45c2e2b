# The lab of bench/generate.ts with nothing but its resources: without the guard of VMIDs, the checks, what is ignored after
# creation, the lab's tag, the steps that keep hardware, credentials and the rich output. local.guests is in guests.tf.

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
  nodes    = { pve1 = "10.16.0.10", pve2 = "10.16.0.11", pve3 = "10.16.0.12", pve4 = "10.16.0.13" }
  settings = "base_timezone='Europe/Berlin'\nbase_security_upgrades='true'\n"
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
        address = each.value.address
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
      "settings='${base64encode(local.settings)}'",
      "pct exec ${each.value.vm_id} -- sh -c 'echo configured'",
    ]
  }
}

output "guests" {
  value = { for name, guest in proxmox_virtual_environment_container.guest : name => guest.vm_id }
}
