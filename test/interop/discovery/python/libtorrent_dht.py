"""A peer of libtorrent's that has nothing but the DHT: libtorrent_dht.py NODE_PORT INFO_HASH WANTED_PORT SECONDS

Writes {"port"}, of its node and its peer, when it runs; {"peers"} when the wanted port is among those that it finds (or the time is
over); and announces itself until its input ends.
"""
import json
import select
import sys
import time

import libtorrent as lt

node, info_hash, wanted, seconds = sys.argv[1:]
info_hash = lt.sha1_hash(bytes.fromhex(info_hash))
session = lt.session({
    'listen_interfaces': '127.0.0.1:0', 'enable_dht': True, 'dht_bootstrap_nodes': '', 'enable_lsd': False,
    'enable_upnp': False, 'enable_natpmp': False, 'alert_mask': lt.alert.category_t.dht_operation_notification,
    # All nodes here have one address, and ids that do not belong to it.
    'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False, 'dht_enforce_node_id': False,
    'dht_prefer_verified_node_ids': False, 'dht_ignore_dark_internet': False,
})
session.add_dht_node(('127.0.0.1', int(node)))
parameters = lt.add_torrent_params()
parameters.info_hash = info_hash
parameters.save_path = '/nonexistent'
handle = session.add_torrent(parameters)
print(json.dumps({'port': session.listen_port()}), flush=True)

peers = set()
end = time.time() + int(seconds)
told = False
while not select.select([sys.stdin], [], [], 0.3)[0]:
    handle.force_dht_announce()
    session.dht_get_peers(info_hash)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.dht_get_peers_reply_alert):
            peers.update(f'{host} {port}' for host, port in alert.peers())
    if not told and (f'127.0.0.1 {wanted}' in peers or time.time() > end):
        told = True
        print(json.dumps({'peers': sorted(peers)}), flush=True)
