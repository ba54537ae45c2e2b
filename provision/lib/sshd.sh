# sshd, whether it is installed already or will be.
# shellcheck shell=sh disable=SC2154
SSHD_OURS=/etc/ssh/sshd_config.d/10-proxmox-lab.conf

# install_sshd FUNCTION: what the function prints becomes sshd's settings, if sshd accepts them.
install_sshd() {
  "$1" >./sshd
  # One that a later step installs is strict from its start.
  if has_command sshd && [ -f /etc/ssh/sshd_config ]; then
    grep -qiE '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config.d/\*\.conf' /etc/ssh/sshd_config ||
      fail "sshd: /etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/*.conf, so nothing can be set beside it; add that line at its top"
    # sshd takes the first value that it reads: ours stands before those that are there already.
    cat ./sshd /etc/ssh/sshd_config >./sshd_config
    effective ./sshd_config >./sshd_wanted || fail "sshd refuses what would be written: $(cat ./sshd_said)"
  fi
  install_for reload "$(if is_debian_like; then echo ssh; else echo sshd; fi)" "$SSHD_OURS" 644 <./sshd
  [ ! -f ./sshd_wanted ] || ! file_is ./sshd "$SSHD_OURS" 644 root:root || nothing_before_ours
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

# effective FILE: what sshd makes of its settings. It wants a folder that only its service makes.
effective() {
  made=
  [ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made=1; }
  effective_status=0
  "$(command -v sshd)" -T -f "$1" 2>./sshd_said || effective_status=$?
  # Alpine's service makes them when it first starts.
  if grep -q 'no hostkeys available' ./sshd_said; then
    [ -f ./sshd_key ] || ssh-keygen -q -t ed25519 -N '' -f ./sshd_key
    effective_status=0
    "$(command -v sshd)" -T -h "$PWD/sshd_key" -f "$1" 2>./sshd_said || effective_status=$?
  fi
  [ -z "$made" ] || rmdir /run/sshd
  return "$effective_status"
}

# A file whose name stands before ours, or a line above the Include, would win over ours without a word.
nothing_before_ours() {
  effective /etc/ssh/sshd_config >./sshd_now || fail "sshd refuses its own settings: $(cat ./sshd_said)"
  cmp -s ./sshd_wanted ./sshd_now && return
  other=$(grep -vxF -f ./sshd_wanted ./sshd_now | head -n 1)
  [ -z "$other" ] ||
    fail "sshd: \"$other\" holds, not what $SSHD_OURS says: sshd takes the first value that it reads." \
      "Take the line out of $(first_with "${other%% *}"), then: systemctl reload ssh"
}

# first_with KEY: the first file in sshd's order that has such a line.
first_with() {
  sed '/^[[:space:]]*[Ii]nclude.*sshd_config\.d/,$d' /etc/ssh/sshd_config >./sshd_above
  ! grep -qi "^[[:space:]]*$1[[:space:]=]" ./sshd_above || { echo /etc/ssh/sshd_config && return; }
  {
    grep -li "^[[:space:]]*$1[[:space:]=]" /etc/ssh/sshd_config.d/*.conf | grep -vxF -e "$SSHD_OURS"
    echo "the file that sets it, by another name or another Include"
  } | head -n 1
}
