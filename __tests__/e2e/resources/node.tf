resource "proxmox_network_linux_bridge" "bridge" {
  node_name  = "pve1"
  name       = "vmbr9"
  address    = "10.9.${var.n}.1/24"
  comment    = "guests"
  vlan_aware = true
  vids       = "2-4094"
}

# with a port, without an address
resource "proxmox_network_linux_bridge" "port" {
  node_name = "pve1"
  name      = "vmbr8"
  ports     = ["eno3"]
  mtu       = local.second ? 9000 : 1500
}

# with IPv6
resource "proxmox_network_linux_bridge" "six" {
  node_name = "pve2"
  name      = "vmbr9"
  address   = "10.19.0.1/24"
  address6  = "fd00:19::${var.n}/64"
}

resource "proxmox_network_linux_vlan" "vlan" {
  node_name = "pve1"
  name      = "eno2.40"
  comment   = "version ${var.n}"
}

# with a name of its own, and an address
resource "proxmox_network_linux_vlan" "named" {
  node_name = "pve1"
  name      = "storage"
  interface = "eno2"
  vlan      = 50
  address   = "10.50.0.${var.n}/24"
}

resource "proxmox_network_linux_bond" "bond" {
  node_name = "pve2"
  name      = "bond0"
  slaves    = ["eno2", "eno3"]
  bond_mode = local.second ? "balance-rr" : "active-backup"
}

resource "proxmox_virtual_environment_dns" "dns" {
  node_name = "pve1"
  domain    = "lab${var.n}.test"
  servers   = ["10.0.0.1", "10.0.0.${var.n + 1}"]
}

resource "proxmox_virtual_environment_hosts" "hosts" {
  node_name = "pve1"
  entry {
    address   = "127.0.0.1"
    hostnames = ["localhost"]
  }
  entry {
    address   = "10.0.0.${var.n}"
    hostnames = ["pve1.lab.test", "pve1"]
  }
}

resource "proxmox_virtual_environment_time" "time" {
  node_name = "pve1"
  time_zone = local.second ? "Europe/Paris" : "Europe/Berlin"
}

# a standard one
resource "proxmox_apt_standard_repository" "no_subscription" {
  node   = "pve1"
  handle = "no-subscription"
}

# on or off
resource "proxmox_apt_repository" "main" {
  node      = "pve1"
  file_path = "/etc/apt/sources.list"
  index     = 0
  enabled   = !local.second
}

# on or off, of a standard one
resource "proxmox_apt_repository" "no_subscription" {
  node      = proxmox_apt_standard_repository.no_subscription.node
  file_path = proxmox_apt_standard_repository.no_subscription.file_path
  index     = proxmox_apt_standard_repository.no_subscription.index
  enabled   = !local.second
}

resource "proxmox_node_config" "notes" {
  node_name   = "pve2"
  description = "version ${var.n}"
}

resource "proxmox_acme_account" "account" {
  provider  = proxmox.root
  name      = "lab"
  contact   = "admin${var.n}@lab.test"
  directory = "https://acme.invalid/directory"
  tos       = "https://acme.invalid/terms"
}

resource "proxmox_acme_dns_plugin" "plugin" {
  provider         = proxmox.root
  plugin           = "cloud"
  api              = "cf"
  validation_delay = 30 * var.n
  data             = { CF_Token = "not-a-secret" }
}

resource "proxmox_acme_certificate" "certificate" {
  provider  = proxmox.root
  account   = proxmox_acme_account.account.name
  node_name = "pve1"
  domains   = [{ domain = "pve1.lab.test", plugin = proxmox_acme_dns_plugin.plugin.plugin }]
}

resource "proxmox_virtual_environment_certificate" "custom" {
  node_name   = "pve2"
  certificate = var.certificates[var.n - 1].pem
  private_key = var.certificates[var.n - 1].key
}
