# The driver's libraries and programs, without a kernel module.
# shellcheck shell=sh disable=SC2154

# The version of libcuda, whose file name ends in it.
installed_version() {
  library=$(ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1 / && /x86-64|AArch64/ { print $NF; exit }')
  [ -n "$library" ] || return 0
  library=$(readlink -f "$library")
  printf '%s' "${library##*.so.}"
}

set_driver() {
  installed=$(installed_version)
  if [ "$DRIVER" = runfile ]; then
    fits_runfile
    # What was unpacked is there until the installer is done: a run may have been killed.
    if [ "$installed" = "$module" ] && [ ! -d "$WORK/unpacked" ] && [ -z "$(packaged)" ]; then ok "driver $module"; else install_runfile; fi
    hold_packages nvidia
  else
    [ ! -d "$WORK" ] || change "$WORK removed" rm -rf "$WORK"
    set_packages
  fi
  [ -z "$STEP_CHECK" ] || return 0
  installed=$(installed_version)
  [ "$installed" = "$module" ] || fail "nvidia: the node's module is $module, and this guest has ${installed:-no libcuda} after the installation"
}

fits_runfile() {
  [ "$RUNFILE" = "$module" ] || fail "nvidia: the node's module is $module, and nvidia_cfg.runfile is $RUNFILE; they must be the same." \
    "Give version, url or path, and sha256 of $module, or install $RUNFILE on the node"
}

install_runfile() {
  name=$(packaged)
  [ -z "$name" ] || fail "nvidia: the driver is to come from a run file, and the package $name is installed;" \
    "take it out with its like first: packages_absent: [$name]"
  from=$(setting nvidia_cfg_runfile_url)
  [ -z "$from" ] || packages ca-certificates curl
  packages kmod
  from=
  [ -z "$installed" ] || [ "$installed" = "$module" ] || from="$installed to "
  change "driver $from$module" run_installer
  has_worked
}

run_installer() {
  unpack_runfile nvidia_cfg_runfile
  # It is called --no-kernel-modules since several modules belong to a driver.
  without=--no-kernel-module
  if installer_knows --no-kernel-modules; then without=--no-kernel-modules; fi
  run_unpacked "$without" --no-kernel-module-source
}

# Names of the packages: Debian's, and Ubuntu's, which has a set for each branch.
package_names() {
  if [ "$(os_id)" = debian ]; then
    echo nvidia-smi libcuda1 libnvidia-encode1
  else
    branch=${module%%.*}
    echo "nvidia-utils-$branch libnvidia-compute-$branch libnvidia-encode-$branch libnvidia-decode-$branch"
  fi
}

# packaged: the first of them that is installed.
packaged() {
  for name in $(package_names); do
    if package_present "$name"; then
      echo "$name"
      break
    fi
  done
}

set_packages() {
  ! has_command nvidia-uninstall || fail "nvidia: the driver is to come from packages, and one from a run file is installed;" \
    "run in the guest: nvidia-uninstall --silent"
  names=$(package_names)
  first=${names%% *}
  if [ "$installed" = "$module" ] && package_present "$first"; then
    ok "driver $module"
  else
    [ -n "$STEP_CHECK" ] || lists_fresh || refresh_lists
    version=$(apt-cache madison "$first" | awk -F ' *[|] *' '{ print $2 }' | awk -v module="$module" '
      { upstream = $1; sub(/^[0-9]+:/, "", upstream); sub(/-[^-]*$/, "", upstream) } upstream == module { print; exit }')
    if [ -n "$version" ]; then
      prefer_version
      # shellcheck disable=SC2046
      packages $(for name in $names; do echo "$name=$version"; done)
      unset APT_CONFIG
      has_worked
    else
      not_offered
    fi
  fi
  # An upgrade here without one on the node would end in a mismatch.
  # shellcheck disable=SC2086
  hold_packages nvidia $names
}

# Versions of one driver belong together, and a mirror may have several: what the packages depend on is to be of this one, too.
# For this installation alone, beside the guest's own preferences. A name with src: stands for what is built of a source:
# apt_preferences(5).
prefer_version() {
  {
    cat /etc/apt/preferences 2>/dev/null || :
    printf '\nPackage: src:nvidia-graphics-drivers*\nPin: version %s\nPin-Priority: 1001\n' "$version"
  } >./preferences
  printf 'Dir::Etc::Preferences "%s/preferences";\n' "$PWD" >./apt.conf
  export APT_CONFIG="$PWD/apt.conf"
}

not_offered() {
  offered=$(apt-cache madison "$first" | awk -F ' *[|] *' '{ print $2 }' | sort -u | tr '\n' ' ')
  offered=${offered% }
  what="the node's module is $module, and the package lists of this $(os_release PRETTY_NAME) have $first in ${offered:-no version}"
  # In a check the lists may not have been fetched yet.
  [ -z "$STEP_CHECK" ] || {
    change "driver ${installed:+$installed to }$module" false
    note "$what"
    return 0
  }
  fail "nvidia: $what. Give nvidia_cfg: {runfile: {version: $module, url: …, sha256: …}}, or a source of packages that has it" \
    "(Debian's are in its components contrib and non-free: add a file under /etc/apt/sources.list.d by files_present), or install on the node a driver that is offered"
}

# nvidia-smi compares both parts, and says what differs.
has_worked() {
  [ -z "$STEP_CHECK" ] || return 0
  ldconfig
  said=$(nvidia-smi -L 2>&1) || fail "nvidia: nvidia-smi fails, with module $module on the node and ${installed:-nothing} before here: $said"
  note "$said"
}

# let_go: no driver is wanted any more. What is installed stays, as any package does, and is upgraded as any package is.
let_go() {
  for owner in nvidia nvidia-toolkit; do
    [ -z "$(remembered "holds-$owner")" ] || hold_packages "$owner"
  done
  installed=$(installed_version)
  [ -z "$installed" ] || note "the driver's libraries of version $installed stay in this guest; the role's README says how to take them out"
}
