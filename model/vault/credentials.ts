/** The lab's own credentials: Terraform variables that every stack has, or may have. */
export const CREDENTIALS = ["proxmox_api_token", "proxmox_root_password", "proxmox_ssh_private_key"] as const;
export type Credential = (typeof CREDENTIALS)[number];
