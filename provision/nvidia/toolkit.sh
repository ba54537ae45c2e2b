# NVIDIA's container toolkit: Docker's containers get GPUs as CDI devices. daemon.json stays the docker role's.
# shellcheck shell=sh disable=SC2154

TOOLKIT_KEY=/etc/apt/keyrings/nvidia-container-toolkit.asc
# The key at https://nvidia.github.io/libnvidia-container/gpgkey, "cudatools@nvidia.com".
TOOLKIT_FINGERPRINT=C95B321B61E88C1809C4F759DDCAE044F796ECB0
TOOLKIT_PACKAGES="nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1"

set_toolkit() {
  if [ "${nvidia_cfg_container_toolkit:-true}" != true ] || ! has_command dockerd; then
    hold_packages nvidia-toolkit
    return 0
  fi
  version=$(setting nvidia_cfg_container_toolkit_version)
  packages ca-certificates curl gpg
  set_toolkit_repository
  # shellcheck disable=SC2046
  packages $(for name in $TOOLKIT_PACKAGES; do echo "$name${version:+=$version}"; done)
  # shellcheck disable=SC2046
  hold_packages nvidia-toolkit $([ -z "$version" ] || echo "$TOOLKIT_PACKAGES")
  set_devices
}

set_toolkit_repository() {
  if [ -f "$TOOLKIT_KEY" ] && [ "$(fingerprint_of "$TOOLKIT_KEY")" = "$TOOLKIT_FINGERPRINT" ]; then
    ok "the container toolkit's signing key"
  else
    change "the container toolkit's signing key" fetch_toolkit_key
  fi
  # https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html
  install_file /etc/apt/sources.list.d/nvidia-container-toolkit.sources 644 <<CONF
Types: deb
URIs: https://nvidia.github.io/libnvidia-container/stable/deb/$(dpkg --print-architecture)
Suites: /
Signed-By: $TOOLKIT_KEY
CONF
  [ "$STEP_LAST" = ok ] || change "package lists" refresh_lists
}

fingerprint_of() {
  gpg --batch --with-colons --show-keys "$1" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }'
}

fetch_toolkit_key() {
  retry "the container toolkit's signing key" curl -fsSL --max-time 30 -o ./toolkit.asc https://nvidia.github.io/libnvidia-container/gpgkey
  found=$(fingerprint_of ./toolkit.asc)
  [ "$found" = "$TOOLKIT_FINGERPRINT" ] || fail "the key at nvidia.github.io has the fingerprint ${found:-none}, expected $TOOLKIT_FINGERPRINT: nothing is installed; find out why before going on"
  cp ./toolkit.asc ./content
  put_file "$TOOLKIT_KEY" 644 root:root
}

# The description names files of the driver, so that it is made anew when the driver changes.
set_devices() {
  if ! has_command nvidia-ctk; then
    change "/etc/cdi/nvidia.yaml" false
    return 0
  fi
  nvidia-ctk cdi generate >./cdi.yaml 2>./cdi.log || {
    cat ./cdi.log
    fail "nvidia: nvidia-ctk cdi generate failed; what it said is above"
  }
  install_file /etc/cdi/nvidia.yaml 644 <./cdi.yaml
  # https://github.com/moby/moby/pull/49963
  docker=$(dockerd --version | awk '{ sub(/,$/, "", $3); print $3 }')
  dpkg --compare-versions "$docker" ge 28.2 ||
    note "Docker $docker takes CDI devices only with \"features\": {\"cdi\": true} in daemon.json; from 28.2 on it does without"
}
