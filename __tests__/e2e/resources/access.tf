resource "proxmox_virtual_environment_role" "role" {
  provider   = proxmox.root
  role_id    = "Watcher"
  privileges = local.second ? ["VM.Audit", "Sys.Audit"] : ["VM.Audit"]
}

resource "proxmox_virtual_environment_group" "group" {
  provider = proxmox.root
  group_id = "watchers"
  comment  = "version ${var.n}"
}

# with groups and entries of the ACL
resource "proxmox_virtual_environment_user" "user" {
  provider = proxmox.root
  user_id  = "prometheus@pve"
  comment  = "version ${var.n}"
  password = "not-a-secret"
  groups   = [proxmox_virtual_environment_group.group.group_id]
  acl {
    path      = "/vms"
    role_id   = proxmox_virtual_environment_role.role.role_id
    propagate = true
  }
}

resource "proxmox_user_token" "token" {
  provider   = proxmox.root
  user_id    = proxmox_virtual_environment_user.user.user_id
  token_name = "metrics"
  comment    = "version ${var.n}"
}

# of a group
resource "proxmox_acl" "group" {
  provider  = proxmox.root
  group_id  = proxmox_virtual_environment_group.group.group_id
  path      = "/storage"
  role_id   = "PVEAuditor"
  propagate = !local.second
}

# of a token
resource "proxmox_acl" "token" {
  provider = proxmox.root
  token_id = proxmox_user_token.token.id
  path     = local.second ? "/nodes/pve1" : "/nodes"
  role_id  = proxmox_virtual_environment_role.role.role_id
}

resource "proxmox_virtual_environment_pool" "pool" {
  pool_id = "lab"
  comment = "version ${var.n}"
}

# of a container
resource "proxmox_pool_membership" "container" {
  pool_id = proxmox_virtual_environment_pool.pool.id
  vm_id   = proxmox_virtual_environment_container.token.vm_id
}

# of a storage
resource "proxmox_pool_membership" "storage" {
  pool_id    = proxmox_virtual_environment_pool.pool.id
  storage_id = proxmox_storage_directory.dir.id
}

resource "proxmox_realm_ldap" "realm" {
  provider  = proxmox.root
  realm     = "people"
  server1   = "ldap.lab.test"
  base_dn   = "dc=lab,dc=test"
  user_attr = "uid"
  comment   = "version ${var.n}"
}
