#!/bin/sh
# inside.sh COMMAND…: runs a command that has entered the world's namespaces in the world's cgroup as well.
echo 0 > /sys/fs/cgroup/init.scope/cgroup.procs
exec "$@"
