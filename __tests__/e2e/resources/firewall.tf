resource "proxmox_virtual_environment_cluster_firewall" "cluster" {
  enabled       = true
  ebtables      = true
  input_policy  = local.second ? "REJECT" : "DROP"
  output_policy = "ACCEPT"
  log_ratelimit {
    enabled = true
    burst   = 5 * var.n
    rate    = "5/second"
  }
}

# of the datacenter
resource "proxmox_virtual_environment_firewall_alias" "cluster" {
  name    = "lan"
  cidr    = "192.168.${var.n}.0/24"
  comment = "version ${var.n}"
}

# of a container
resource "proxmox_virtual_environment_firewall_alias" "container" {
  node_name    = "pve1"
  container_id = proxmox_virtual_environment_container.token.vm_id
  name         = "me"
  cidr         = "10.0.0.${var.n}"
}

# of the datacenter
resource "proxmox_virtual_environment_firewall_ipset" "cluster" {
  name    = "management"
  comment = "who may log in"
  cidr { name = "10.0.${var.n}.0/24" }
  cidr {
    name    = "10.0.${var.n}.66"
    nomatch = true
  }
}

# of a container
resource "proxmox_virtual_environment_firewall_ipset" "container" {
  node_name    = "pve1"
  container_id = proxmox_virtual_environment_container.token.vm_id
  name         = "ipfilter-net0"
  cidr { name = "10.20.0.${var.n}" }
}

resource "proxmox_virtual_environment_cluster_firewall_security_group" "web" {
  name    = "web"
  comment = "version ${var.n}"
  rule {
    type   = "in"
    action = "ACCEPT"
    proto  = "tcp"
    dport  = local.second ? "443" : "80,443"
  }
  rule {
    type   = "in"
    action = "ACCEPT"
    macro  = "SSH"
    source = "+${proxmox_virtual_environment_firewall_ipset.cluster.name}"
    log    = "info"
  }
}

# of the datacenter
resource "proxmox_virtual_environment_firewall_rules" "cluster" {
  rule {
    type    = "in"
    action  = "ACCEPT"
    comment = "version ${var.n}"
    source  = proxmox_virtual_environment_firewall_alias.cluster.name
    proto   = "tcp"
    dport   = "8006"
  }
  depends_on = [proxmox_virtual_environment_cluster_firewall.cluster]
}

# of a node
resource "proxmox_virtual_environment_firewall_rules" "node" {
  node_name = "pve1"
  rule {
    type   = "in"
    action = "ACCEPT"
    macro  = local.second ? "SSH" : "Ping"
    iface  = "vmbr0"
  }
}

# of a container, with a security group
resource "proxmox_virtual_environment_firewall_rules" "container" {
  node_name    = "pve1"
  container_id = proxmox_virtual_environment_container.token.vm_id
  rule { security_group = proxmox_virtual_environment_cluster_firewall_security_group.web.name }
  rule {
    type   = "in"
    action = "ACCEPT"
    proto  = "tcp"
    dport  = "${var.n}022"
  }
  rule {
    type   = "out"
    action = "DROP"
    dest   = "192.0.2.0/24"
  }
}

# of a VM
resource "proxmox_virtual_environment_firewall_rules" "vm" {
  node_name = "pve1"
  vm_id     = proxmox_virtual_environment_vm.cloud.vm_id
  rule {
    type    = "in"
    action  = "ACCEPT"
    macro   = "HTTPS"
    enabled = !local.second
  }
}

# of a container
resource "proxmox_virtual_environment_firewall_options" "container" {
  node_name     = "pve1"
  container_id  = proxmox_virtual_environment_container.token.vm_id
  enabled       = true
  dhcp          = true
  ipfilter      = true
  macfilter     = true
  input_policy  = local.second ? "REJECT" : "DROP"
  output_policy = "ACCEPT"
}

# of a VM
resource "proxmox_virtual_environment_firewall_options" "vm" {
  node_name    = "pve1"
  vm_id        = proxmox_virtual_environment_vm.cloud.vm_id
  enabled      = true
  input_policy = local.second ? "REJECT" : "DROP"
}

resource "proxmox_node_firewall" "node" {
  node_name    = "pve1"
  enabled      = true
  log_level_in = local.second ? "info" : "nolog"
}
