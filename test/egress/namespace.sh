# Runs "$@" in a network of its own whose only way out is a device with nobody behind it, and prints what went there.
# A tun device without a reader drops whatever it is given and counts it; names are asked of an address behind it.
set -eu
unset NODE_OPTIONS # the test runner's loader is no part of the box
resolver=$(mktemp)
# Nobody answers there: one question is enough, and a second's wait for it.
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' > "$resolver"
mount --bind "$resolver" /etc/resolv.conf
ip link set lo up
ip tuntap add dev out0 mode tun
ip link set out0 up
ip addr add 10.255.255.1/24 dev out0
ip route add default dev out0
# Where IPv6 is switched off there is no way out by it.
ip -6 addr add fd00::1/64 dev out0 2>/dev/null && ip -6 route add default dev out0 || true
"$@" || status=$?
rm -f "$resolver"
# Packets and drops of what was to be sent: fields 11 and 13 of the device's line; and what found no route at all.
echo "sent $(awk '/out0:/ { sub(/.*:/, ""); print $10 + $12 }' /proc/net/dev)"
echo "unroutable $(awk '/^Ip: [0-9]/ { print $13 } ' /proc/net/snmp) $(awk '/Ip6OutNoRoutes/ { print $2 }' /proc/net/snmp6 2>/dev/null || echo 0)"
exit "${status:-0}"
