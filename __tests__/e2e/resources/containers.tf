# by a token
resource "proxmox_virtual_environment_container" "token" {
  node_name    = "pve1"
  vm_id        = 201
  description  = "version ${var.n}"
  unprivileged = true
  tags         = ["lab"]
  cpu { cores = 1 }
  memory { dedicated = 512 * var.n }
  disk {
    datastore_id = "local-lvm"
    size         = 4
  }
  features { nesting = true }
  network_interface {
    name     = "eth0"
    bridge   = "vmbr0"
    firewall = true
  }
  initialization {
    hostname = "web${var.n}"
    ip_config {
      ipv4 { address = "dhcp" }
    }
  }
  operating_system {
    template_file_id = proxmox_download_file.template.id
    type             = "debian"
  }
}

# by root: features, a device, a bind mount
resource "proxmox_virtual_environment_container" "root" {
  provider    = proxmox.root
  node_name   = "pve1"
  vm_id       = 202
  description = "version ${var.n}"
  started     = false
  cpu { cores = 1 }
  disk {
    datastore_id = "local-lvm"
    size         = 4
  }
  features {
    nesting = true
    keyctl  = true
    fuse    = true
  }
  device_passthrough { path = "/dev/net/tun" }
  mount_point {
    volume = "/srv/x"
    path   = "/x"
  }
  initialization { hostname = "rooty" }
  operating_system {
    template_file_id = proxmox_download_file.template.id
    type             = "debian"
  }
}

resource "proxmox_haresource" "container" {
  resource_id = "ct:${proxmox_virtual_environment_container.token.vm_id}"
  state       = "started"
  comment     = "version ${var.n}"
}

resource "proxmox_harule" "affinity" {
  rule      = "prefer"
  type      = "node-affinity"
  resources = [proxmox_haresource.container.resource_id]
  nodes     = { pve1 = 1 + var.n }
}

resource "proxmox_replication" "container" {
  id         = "${proxmox_virtual_environment_container.token.vm_id}-0"
  target     = "pve2"
  type       = "local"
  schedule   = "*/${15 * var.n}"
  depends_on = [proxmox_haresource.container]
}
