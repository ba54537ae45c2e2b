# Lists among the settings whose entries are more than text.
# shellcheck shell=sh

# entries LIST FUNCTION: calls FUNCTION with the setting's name of every entry, `LIST_0`, `LIST_1`. May be nested.
entries() {
  set -- "$1" "$2" 0
  while [ "$3" -lt "$(list_length "$1")" ]; do
    "$2" "$1_$3"
    set -- "$1" "$2" $(($3 + 1))
  done
}

list_length() { eval "printf '%s' \"\${$1_COUNT:-0}\""; }

is_list() { eval "[ -n \"\${$1_COUNT+set}\" ]"; }
