# Services that take notice of files. Lines of "restart SERVICE PATH" and "reload SERVICE PATH" are kept in ./told, and remembered
# so that those of a file that leaves are told, too.
# shellcheck shell=sh disable=SC2034,SC2154

list_told() {
  for verb in reload restart; do
    service=$(setting "$1_$verb")
    [ -z "$service" ] || printf '%s %s %s\n' "$verb" "$service" "$(setting "$1_path")" >>./told
  done
}

# Before anything changes: what is listed now, and what was before, until that has been told.
remember_told() {
  remembered files-told >./told-before
  sort -u ./told >./told-now
  cmp -s ./told-before ./told-now || sort -u ./told-before ./told-now | remember files-told
}

owe_services() {
  for verb in reload restart; do
    service=$(setting "$1_$verb")
    [ -z "$service" ] || owe files-services "$verb $service"
  done
}

# Before the file in $path is removed. A service that is gone, too, need not be told.
tell_of_removal() {
  while IFS= read -r line <&4; do
    call=${line%% /*}
    if [ "$line" = "$call $path" ] && service_known "${call#* }"; then
      printf '%s\n' "$line" >>./told
      owe files-services "$call"
    fi
  done 4<./told-before
}

# What is owed to a service that no file names any more is struck out, but for files that are gone.
pay_services() {
  while IFS= read -r line <&3; do
    [ -e "/${line#* /}" ] || printf '%s\n' "$line" >>./told
  done 3<./told-before
  open_debts files-services
  cp ./files-services ./debts-before
  while read -r verb service <&3; do
    grep -qF -e " $service /" ./told || paid files-services "$verb $service"
  done 3<./debts-before
  pay files-services pay_service
  cmp -s ./told-before ./told-now || remember files-told <./told-now
}

pay_service() {
  if [ "$1" = reload ] && owed files-services "restart $2"; then
    return 0
  elif service_known "$2"; then
    tell "$1" "$2"
  elif [ -z "$STEP_CHECK" ]; then
    # One that a later role brings reads the file when it first starts.
    note "$1: $2: there is no such service here, so none was told of its file; correct the name, unless a later role brings it"
  fi
}

# A file that is gone has no entry to mend: its service is told once, and may fail.
tell() {
  if grep -qF -e " $2 /" ./told-now; then
    SERVICE_REMEDY="It is told of $(files_of "$2"): mend that, or take reload: and restart: from its entry"
    "$1_service" "$2"
  else
    SERVICE_REMEDY=
    if ("$1_service" "$2") >./tried 2>&1; then
      cat ./tried
    else
      note "$2 was told that it is without $(files_of "$2") now, and its $1 failed, see its log; no file names it any more, so it is left as it is"
    fi
  fi
}

# files_of SERVICE: their paths, in words.
files_of() { sed -n "s/^[a-z]* $1 //p" ./told | sort -u | paste -s -d ' ' -; }
