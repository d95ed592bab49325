"""A torrent that nobody but the local network knows of: libtorrent_lsd.py INFO_HASH

Writes {"port"} when it runs, and stays until its input ends.
"""
import json
import sys

import libtorrent as lt

session = lt.session({
    'listen_interfaces': '127.0.0.1:0', 'enable_lsd': True, 'enable_dht': False, 'enable_upnp': False,
    'enable_natpmp': False,
})
parameters = lt.add_torrent_params()
parameters.info_hash = lt.sha1_hash(bytes.fromhex(sys.argv[1]))
parameters.save_path = '/nonexistent'
session.add_torrent(parameters)
print(json.dumps({'port': session.listen_port()}), flush=True)
sys.stdin.read()
