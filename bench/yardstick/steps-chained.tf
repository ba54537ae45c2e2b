# The step of each guest, chained to the guests: "Chaining for_each Between Resources" in
# https://developer.hashicorp.com/terraform/language/meta-arguments/for_each, where `for_each = aws_vpc.example` is followed
# by `vpc_id = each.value.id`.

resource "null_resource" "base" {
  for_each = proxmox_virtual_environment_container.guest

  triggers = {
    guest    = each.value.id
    scripts  = sha256(local.files["base"])
    settings = sha256(local.base_settings)
  }

  connection {
    type        = "ssh"
    host        = local.nodes[each.value.node_name].address
    port        = local.nodes[each.value.node_name].port
    user        = "root"
    private_key = var.proxmox_ssh_private_key
    script_path = "./.proxmox-lab-${self.id}.sh"
  }

  provisioner "remote-exec" {
    inline = [
      <<-EOT
        step_name='${each.key} base'
        step_enter='pct exec ${each.value.vm_id} --'
        step_secrets=
        step_settings='${base64encode(local.base_settings)}'
        step_files='${local.files["base"]}'
      EOT
      ,
      local.send,
    ]
  }
}
