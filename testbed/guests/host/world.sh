#!/bin/sh
# The world of one testbed: init of a set of namespaces in which everything else lives, so that ending this process
# ends all of it. Started by world.ts as: unshare --mount --net --pid --ipc --uts --fork sh world.sh enter …
#   world.sh enter CGROUP STATE IMAGES ROUTER/PREFIX DHCP_FIRST DHCP_LAST PACKAGE_ADDRESS
set -eu
stage=$1 cgroup=$2 state=$3 images=$4 router=$5 dhcp_first=$6 dhcp_last=$7 package_address=$8

if [ "$stage" = enter ]; then
  # /proc is still the host's here: the first field is this process's id outside
  read -r pid _ < /proc/self/stat
  echo "$pid" > "$state/world.pid"
  mount --make-rprivate /
  # The host's may be version 1 or hybrid, which systemd 257 refuses; this one is seen by nobody else.
  if grep -q ' /sys/fs/cgroup' /proc/mounts; then umount -R -l /sys/fs/cgroup; fi
  mount -t cgroup2 none /sys/fs/cgroup
  mkdir -p "/sys/fs/cgroup/$cgroup"
  echo 0 > "/sys/fs/cgroup/$cgroup/cgroup.procs"
  shift
  exec unshare --cgroup sh "$0" inner "$@"
fi

mount -t proc proc /proc
umount /sys/fs/cgroup
mount -t sysfs sysfs /sys # shows the network interfaces of the namespace that mounted it
mount -t cgroup2 none /sys/fs/cgroup
# LXC takes the cgroup that holds an "init.scope" for the one it may make others in
mkdir /sys/fs/cgroup/init.scope
echo 0 > /sys/fs/cgroup/init.scope/cgroup.procs
# shellcheck disable=SC2013 # one line of words
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
done

# Fixed names for both folders, reachable for shifted users wherever they are on the host.
mount -t tmpfs -o mode=755,size=1m tmpfs /mnt
mkdir /mnt/state /mnt/images
mount --bind "$state" /mnt/state
mount --bind "$images" /mnt/images
mount --bind /mnt/state/subid /etc/subuid
mount --bind /mnt/state/subid /etc/subgid

echo 1 > /proc/sys/net/ipv4/ip_forward
ip link set lo up
ip address add "$package_address/32" dev lo
ip link add lan type bridge
ip address add "$router" dev lan
ip link set lan up

# Names of guests and leases for them; anything else is refused at once instead of timing out.
dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --hostsdir=/mnt/state/names --bind-dynamic --interface=lan --no-ping --dhcp-authoritative \
  --dhcp-range="$dhcp_first,$dhcp_last,1h" --dhcp-leasefile=/mnt/state/leases --pid-file= --user=root \
  --log-facility=/mnt/state/dnsmasq.log

: > /mnt/state/world.ready
# Waiting is also what reaps the orphans that init inherits.
while :; do
  sleep infinity &
  wait
done
