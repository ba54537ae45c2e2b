# The step of each guest, over the same map as the guests, each looking its own guest up by key: the other usual form.

resource "null_resource" "base" {
  for_each = var.guests

  triggers = {
    guest    = proxmox_virtual_environment_container.guest[each.key].id
    scripts  = sha256(local.files["base"])
    settings = sha256(local.base_settings)
  }

  connection {
    type        = "ssh"
    host        = local.nodes[each.value.node].address
    port        = local.nodes[each.value.node].port
    user        = "root"
    private_key = var.proxmox_ssh_private_key
    script_path = "./.proxmox-lab-${self.id}.sh"
  }

  provisioner "remote-exec" {
    inline = [
      <<-EOT
        step_name='${each.key} base'
        step_enter='pct exec ${each.value.vmid} --'
        step_secrets=
        step_settings='${base64encode(local.base_settings)}'
        step_files='${local.files["base"]}'
      EOT
      ,
      local.send,
    ]
  }
}
