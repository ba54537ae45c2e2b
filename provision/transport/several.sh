# Stands in for receive.sh when the steps of one guest go through one connection: step N of them lies in the folder N, with
# a receive.sh of its own. Secrets of all arrive in one file, as lines of "path base64". Says how each ended: "=N status".
# Arguments: a name, for messages; and apply or check.
# shellcheck shell=sh
set -u
cd "$(dirname "$0")" || exit 97

if [ -f secrets.sh ]; then
  while read -r path data; do
    printf %s "$data" | base64 -d >"$path" || { echo "$1: $path could not be unpacked"; exit 97; }
  done <secrets.sh
  rm -f secrets.sh
fi

step=0
while [ -f "$step/receive.sh" ]; do
  sh "$step/receive.sh" "$(cat "$step/name")" "$2" </dev/null
  echo "=$step $?"
  step=$((step + 1))
done
exit 0
