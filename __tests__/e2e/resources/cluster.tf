# InfluxDB
resource "proxmox_metrics_server" "influx" {
  name   = "influx"
  server = "10.0.0.5"
  port   = 8088 + var.n
  type   = "influxdb"
}

# Graphite
resource "proxmox_metrics_server" "graphite" {
  name          = "graphite"
  server        = "10.0.0.6"
  port          = 2003
  type          = "graphite"
  graphite_path = "lab${var.n}"
}

# OpenTelemetry
resource "proxmox_metrics_server" "otel" {
  name                = "otel"
  server              = "10.0.0.7"
  port                = 4318
  type                = "opentelemetry"
  opentelemetry_proto = "http"
  opentelemetry_path  = "/v${var.n}/metrics"
}

resource "proxmox_cluster_options" "options" {
  language   = "en"
  email_from = "lab${var.n}@lab.test"
}

resource "proxmox_sdn_zone_simple" "simple" {
  id         = "simple"
  mtu        = 1400 + var.n
  depends_on = [proxmox_sdn_applier.finalizer]
}

resource "proxmox_sdn_zone_vlan" "vlan" {
  id         = "vlan"
  bridge     = "vmbr0"
  mtu        = 1400 + var.n
  depends_on = [proxmox_sdn_applier.finalizer]
}

resource "proxmox_sdn_zone_vxlan" "vxlan" {
  id         = "vxlan"
  peers      = ["10.0.0.1", "10.0.0.${1 + var.n}"]
  depends_on = [proxmox_sdn_applier.finalizer]
}

resource "proxmox_sdn_vnet" "vnet" {
  id         = "vnet1"
  zone       = proxmox_sdn_zone_simple.simple.id
  alias      = "version ${var.n}"
  depends_on = [proxmox_sdn_applier.finalizer]
}

resource "proxmox_sdn_subnet" "subnet" {
  cidr       = "10.55.0.0/24"
  vnet       = proxmox_sdn_vnet.vnet.id
  gateway    = "10.55.0.${var.n}"
  depends_on = [proxmox_sdn_applier.finalizer]
}

# before its time, for the destroy
resource "proxmox_sdn_applier" "finalizer" {}

resource "proxmox_sdn_applier" "applier" {
  depends_on = [proxmox_sdn_subnet.subnet, proxmox_sdn_zone_vlan.vlan, proxmox_sdn_zone_vxlan.vxlan]
}
