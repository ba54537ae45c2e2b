# a GPU
resource "proxmox_hardware_mapping_pci" "gpu" {
  name             = "gpu"
  comment          = "version ${var.n}"
  mediated_devices = false
  map = [
    { id = "10de:1b80", node = "pve1", path = "0000:01:00.0", iommu_group = 1, subsystem_id = "1043:8591" },
  ]
}

resource "proxmox_hardware_mapping_usb" "zigbee" {
  name    = "zigbee"
  comment = "version ${var.n}"
  map     = [{ id = "10c4:ea60", node = "pve1" }]
}

resource "proxmox_hardware_mapping_dir" "data" {
  name = "data"
  map  = [{ node = "pve1", path = "/srv/${var.n}" }]
}

# cloud-init, imported disk, agent, started
resource "proxmox_virtual_environment_vm" "cloud" {
  node_name     = "pve1"
  vm_id         = 301
  name          = "docker${var.n}"
  description   = "version ${var.n}"
  tags          = ["lab", "vm"]
  machine       = "q35"
  bios          = "ovmf"
  scsi_hardware = "virtio-scsi-single"
  boot_order    = ["scsi0"]
  on_boot       = true
  cpu {
    cores = var.n
    type  = "x86-64-v2-AES"
  }
  memory { dedicated = 1024 * var.n }
  efi_disk {
    datastore_id      = "local-lvm"
    type              = "4m"
    pre_enrolled_keys = false
  }
  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    import_from  = proxmox_download_file.image.id
    size         = 8 + var.n
    discard      = "on"
    iothread     = true
    ssd          = true
  }
  network_device {
    bridge   = "vmbr0"
    firewall = true
  }
  agent { enabled = true }
  operating_system { type = "l26" }
  serial_device {}
  initialization {
    datastore_id = "local-lvm"
    dns {
      domain  = "lab.test"
      servers = ["10.0.0.1"]
    }
    ip_config {
      ipv4 {
        address = "10.0.0.31/24"
        gateway = "10.0.0.1"
      }
    }
    user_account {
      username = "admin"
      keys     = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJf3fake test"]
    }
  }
  startup {
    order    = var.n
    up_delay = 10
  }
  lifecycle { ignore_changes = [disk[0].import_from] }
}

# OVMF, TPM, mapped PCI and USB devices, CD-ROM: a Windows guest
resource "proxmox_virtual_environment_vm" "windows" {
  node_name       = "pve1"
  vm_id           = 302
  name            = "gaming"
  description     = "version ${var.n}"
  machine         = "pc-q35-10.0"
  bios            = "ovmf"
  scsi_hardware   = "virtio-scsi-single"
  boot_order      = ["scsi0", "ide2"]
  stop_on_destroy = true
  tablet_device   = false
  cpu {
    cores   = 4
    sockets = 1
    type    = "host"
    numa    = true
    units   = 100 * var.n
  }
  memory {
    dedicated = 8192
    floating  = 0
  }
  efi_disk {
    datastore_id      = "local-lvm"
    type              = "4m"
    pre_enrolled_keys = true
  }
  tpm_state {
    datastore_id = "local-lvm"
    version      = "v2.0"
  }
  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    size         = 64
    cache        = "writeback"
    discard      = "on"
    iothread     = true
  }
  cdrom {
    file_id   = proxmox_download_file.iso.id
    interface = "ide2"
  }
  hostpci {
    device  = "hostpci0"
    mapping = proxmox_hardware_mapping_pci.gpu.name
    pcie    = true
    rombar  = true
    xvga    = true
  }
  usb {
    mapping = proxmox_hardware_mapping_usb.zigbee.name
    usb3    = true
  }
  network_device {
    bridge      = "vmbr0"
    model       = "virtio"
    mac_address = "BC:24:11:00:03:02"
    vlan_id     = 20
  }
  vga { type = "none" }
  agent { enabled = false }
  operating_system { type = "win11" }
}

# an imported disk image as it is, USB device: Home Assistant OS
resource "proxmox_virtual_environment_vm" "haos" {
  node_name     = "pve1"
  vm_id         = 303
  name          = "haos"
  description   = "version ${var.n}"
  machine       = "q35"
  bios          = "ovmf"
  scsi_hardware = "virtio-scsi-pci"
  boot_order    = ["scsi0"]
  protection    = !local.second
  cpu {
    cores = 2
    type  = "host"
  }
  memory { dedicated = 4096 }
  efi_disk {
    datastore_id      = "local-lvm"
    type              = "4m"
    pre_enrolled_keys = false
  }
  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    import_from  = proxmox_download_file.image.id
    size         = 32
  }
  usb { mapping = proxmox_hardware_mapping_usb.zigbee.name }
  network_device { bridge = "vmbr0" }
  agent { enabled = true }
  operating_system { type = "l26" }
  lifecycle { ignore_changes = [disk[0].import_from] }
}

# a template
resource "proxmox_virtual_environment_vm" "template" {
  node_name   = "pve1"
  vm_id       = 304
  name        = "template"
  description = "version ${var.n}"
  template    = true
  started     = false
  disk {
    datastore_id = "local-lvm"
    interface    = "virtio0"
    size         = 4
  }
  network_device { bridge = "vmbr0" }
  operating_system { type = "l26" }
}

# a clone with a larger disk
resource "proxmox_virtual_environment_vm" "clone" {
  node_name   = "pve1"
  vm_id       = 305
  name        = "clone"
  description = "version ${var.n}"
  clone {
    vm_id = proxmox_virtual_environment_vm.template.vm_id
    full  = true
  }
  disk {
    datastore_id = "local-lvm"
    interface    = "virtio0"
    size         = 4 + var.n
  }
  agent { enabled = true }
}
