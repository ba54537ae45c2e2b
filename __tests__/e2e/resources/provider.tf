terraform {
  required_providers {
    proxmox = {
      source  = "bpg/proxmox"
      version = "0.111.1"
    }
  }
}

variable "endpoint" {}
variable "token" { sensitive = true }
variable "password" { sensitive = true }
variable "certificates" { type = list(object({ pem = string, key = string })) }

# 2: everything that can be changed has changed
variable "n" { type = number }

locals { second = var.n == 2 }

provider "proxmox" {
  endpoint  = var.endpoint
  api_token = var.token
  insecure  = true
}

provider "proxmox" {
  alias    = "root"
  endpoint = var.endpoint
  username = "root@pam"
  password = var.password
  insecure = true
}
