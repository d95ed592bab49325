"""Downloads a torrent from its web seeds alone: libtorrent_download.py FILE.torrent FOLDER SECONDS"""
import json
import sys
import time

import libtorrent as lt

path, folder, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
info = lt.torrent_info(path)
session = lt.session({
    'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'listen_interfaces': '', 'alert_mask': lt.alert.category_t.error_notification,
})
handle = session.add_torrent({'ti': info, 'save_path': folder})
end = time.time() + seconds
while not handle.status().is_seeding and time.time() < end:
    time.sleep(0.05)
hashes = info.info_hashes()
print(json.dumps({
    'done': handle.status().is_seeding,
    'v1': str(hashes.v1) if hashes.has_v1() else None,
    'v2': str(hashes.v2) if hashes.has_v2() else None,
    'errors': [
        alert.message() for alert in session.pop_alerts()
        if 'error' in type(alert).__name__ or isinstance(alert, lt.url_seed_alert)
    ],
}))
