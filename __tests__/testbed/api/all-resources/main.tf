terraform {
  required_providers {
    proxmox = { source = "bpg/proxmox", version = "0.111.1" }
  }
}
variable "endpoint" {}
variable "pw" { sensitive = true }
variable "token" { sensitive = true }
# 2: the update in place
variable "n" { default = "1" }
provider "proxmox" {
  endpoint  = var.endpoint
  api_token = var.token
  insecure  = true
}
provider "proxmox" {
  alias    = "root"
  endpoint = var.endpoint
  username = "root@pam"
  password = var.pw
  insecure = true
}
resource "proxmox_virtual_environment_download_file" "t" {
  node_name    = "pve1"
  datastore_id = "local"
  content_type = "vztmpl"
  url          = "http://download.proxmox.com/images/system/debian-12-standard_12.2-1_amd64.tar.zst"
  overwrite    = false
}
resource "proxmox_virtual_environment_container" "c" {
  node_name    = "pve1"
  vm_id        = 201
  description  = "v${var.n}"
  unprivileged = true
  tags         = ["a"]
  cpu { cores = 1 }
  memory { dedicated = 512 * var.n }
  disk {
    datastore_id = "local-lvm"
    size         = 4
  }
  features { nesting = true }
  network_interface {
    name   = "eth0"
    bridge = "vmbr0"
  }
  initialization {
    hostname = "web${var.n}"
    ip_config {
      ipv4 { address = "dhcp" }
    }
  }
  operating_system {
    template_file_id = proxmox_virtual_environment_download_file.t.id
    type             = "debian"
  }
}
resource "proxmox_virtual_environment_container" "r" {
  provider  = proxmox.root
  node_name = "pve1"
  vm_id     = 202
  started   = false
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
    template_file_id = proxmox_virtual_environment_download_file.t.id
    type             = "debian"
  }
}
resource "proxmox_virtual_environment_pool" "p" {
  pool_id = "lab"
  comment = "c${var.n}"
}
resource "proxmox_virtual_environment_pool_membership" "m" {
  pool_id = proxmox_virtual_environment_pool.p.id
  vm_id   = proxmox_virtual_environment_container.c.vm_id
}
resource "proxmox_virtual_environment_network_linux_bridge" "b" {
  node_name = "pve1"
  name      = "vmbr9"
  address   = "10.9.${var.n}.1/24"
  comment   = "x"
}
resource "proxmox_virtual_environment_network_linux_vlan" "v" {
  node_name  = "pve1"
  name       = "eno2.40"
  comment    = "v${var.n}"
  depends_on = [proxmox_virtual_environment_network_linux_bridge.b]
}
resource "proxmox_virtual_environment_cluster_firewall" "f" {
  enabled      = true
  input_policy = var.n == "1" ? "DROP" : "REJECT"
}
resource "proxmox_virtual_environment_cluster_firewall_security_group" "g" {
  name = "web"
  rule {
    type   = "in"
    action = "ACCEPT"
    proto  = "tcp"
    dport  = "${var.n}443"
  }
  rule {
    type   = "in"
    action = "ACCEPT"
    macro  = "SSH"
    source = "10.0.0.0/8"
  }
}
resource "proxmox_virtual_environment_firewall_alias" "a" {
  name = "lan"
  cidr = "192.168.${var.n}.0/24"
}
resource "proxmox_virtual_environment_firewall_ipset" "s" {
  name = "set1"
  cidr { name = "10.0.${var.n}.0/24" }
}
resource "proxmox_virtual_environment_firewall_options" "o" {
  node_name    = "pve1"
  container_id = proxmox_virtual_environment_container.c.vm_id
  enabled      = true
  dhcp         = true
  input_policy = var.n == "1" ? "DROP" : "REJECT"
}
resource "proxmox_virtual_environment_firewall_rules" "fr" {
  node_name    = "pve1"
  container_id = proxmox_virtual_environment_container.c.vm_id
  rule { security_group = proxmox_virtual_environment_cluster_firewall_security_group.g.name }
  rule {
    type   = "in"
    action = "ACCEPT"
    proto  = "tcp"
    dport  = "${var.n}22"
  }
}
resource "proxmox_virtual_environment_vm" "vm" {
  node_name = "pve1"
  vm_id     = 301
  name      = "ha${var.n}"
  bios      = "ovmf"
  machine   = "q35"
  cpu {
    cores = 2
    type  = "x86-64-v2-AES"
  }
  memory { dedicated = 1024 * var.n }
  efi_disk {
    datastore_id = "local-lvm"
    type         = "4m"
  }
  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    size         = 8 + var.n
  }
  network_device { bridge = "vmbr0" }
  agent { enabled = true }
  operating_system { type = "l26" }
}
resource "proxmox_virtual_environment_dns" "d" {
  node_name = "pve1"
  domain    = "x${var.n}.example"
  servers   = ["1.1.1.1"]
}
resource "proxmox_virtual_environment_hosts" "h" {
  node_name = "pve1"
  entry {
    address   = "10.0.0.${var.n}"
    hostnames = ["a.b"]
  }
}
resource "proxmox_virtual_environment_time" "tm" {
  node_name = "pve1"
  time_zone = var.n == "1" ? "Europe/Berlin" : "UTC"
}
resource "proxmox_virtual_environment_hardware_mapping_pci" "pci" {
  name    = "gpu"
  comment = "c${var.n}"
  map     = [{ id = "10de:1b80", node = "pve1", path = "0000:01:00.0", iommu_group = 1, subsystem_id = "1043:8591" }]
}
resource "proxmox_virtual_environment_metrics_server" "ms" {
  name   = "influx"
  server = "10.0.0.5"
  port   = 8089 + var.n
  type   = "influxdb"
}
resource "proxmox_virtual_environment_cluster_options" "opt" {
  language   = "en"
  email_from = "a${var.n}@example.com"
}
resource "proxmox_virtual_environment_haresource" "ha" {
  resource_id = "ct:${proxmox_virtual_environment_container.c.vm_id}"
  state       = "started"
  comment     = "c${var.n}"
}
resource "proxmox_virtual_environment_sdn_zone_simple" "z" {
  id  = "z1"
  mtu = 1400 + var.n
}
resource "proxmox_virtual_environment_sdn_vnet" "vn" {
  id    = "vn1"
  zone  = proxmox_virtual_environment_sdn_zone_simple.z.id
  alias = "a${var.n}"
}
resource "proxmox_virtual_environment_sdn_subnet" "sn" {
  cidr    = "10.55.0.0/24"
  vnet    = proxmox_virtual_environment_sdn_vnet.vn.id
  gateway = "10.55.0.${var.n}"
}
resource "proxmox_virtual_environment_sdn_applier" "ap" {
  depends_on = [proxmox_virtual_environment_sdn_subnet.sn]
}
resource "proxmox_virtual_environment_storage_directory" "sd" {
  id      = "dir1"
  path    = "/srv/d"
  nodes   = ["pve1"]
  content = var.n == "1" ? ["iso"] : ["iso", "backup"]
}
resource "proxmox_virtual_environment_storage_nfs" "nfs" {
  id      = "nas1"
  server  = "10.0.0.10"
  export  = "/x"
  nodes   = ["pve1"]
  content = var.n == "1" ? ["backup"] : ["iso", "backup"]
}
resource "proxmox_virtual_environment_storage_pbs" "pbs" {
  id        = "pbs1"
  server    = "10.0.0.11"
  datastore = "d"
  username  = "u@pbs"
  password  = "x"
  nodes     = ["pve1"]
  content   = ["backup"]
}
resource "proxmox_backup_job" "bj" {
  id       = "daily"
  schedule = "0${var.n}:00"
  storage  = "local"
  all      = true
}
resource "proxmox_virtual_environment_role" "role" {
  provider   = proxmox.root
  role_id    = "r1"
  privileges = var.n == "1" ? ["VM.Audit"] : ["VM.Audit", "VM.Backup"]
}
resource "proxmox_virtual_environment_group" "grp" {
  provider = proxmox.root
  group_id = "g1"
  comment  = "c${var.n}"
}
resource "proxmox_virtual_environment_user" "u" {
  provider = proxmox.root
  user_id  = "bob@pve"
  comment  = "c${var.n}"
  groups   = [proxmox_virtual_environment_group.grp.group_id]
  acl {
    path    = "/vms"
    role_id = proxmox_virtual_environment_role.role.role_id
  }
}
resource "proxmox_virtual_environment_user_token" "ut" {
  provider   = proxmox.root
  user_id    = proxmox_virtual_environment_user.u.user_id
  token_name = "tok"
  comment    = "c${var.n}"
}
resource "proxmox_virtual_environment_acl" "acl" {
  provider  = proxmox.root
  group_id  = proxmox_virtual_environment_group.grp.group_id
  path      = "/storage"
  role_id   = "PVEAuditor"
  propagate = var.n == "1"
}
resource "proxmox_virtual_environment_apt_standard_repository" "apt" {
  node   = "pve1"
  handle = "no-subscription"
}
resource "proxmox_virtual_environment_harule" "hr" {
  rule      = "prefer"
  type      = "node-affinity"
  resources = [proxmox_virtual_environment_haresource.ha.resource_id]
  nodes     = { pve1 = var.n == "1" ? 2 : 3 }
}
resource "proxmox_virtual_environment_storage_zfspool" "z" {
  id       = "zz"
  zfs_pool = "rpool/x"
  nodes    = ["pve1"]
  content  = ["images", "rootdir"]
}
resource "proxmox_virtual_environment_storage_lvm" "l" {
  id           = "ll"
  volume_group = "vg"
  nodes        = ["pve1"]
  content      = ["images"]
}
resource "proxmox_virtual_environment_storage_lvmthin" "lt" {
  id           = "lt"
  volume_group = "vg"
  thin_pool    = "t"
  nodes        = ["pve1"]
  content      = ["images"]
}
resource "proxmox_virtual_environment_storage_cifs" "ci" {
  id       = "ci"
  server   = "10.0.0.9"
  share    = "s"
  username = "u"
  password = "p"
  nodes    = ["pve1"]
  content  = ["backup"]
}
resource "proxmox_virtual_environment_hardware_mapping_usb" "usb" {
  name = "zig"
  map  = [{ id = "10c4:ea60", node = "pve1" }]
}
resource "proxmox_virtual_environment_hardware_mapping_dir" "dir" {
  name = "data"
  map  = [{ node = "pve1", path = "/srv/${var.n}" }]
}
resource "proxmox_virtual_environment_sdn_zone_vlan" "zv" {
  id     = "zvlan"
  bridge = "vmbr0"
}
resource "proxmox_virtual_environment_sdn_zone_vxlan" "zx" {
  id    = "zvx"
  peers = ["10.0.0.1"]
}
resource "proxmox_virtual_environment_node_firewall" "nf" {
  node_name = "pve1"
  enabled   = false
}
resource "proxmox_virtual_environment_apt_repository" "ar" {
  node      = "pve1"
  file_path = "/etc/apt/sources.list"
  index     = 0
  enabled   = var.n == "1"
}
