"""Hashes a file for one form of torrent with libtorrent, twice; prints the seconds and CPU seconds of the second time as JSON."""
import json
import os
import sys
import time

import libtorrent as lt

path, form = sys.argv[1], sys.argv[2]
flags = {'v1': lt.create_torrent.v1_only, 'v2': lt.create_torrent.v2_only, 'hybrid': 0}[form]


def make():
    storage = lt.file_storage()
    lt.add_files(storage, path)
    torrent = lt.create_torrent(storage, 1 << 20, flags)
    lt.set_piece_hashes(torrent, os.path.dirname(path))


make()
cpu, wall = time.process_time(), time.perf_counter()
make()
print(json.dumps({'seconds': time.perf_counter() - wall, 'cpu': time.process_time() - cpu}))
