# Compares mount point and device lines of one container: those there (first file) with those wanted (second file).
# Mounts are the same when they appear at the same path in the guest, devices when they have the same path: the number in
# the key says nothing, or taking the first of two volumes away would mount the second one's path on the first one's data.
#
# Prints one action a line, its parts separated by US: same, set, resize, delete or refuse; key; value; text for people.
# Defaults are those of pct.conf(5), which Proxmox VE and the provider sometimes write out and sometimes leave out.

BEGIN {
  US = "\037"
  split("ro=0 backup=0 replicate=1 shared=0 quota=0 uid=0 gid=0 deny-write=0 mode=660", defaults, " ")
  for (i in defaults) is_default[defaults[i]] = 1
}

{
  key = $0
  sub(/:.*/, "", key)
  line = $0
  sub(/^[^:]*:[ \t]*/, "", line)
  if (key !~ /^(mp[0-9]+|dev[0-9]+|rootfs)$/) next
  side = FNR == NR ? "now" : "want"
  read_line(side, key, line)
  if (side == "now") now_keys[++now_count] = key
  else want_keys[++want_count] = key
  taken[side, key] = 1
}

function read_line(side, key, line,    parts, count, i, name, value, subject, options) {
  count = split(line, parts, ",")
  options = ""
  size[side, key] = 0
  for (i = 1; i <= count; i++) {
    name = value = parts[i]
    if (parts[i] !~ /=/) name = "subject"
    else {
      sub(/=.*/, "", name)
      sub(/^[^=]*=/, "", value)
    }
    if (name == "volume" || name == "path") name = "subject"
    if (name == "subject") subject = value
    else if (name == "mp") place[side, key] = value
    else if (name == "size") size[side, key] = mebibytes(value)
    else if (name == "mode") options = with_option(options, "mode=" sprintf("%d", value))
    else if (name == "mountoptions") options = with_option(options, name "=" sorted(value, ";"))
    else options = with_option(options, name "=" value)
  }
  if (key ~ /^dev/) place[side, key] = subject
  if (key == "rootfs") place[side, key] = "/"
  if (subject !~ /^\// && side == "want" && subject ~ /:[0-9.]+$/) {
    size[side, key] = mebibytes(substr(subject, index(subject, ":") + 1) "G")
    subject = substr(subject, 1, index(subject, ":"))
  }
  subjects[side, key] = subject
  given[side, key] = options
  compared[side, key] = sorted(options, ",")
  raw[side, key] = line
}

function with_option(options, option) {
  if (option in is_default) return options
  return options == "" ? option : options "," option
}

function sorted(text, separator,    parts, count, i, j, swap, result) {
  count = split(text, parts, separator)
  for (i = 2; i <= count; i++)
    for (j = i; j > 1 && parts[j - 1] > parts[j]; j--) { swap = parts[j]; parts[j] = parts[j - 1]; parts[j - 1] = swap }
  result = ""
  for (i = 1; i <= count; i++) result = result (i > 1 ? separator : "") parts[i]
  return result
}

function mebibytes(text,    number, unit) {
  number = text + 0
  unit = substr(text, length(text))
  if (unit == "T") return number * 1048576
  if (unit == "G") return number * 1024
  if (unit == "M") return number
  if (unit == "K") return number / 1024
  return number / 1048576
}

function shown(mib) { return mib % 1024 == 0 ? mib / 1024 " GiB" : mib " MiB" }

function kind(key) { sub(/[0-9]+$/, "", key); return key }

function storage(subject) { return substr(subject, 1, index(subject, ":") - 1) }

function is_volume(side, key) { return subjects[side, key] !~ /^\// }

function act(verb, key, value, text) { print verb US key US value US text }

function what(side, key) {
  return key ~ /^dev/ ? "device " place[side, key] : "mount " place[side, key]
}

function free_key(wanted,    number, key) {
  if (!(("now", wanted) in taken)) return wanted
  for (number = 0; ; number++) {
    key = kind(wanted) number
    if (!(("now", key) in taken) && !(("want", key) in taken)) return key
  }
}

function same_place(key,    i) {
  for (i = 1; i <= now_count; i++)
    if (kind(now_keys[i]) == kind(key) && place["now", now_keys[i]] == place["want", key]) return now_keys[i]
  return ""
}

function compare(old, key,    grown) {
  if (is_volume("want", key) && is_volume("now", old)) {
    if (storage(subjects["want", key]) != storage(subjects["now", old])) {
      act("refuse", old, "", what("now", old) ": it lies on storage " storage(subjects["now", old]) ", wanted is " storage(subjects["want", key]) "; move it with pct move-volume, which keeps its data")
      return
    }
    if (size["want", key] < size["now", old]) {
      act("refuse", old, "", what("now", old) ": it has " shown(size["now", old]) ", wanted are " shown(size["want", key]) "; a volume cannot be made smaller: write at least " shown(size["now", old]))
      return
    }
    grown = size["want", key] > size["now", old]
    if (grown && key != "rootfs") act("resize", old, size["want", key] "M", what("now", old) " grown to " shown(size["want", key]))
    if (key == "rootfs") return
    if (compared["want", key] != compared["now", old])
      change_options(old, key, (grown ? size["want", key] : size["now", old]))
    else if (!grown) act("same", old, "", what("now", old))
    return
  }
  if (subjects["want", key] == subjects["now", old] && compared["want", key] == compared["now", old]) act("same", old, "", what("now", old))
  else {
    if (is_volume("now", old)) kept(old)
    act("set", old, raw["want", key], what("want", key) " changed")
  }
}

# The volume stays what it is; only how it is mounted changes.
function change_options(old, key, mib) {
  act("set", old, subjects["now", old] ",mp=" place["want", key] (given["want", key] == "" ? "" : "," given["want", key]) ",size=" mib "M", what("now", old) " changed")
}

function kept(key) { act("kept", key, subjects["now", key], what("now", key)) }

END {
  for (i = 1; i <= want_count; i++) {
    key = want_keys[i]
    old = same_place(key)
    if (key == "rootfs" && old == "") continue
    if (old != "") { matched[old] = 1; compare(old, key) }
    else {
      new = free_key(key)
      taken["now", new] = 1
      act("set", new, raw["want", key], what("want", key) " added")
    }
  }
  for (i = 1; i <= now_count; i++) {
    key = now_keys[i]
    if (key == "rootfs" || key in matched) continue
    if (key ~ /^mp/ && is_volume("now", key)) kept(key)
    act("delete", key, "", what("now", key) " removed")
  }
}
