# BIND with the zones of the lab. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh

ETC=/etc/bind
ZONES=$ETC/zones

print_network() { printf '\t%s;\n' "$1"; }

networks() {
  if is_list dns_allow; then each dns_allow print_network; else each dns_networks print_network; fi
}

options() {
  cat <<'CONF'
// Written by proxmox-lab.
acl lab {
	localhost;
CONF
  networks
  cat <<'CONF'
};
options {
	directory "/var/cache/bind";
	listen-on { any; };
	listen-on-v6 { any; };
	version none;
	allow-query { lab; };
	allow-recursion { lab; };
	allow-transfer { none; };
CONF
  case $(setting dns_dnssec) in
    false) printf '\tdnssec-validation no;\n' ;;
    *) printf '\tdnssec-validation auto;\n' ;;
  esac
  if [ "${dns_forwarders_COUNT:-0}" -gt 0 ]; then
    printf '\tforwarders {\n'
    each dns_forwarders print_network
    printf '\t};\n'
  fi
  echo "};"
}

zone_block() {
  printf 'zone "%s" {\n\ttype primary;\n\tfile "%s/%s.zone";\n};\n' "$(setting "$1_name")" "$ZONES" "$(setting "$1_name")"
}

local_zones() {
  echo "// Written by proxmox-lab."
  entries dns_zone_files zone_block
}

# serial_of FILE: that of the zone's SOA record.
serial_of() { [ ! -f "$1" ] || sed -nE 's/^@ IN SOA .*\(([0-9]+) .*/\1/p' "$1"; }

# A secondary or a cache takes a zone for new only when its serial is higher; one that did not change keeps it.
stage_zone() {
  zone=$(setting "$1_name")
  file=$ZONES/$zone.zone
  serial=$(serial_of "$file")
  setting "$1_text" >./text
  sed "s/@SERIAL@/${serial:-0}/" ./text >"./staged/$zone.zone"
  if ! cmp -s "./staged/$zone.zone" "$file"; then
    today=$(date +%Y%m%d00)
    next=$((${serial:-0} + 1))
    [ "$next" -gt "$today" ] || next=$today
    sed "s/@SERIAL@/$next/" ./text >"./staged/$zone.zone"
  fi
  printf '%s\n' "$file" >>./wanted
}

# Where BIND is not there yet, a check has nothing to ask.
accepted() {
  { has_command named-checkzone && [ -d /var/cache/bind ]; } || return 0
  cat ./options ./local >./named.conf
  said=$(named-checkconf ./named.conf 2>&1) || fail "named-checkconf refuses what would be written: $said"
  entries dns_zone_files accepted_zone
}

accepted_zone() {
  zone=$(setting "$1_name")
  said=$(named-checkzone "$zone" "./staged/$zone.zone" 2>&1) ||
    fail "named-checkzone refuses the zone $zone; look at dns_zones and dns_aliases: $said"
}

install_zone() {
  zone=$(setting "$1_name")
  put "$ZONES/$zone.zone" "./staged/$zone.zone"
}

# put PATH FILE: what runs must read it anew, also when this run is killed in between.
put() {
  file_is "$2" "$1" 644 root:root || owe dns reload
  install_file "$1" 644 <"$2"
}

drop_zones() {
  remembered dns-zones >./known
  while read -r file; do
    grep -qxF -e "$file" ./wanted || remove_file "$file"
  done <./known
  remember dns-zones <./wanted
}

reload() { reload_service named; }

mkdir -p ./staged
: >./wanted
options >./options
local_zones >./local
packages bind9 bind9-utils
entries dns_zone_files stage_zone
accepted
{ remembered dns-zones && cat ./wanted; } | sort -u >./ours
remember dns-zones <./ours
install_folder "$ZONES" 755
entries dns_zone_files install_zone
put "$ETC/named.conf.options" ./options
put "$ETC/named.conf.local" ./local
drop_zones
run_service named
pay dns reload
