resource "proxmox_storage_directory" "dir" {
  id      = "scratch"
  path    = "/srv/scratch"
  nodes   = ["pve1"]
  content = local.second ? ["iso", "backup"] : ["iso"]
}

resource "proxmox_storage_zfspool" "zfs" {
  id             = "tank"
  zfs_pool       = "tank/guests"
  nodes          = ["pve1"]
  content        = local.second ? ["images", "rootdir"] : ["rootdir"]
  thin_provision = true
}

resource "proxmox_storage_nfs" "nfs" {
  id      = "nas"
  server  = "10.0.0.10"
  export  = "/export/nas"
  nodes   = ["pve1"]
  content = local.second ? ["iso", "backup"] : ["backup"]
}

resource "proxmox_storage_cifs" "cifs" {
  id       = "share"
  server   = "10.0.0.9"
  share    = "backup"
  username = "backup"
  password = "not-a-secret"
  nodes    = ["pve1"]
  content  = local.second ? ["iso", "backup"] : ["backup"]
}

resource "proxmox_storage_pbs" "pbs" {
  id          = "pbs"
  server      = "10.0.0.11"
  datastore   = "lab"
  namespace   = local.second ? "lab" : "other"
  username    = "lab@pbs"
  password    = "not-a-secret"
  fingerprint = join(":", [for i in range(32) : "ab"])
  nodes       = ["pve1"]
  content     = ["backup"]
}

resource "proxmox_storage_lvm" "lvm" {
  id           = "thick"
  volume_group = "vg0"
  nodes        = local.second ? ["pve1", "pve2"] : ["pve1"]
  content      = ["images"]
}

resource "proxmox_storage_lvmthin" "thin" {
  id           = "thin"
  volume_group = "vg0"
  thin_pool    = "data"
  nodes        = ["pve1"]
  content      = local.second ? ["images", "rootdir"] : ["images"]
}

# to a storage and all guests
resource "proxmox_backup_job" "all" {
  id            = "daily"
  schedule      = "0${var.n}:00"
  storage       = proxmox_storage_nfs.nfs.id
  all           = true
  mode          = "snapshot"
  compress      = "zstd"
  prune_backups = { keep-daily = "7", keep-weekly = "${var.n}" }
}

# to PBS, of some guests
resource "proxmox_backup_job" "some" {
  id             = "pbs-some"
  schedule       = "mon..fri 21:30"
  storage        = proxmox_storage_pbs.pbs.id
  vmid           = [tostring(proxmox_virtual_environment_container.token.vm_id)]
  notes_template = "{{guestname}} ${var.n}"
  enabled        = !local.second
}

# a container template with its checksum
resource "proxmox_download_file" "template" {
  node_name          = "pve1"
  datastore_id       = "local"
  content_type       = "vztmpl"
  url                = "https://files.invalid.example/debian-13-standard_13.1-2_amd64.tar.zst"
  checksum           = join("", [for i in range(128) : "0"])
  checksum_algorithm = "sha512"
  overwrite          = false
}

# a disk image
resource "proxmox_download_file" "image" {
  node_name    = "pve1"
  datastore_id = "local"
  content_type = "import"
  file_name    = local.second ? "debian-13-2.qcow2" : "debian-13.qcow2"
  url          = "https://files.invalid.example/debian-13-genericcloud-amd64.qcow2"
  overwrite    = false
}

# an ISO image, decompressed
resource "proxmox_download_file" "iso" {
  node_name               = "pve1"
  datastore_id            = "local"
  content_type            = "iso"
  file_name               = "installer.iso"
  url                     = "https://files.invalid.example/installer.iso.gz"
  decompression_algorithm = "gz"
  overwrite               = false
}

# uploaded
resource "proxmox_virtual_environment_file" "upload" {
  node_name    = "pve1"
  datastore_id = "local"
  content_type = "iso"
  source_raw {
    file_name = "answers.iso"
    data      = "version ${var.n}"
  }
}
