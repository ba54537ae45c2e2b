# Runs where SSH leads: hands the files of one step, as one stream, to one command that runs them as root where they belong.
# The step puts step_name, step_enter, step_secrets and the function step_files in front of this text. That one prints a
# command for each file: put PATH TEXT, or unpack PATH BASE64.
# shellcheck shell=sh disable=SC2154,SC2317
set -u
umask 077
step_action=${step_action:-apply}
step_verbose=${step_verbose:-false}

# Scratch of runs that were killed, and the empty file that Terraform leaves of every script.
find . -maxdepth 1 -name '.proxmox-lab-*' \( -mmin +60 -o -type f -size 0 -mmin +1 \) -exec rm -rf {} + 2>/dev/null

# shellcheck disable=SC2329 # called by the trap
step_tidy() { [ -z "$step_secrets" ] || rm -rf "$step_secrets"; }
trap step_tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# printf is part of the shell: nothing of this is ever an argument of a process.
step_stream() {
  step_files &&
    { [ -z "$step_secrets" ] || printf "unpack secrets.sh '%s'\n" "$(base64 <"$step_secrets/secrets.sh" | tr -d '\n')"; } &&
    echo "# end"
}

step_unpack=$(
  cat <<'UNPACK'
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
for parent in /run /root /tmp; do
  dir=$(mktemp -d "$parent/proxmox-lab.XXXXXX" 2>/dev/null) && break
done
[ -n "$dir" ] || { echo "$1: no folder for temporary files: neither /run, /root nor /tmp can be written"; exit 97; }
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
name=$1
place() {
  case $1 in */*) [ -d "$dir/${1%/*}" ] || mkdir -p "$dir/${1%/*}" ;; esac
  if [ "$2" = put ]; then printf %s "$3" >"$dir/$1"; else printf %s "$3" | base64 -d >"$dir/$1"; fi ||
    { echo "$name: $1 could not be written to $dir"; exit 97; }
}
put() { place "$1" put "$2"; }
unpack() { place "$1" unpack "$2"; }
files=$(cat)
case $files in
  *"# end") eval "$files" ;;
  *) echo "$1: the connection broke before every file was there; nothing was run"; exit 97 ;;
esac
sh "$dir/receive.sh" "$1" "$2" "$3" </dev/null
UNPACK
)

# step_enter is words: "pct exec 303 --", "sudo -n" or nothing.
# shellcheck disable=SC2086
step_stream | $step_enter sh -c "$step_unpack" step "$step_name" "$step_action" "$step_verbose"
step_status=$?

if [ "$step_status" -ne 0 ] && [ "$step_action" = apply ]; then
  case $step_enter in
    *"pct exec "*)
      step_vmid=${step_enter#*pct exec }
      step_vmid=${step_vmid%% *}
      case $(${step_enter%%exec*} status "$step_vmid" 2>&1) in
        *running*) ;;
        *stopped*)
          echo "$step_name: container $step_vmid is not running, so nothing can be configured in it;" \
            "start it (pct start $step_vmid), or set started: true in the inventory, and apply again"
          ;;
        *) echo "$step_name: container $step_vmid cannot be asked; look at: pct status $step_vmid" ;;
      esac
      ;;
  esac
fi
exit "$step_status"
