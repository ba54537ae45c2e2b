# Waits for cloud-init's first run, then the QEMU guest agent.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh

CHANNEL=${AGENT_CHANNEL:-/dev/virtio-ports/org.qemu.guest_agent.0}

state() { cloud-init status 2>/dev/null | awk '$1 == "status:" { print $2; exit }'; }

# It installs upgrades at the first start, and writes the files that roles change.
settled() {
  tries=${CLOUD_INIT_TRIES:-180}
  until [ "$tries" -eq 0 ]; do
    case $(state) in
      running | not) ;;
      *) return 0 ;;
    esac
    tries=$((tries - 1))
    sleep 5
  done
  return 1
}

if ! has_command cloud-init; then
  skip "cloud-init" "it is not installed here"
elif [ -n "$STEP_CHECK" ]; then
  ok "cloud-init: $(state)"
else
  settled || fail "cloud-init was not done after 15 minutes; look at: cloud-init status --long, /var/log/cloud-init-output.log"
  case $(state) in
    error) note "cloud-init met an error: cloud-init status --long" ;;
  esac
  ok "cloud-init: $(state)"
fi

packages qemu-guest-agent
if [ -e "$CHANNEL" ]; then
  run_service qemu-guest-agent
else
  note "the VM has no channel for the guest agent ($CHANNEL): set agent: true, and start the VM anew"
fi
