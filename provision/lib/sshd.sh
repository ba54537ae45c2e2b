# sshd, where it is installed.
# shellcheck shell=sh disable=SC2154
SSHD_OURS=/etc/ssh/sshd_config.d/10-proxmox-lab.conf

# install_sshd FUNCTION: what the function prints becomes sshd's settings, if sshd accepts them.
install_sshd() {
  if ! has_command sshd || [ ! -f /etc/ssh/sshd_config ]; then
    skip "sshd" "it is not installed"
    return 0
  fi
  if ! grep -qiE '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config.d/\*\.conf' /etc/ssh/sshd_config; then
    fail "sshd: /etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/*.conf, so nothing can be set beside it; add that line at its top"
  fi
  "$1" >./sshd
  # sshd takes the first value that it reads: ours stands before those that are there already.
  cat ./sshd /etc/ssh/sshd_config >./sshd_config
  accepted_by_sshd ./sshd_config
  install_for reload "$(if is_debian_like; then echo ssh; else echo sshd; fi)" "$SSHD_OURS" 644 <./sshd
}

# keys_only: no login by password.
keys_only() {
  echo "PasswordAuthentication no"
  echo "KbdInteractiveAuthentication no"
}

strict_sshd() {
  cat <<'CONF'
PermitRootLogin prohibit-password
PermitEmptyPasswords no
MaxAuthTries 4
LoginGraceTime 30
X11Forwarding no
CONF
}

# sshd -t wants the folder that only its service makes.
accepted_by_sshd() {
  made=
  [ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made=1; }
  said=$("$(command -v sshd)" -t -f "$1" 2>&1) || fail "sshd refuses what would be written: $said"
  [ -z "$made" ] || rmdir /run/sshd
}
