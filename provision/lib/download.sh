# Large files, taken up where a download broke.
# shellcheck shell=sh

# download URL FILE: what is there already is the beginning of it.
download() {
  if ! has_command curl; then
    wget -q -c -O "$2" "$1"
    return
  fi
  download_status=0
  curl -fsSL --retry 2 -C - -o "$2" "$1" || download_status=$?
  # The server has no such rest: what is there is all of it already, or of another file. 22: refused, as with HTTP 416; 33 and
  # 36: it cannot go on from there (curl(1), EXIT CODES).
  case $download_status in 22 | 33 | 36) rm -f "$2" ;; esac
  return "$download_status"
}
