# What is no longer in the inventory.
# shellcheck shell=sh disable=SC2154

# Lines of "file SUM PATH" and "dir - PATH" for what this role made, "found - PATH" for what was there before and has changed.
remember_file() {
  if is_remembered "found - " || { ! is_remembered 'file [0-9a-f]* ' && [ -e "$path" ]; }; then
    remember_also files "found - $path"
  else
    sum=$(sha256sum <./wanted)
    # Until the new content is there, the old one counts as ours, too.
    remember_also files "file ${sum%% *} $path"
  fi
}

is_remembered() { remembered files | sed -n "s/^$1//p" | grep -qxF -e "$path"; }

remove_leftovers() {
  # Folders come last, each after what is in it.
  remembered files | sort -r >./before
  : >./after
  while IFS= read -r line <&3; do
    kind=${line%% *}
    path=${line#* * }
    if ! is_wanted; then
      remove_leftover 3<&-
    elif [ "$kind" != file ] || [ "$line" = "$(line_now)" ]; then
      printf '%s\n' "$line" >>./after
    fi
  done 3<./before
  sort ./after >./after-sorted
  remember files <./after-sorted
}

# A folder of ours is wanted for what is in it, too; what has another name by way of a link, by that name.
is_wanted() {
  while IFS= read -r each; do
    [ "$each" != "$path" ] || return 0
    case $kind in
      dir)
        case $each in "$path"/*) return 0 ;; esac
        ! same_folder "$each" "$path" || return 0
        ;;
      file) ! same_file "$each" "$path" || return 0 ;;
    esac
  done <./wanted-paths
  return 1
}

# The line that a file would have with the content that it has now.
line_now() {
  [ ! -f "$path" ] || sum=$(sha256sum <"$path")
  printf '%s' "file ${sum%% *} $path"
}

remove_leftover() {
  case $kind in
    found) note "$path is no longer in the inventory; it was there before, and stays as it is" ;;
    dir)
      if [ ! -d "$path" ]; then
        return 0
      elif is_empty "$path"; then
        change "$path removed" rmdir "$path"
      else
        note "$path is no longer in the inventory; it is not empty, and stays"
      fi
      ;;
    file)
      # What a run that was killed was writing.
      [ -n "$STEP_CHECK" ] || rm -f "${path%/*}/.${path##*/}.proxmox-lab"
      if [ ! -f "$path" ] || [ -L "$path" ]; then
        return 0
      elif grep -qxF -e "$(line_now)" ./before; then
        tell_of_removal
        change "$path removed" rm -f "$path"
      else
        note "$path is no longer in the inventory; somebody has changed it, and it stays"
      fi
      ;;
  esac
}

is_empty() { [ -z "$(ls -A "$1")" ]; }
