# Two machines in networks of their own, joined by a cable: this one is called portico-njr, the other one otherbox.
# Runs "$@" here; BESIDE is the process id of the other machine, to be entered by nsenter.
set -eu
unset NODE_OPTIONS # the test runner's loader is no part of the box
unshare --net --uts sleep 120 &
BESIDE=$!
export BESIDE
trap 'kill "$BESIDE" 2>/dev/null || true' EXIT
while [ "$(readlink "/proc/$BESIDE/ns/net")" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
hostname portico-njr
ip link set lo up
ip link add cable0 type veth peer name cable1
ip link set cable1 netns "$BESIDE"
ip addr add 192.168.77.1/24 dev cable0
ip link set cable0 up
ip route add 224.0.0.0/4 dev cable0
nsenter -t "$BESIDE" -n -u sh -c 'hostname otherbox; ip link set lo up; ip addr add 192.168.77.2/24 dev cable1; ip link set cable1 up; ip route add 224.0.0.0/4 dev cable1'
echo "joined"
"$@"
