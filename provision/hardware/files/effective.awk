# The lines of a container's configuration file with what is pending put in: what it will have after its next start.
# With -v pending=1, only the keys that are pending. Sections of snapshots are left out.
/^\[/ { section = $0; next }
section == "" && /^[a-z0-9]+:/ { split($0, part, ":"); if (!(part[1] in value)) order[++count] = part[1]; value[part[1]] = $0 }
section == "[pve:pending]" && /^delete:/ {
  sub(/^delete:[ \t]*/, "")
  number = split($0, gone, /[ ,;]+/)
  for (i = 1; i <= number; i++) { sub(/^!/, "", gone[i]); if (gone[i] != "") { waiting[gone[i]] = 1; delete value[gone[i]] } }
  next
}
section == "[pve:pending]" && /^[a-z0-9]+:/ { split($0, part, ":"); if (!(part[1] in value)) order[++count] = part[1]; value[part[1]] = $0; waiting[part[1]] = 1 }
END {
  if (pending) { for (key in waiting) if (key ~ /^(mp|dev)[0-9]+$/) print key }
  else for (i = 1; i <= count; i++) if (order[i] in value) { print value[order[i]]; delete value[order[i]] }
}
