# Starts a fabric router's FRR and ends when bgpd ends.
daemons=/usr/lib/frr
for daemon in mgmtd zebra staticd; do
	$daemons/$daemon -d -u root -g root
done
$daemons/bgpd -u root -g root &
until [ -S /var/run/frr/bgpd.vty ]; do :; done
/usr/bin/vtysh -b
wait
