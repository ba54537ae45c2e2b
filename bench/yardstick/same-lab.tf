# The lab of bench/generate.ts as it is written by hand in HCL: each resource once, with for_each over one map of guests
# (guests.auto.tfvars), with the protections, connections and outputs that this project's own stack has.
# docs/decisions/0010-speed.md says what belongs to it, and from which pages of Terraform's documentation its forms are.
# The steps of the guests stand in steps-chained.tf or steps-indexed.tf, of which a plan has one.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    proxmox = { source = "bpg/proxmox", version = "0.111.1" }
    null    = { source = "hashicorp/null", version = "3.2.4" }
  }
}

variable "proxmox_api_token" {
  description = "API token USER@REALM!TOKENID=UUID."
  type        = string
  sensitive   = true
  nullable    = false
}

variable "proxmox_ssh_private_key" {
  description = "Private key (PEM) for SSH to the nodes; empty: the SSH agent is used."
  type        = string
  sensitive   = true
  nullable    = false
  default     = ""
}

variable "step_verbose" {
  description = "Steps show all that their scripts say, not only what they changed."
  type        = bool
  nullable    = false
  default     = false
}

variable "guests" {
  description = "The guests by name; address with prefix, memory in MiB, disk in GiB."
  nullable    = false

  type = map(object({
    vmid    = number
    node    = string
    address = string
    cores   = number
    memory  = number
    disk    = number
    rebuild = optional(string, "")
  }))

  validation {
    condition     = length(distinct([for guest in var.guests : guest.vmid])) == length(var.guests)
    error_message = "Two guests have the same VMID."
  }
  validation {
    condition     = length(distinct([for guest in var.guests : guest.address])) == length(var.guests)
    error_message = "Two guests have the same address."
  }
  validation {
    condition     = alltrue([for guest in var.guests : contains(["pve1", "pve2", "pve3", "pve4"], guest.node)])
    error_message = "A guest is on a node that does not exist."
  }
}

locals {
  lab_tag = "lab-generated"

  nodes = {
    pve1 = { address = "10.16.0.10", port = 22 }
    pve2 = { address = "10.16.0.11", port = 22 }
    pve3 = { address = "10.16.0.12", port = 22 }
    pve4 = { address = "10.16.0.13", port = 22 }
  }
}

provider "proxmox" {
  endpoint  = "https://127.0.0.1:1/"
  api_token = var.proxmox_api_token

  ssh {
    agent       = var.proxmox_ssh_private_key == ""
    username    = "root"
    private_key = var.proxmox_ssh_private_key

    dynamic "node" {
      for_each = local.nodes
      content {
        name    = node.key
        address = node.value.address
        port    = node.value.port
      }
    }
  }
}

# No guest is created before the API has said that its VMID is free or this lab's, and that none has moved to another node.

resource "terraform_data" "vmids" {
  input = join(",", sort([for guest in var.guests : tostring(guest.vmid)]))
}

data "proxmox_virtual_environment_containers" "all" {
  depends_on = [terraform_data.vmids]
}

data "proxmox_virtual_environment_vms" "all" {
  depends_on = [terraform_data.vmids]
}

data "proxmox_files" "volumes" {
  for_each     = local.nodes
  node_name    = each.key
  datastore_id = "local-lvm"
  content_type = "rootdir"
  depends_on   = [terraform_data.vmids]
}

locals {
  guests_by_vmid = { for name, guest in var.guests : guest.vmid => { name = name, node = guest.node } }

  existing = concat(
    [for guest in data.proxmox_virtual_environment_containers.all.containers : {
      vmid = guest.vm_id, name = guest.name, node = guest.node_name, kind = "container"
      ours = try(contains(guest.tags, local.lab_tag), false)
    }],
    [for guest in data.proxmox_virtual_environment_vms.all.vms : {
      vmid = guest.vm_id, name = guest.name, node = guest.node_name, kind = "vm"
      ours = try(contains(guest.tags, local.lab_tag), false)
    }],
  )
  wanted = [for guest in local.existing : guest if contains(keys(local.guests_by_vmid), tostring(guest.vmid))]

  taken_vmids = [
    for guest in local.wanted :
    "VMID ${guest.vmid}, wanted for ${local.guests_by_vmid[guest.vmid].name}, is the ${guest.kind} \"${guest.name}\" on node ${guest.node}"
    if guest.kind != "container" || !guest.ours
  ]
  misplaced_guests = [
    for guest in local.wanted :
    "VMID ${guest.vmid} (${local.guests_by_vmid[guest.vmid].name}) is on node ${guest.node}, not on ${local.guests_by_vmid[guest.vmid].node}"
    if guest.kind == "container" && guest.ours && guest.node != local.guests_by_vmid[guest.vmid].node
  ]

  root_volume_bytes = merge([for volumes in data.proxmox_files.volumes : { for file in volumes.files : file.id => file.file_size }]...)
}

resource "terraform_data" "vmid_guard" {
  input = terraform_data.vmids.output

  lifecycle {
    precondition {
      condition     = length(local.taken_vmids) == 0
      error_message = "Not created, because these VMIDs belong to guests that are not of this lab:\n  ${join("\n  ", local.taken_vmids)}"
    }
    precondition {
      condition     = length(local.misplaced_guests) == 0
      error_message = "Terraform would destroy these guests and create empty ones on another node:\n  ${join("\n  ", local.misplaced_guests)}"
    }
  }
}

# A guest is built anew when its `rebuild` changes. A map, whose entries Terraform compares one by one.
resource "terraform_data" "rebuilds" {
  input = tomap({ for name, guest in var.guests : name => guest.rebuild })
}

resource "proxmox_virtual_environment_container" "guest" {
  for_each = var.guests

  node_name     = each.value.node
  vm_id         = each.value.vmid
  description   = ""
  tags          = ["generated", local.lab_tag]
  unprivileged  = true
  protection    = false
  template      = false
  started       = true
  start_on_boot = true

  timeout_create = 1800
  timeout_update = 1800
  timeout_delete = 300

  cpu {
    cores = each.value.cores
  }

  memory {
    dedicated = each.value.memory
    swap      = 0
  }

  disk {
    datastore_id = "local-lvm"
    size         = each.value.disk
  }

  features {
    nesting = true
    keyctl  = false
    fuse    = false
    mknod   = false
    mount   = []
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
    name     = "eth0"
    bridge   = "vmbr0"
    enabled  = true
    firewall = false
  }

  depends_on = [terraform_data.vmid_guard]

  lifecycle {
    replace_triggered_by = [terraform_data.rebuilds.input[each.key]]

    ignore_changes = [
      operating_system[0].template_file_id,
      operating_system[0].type,
      mount_point,
      device_passthrough,
      console,
    ]

    postcondition {
      condition     = try(floor(local.root_volume_bytes[self.disk[0].path_in_datastore] / 1073741824), 0) <= self.disk[0].size
      error_message = "VMID ${self.vm_id}: a disk cannot be made smaller than it is; ${self.disk[0].size} GiB is less than the volume has."
    }
  }
}

locals {
  scripts = "${path.module}/provision"
  lines = {
    for folder in ["base", "hardware", "lib"] : folder => join("", [
      for file in fileset(local.scripts, "${folder}/*.sh") : "${file} ${filebase64("${local.scripts}/${file}")}\n"
    ])
  }
  files = { for role in ["base", "hardware"] : role => "${local.lines["lib"]}${local.lines[role]}" }
  send  = "step_verbose='${var.step_verbose}'\nstep_receive='${filebase64("${local.scripts}/transport/receive.sh")}'\n${file("${local.scripts}/transport/send.sh")}"

  base_settings = <<-EOT
    base_packages_COUNT='2'
    base_packages_0='curl'
    base_packages_1='vim-tiny'
    base_security_upgrades='true'
    base_timezone='Europe/Berlin'
  EOT

  # The guests of each node, which are to have no mounts and no devices.
  hardware_settings = {
    for node in keys(local.nodes) : node => join("\n", flatten([
      "guests_KEYS='${join(" ", [for guest in var.guests : guest.vmid if guest.node == node])}'",
      [for guest in var.guests : "guests_${guest.vmid}_KEYS=''" if guest.node == node],
    ]))
  }
}

resource "null_resource" "hardware" {
  for_each = local.nodes

  triggers = {
    node     = each.key
    scripts  = sha256(local.files["hardware"])
    settings = sha256(local.hardware_settings[each.key])
  }

  connection {
    type        = "ssh"
    host        = each.value.address
    port        = each.value.port
    user        = "root"
    private_key = var.proxmox_ssh_private_key
    script_path = "./.proxmox-lab-${self.id}.sh"
  }

  provisioner "remote-exec" {
    inline = [
      <<-EOT
        step_name='${each.key} hardware'
        step_enter=''
        step_secrets=
        step_settings='${base64encode(local.hardware_settings[each.key])}'
        step_files='${local.files["hardware"]}'
      EOT
      ,
      local.send,
    ]
  }
}

output "guests" {
  value = {
    for name, guest in proxmox_virtual_environment_container.guest : name => {
      vmid       = guest.vm_id
      node       = guest.node_name
      address    = guest.initialization[0].ip_config[0].ipv4[0].address
      cores      = guest.cpu[0].cores
      memory_mib = guest.memory[0].dedicated
      disk_gib   = guest.disk[0].size
      roles      = "base"
    }
  }
}
