"""A peer: libtorrent_peer.py FILE.torrent FOLDER SECONDS [HOST:PORT]. Prints its port, then "done" when it has everything; ends with its stdin."""
import sys
import threading
import time

import libtorrent as lt

path, folder, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
session = lt.session({
    'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'listen_interfaces': '127.0.0.1:0', 'allow_multiple_connections_per_ip': True,
    'enable_outgoing_utp': False, 'enable_incoming_utp': False,
})
handle = session.add_torrent({'ti': lt.torrent_info(path), 'save_path': folder})
print(session.listen_port(), flush=True)
if len(sys.argv) > 4:
    host, port = sys.argv[4].rsplit(':', 1)
    handle.connect_peer((host, int(port)))
threading.Thread(target=lambda: (sys.stdin.read(), __import__('os')._exit(0)), daemon=True).start()
end = time.time() + seconds
said = False
while time.time() < end:
    if not said and handle.status().is_seeding:
        print('done', flush=True)
        said = True
    time.sleep(0.02)
