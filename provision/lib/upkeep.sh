# What keeps a Debian or Ubuntu in order by itself.
# shellcheck shell=sh disable=SC2154

# security_upgrades true|false: unattended, from the origins that the distribution gives them; never a restart.
security_upgrades() {
  if ! is_debian_like; then
    skip "security upgrades" "$(os_id) has no unattended-upgrades"
  elif [ "$1" = true ]; then
    packages unattended-upgrades
    # Read after the distribution's 20auto-upgrades and 50unattended-upgrades.
    install_file /etc/apt/apt.conf.d/60proxmox-lab 644 <<'CONF'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Automatic-Reboot "false";
CONF
  else
    # The package turns itself on, by its 20auto-upgrades, also when it is installed later.
    install_file /etc/apt/apt.conf.d/60proxmox-lab 644 <<'CONF'
APT::Periodic::Unattended-Upgrade "0";
CONF
  fi
}

# journal_limits SIZE AGE, as journald.conf takes them.
journal_limits() {
  if ! has_command journalctl; then
    skip "journal" "no journald here"
    return 0
  fi
  install_for restart systemd-journald /etc/systemd/journald.conf.d/60-proxmox-lab.conf 644 <<CONF
[Journal]
SystemMaxUse=$1
MaxRetentionSec=$2
CONF
}
