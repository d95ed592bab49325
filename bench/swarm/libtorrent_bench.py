"""One peer of a measurement: libtorrent_bench.py FILE.torrent FOLDER seed|leech [WEB_SEED_URL]. Prints its port; a leecher begins with the line
`go HOST:PORT ...` (or `go`) on stdin and prints a JSON line when it has everything. `stats` asks for what it has sent. Ends with its stdin."""
import json
import sys
import time

import libtorrent as lt

path, folder, role = sys.argv[1:4]
session = lt.session({
    'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'listen_interfaces': '127.0.0.1:0', 'allow_multiple_connections_per_ip': True,
    'enable_outgoing_utp': False, 'enable_incoming_utp': False,
    # Its best settings of those that were tried on two cores: 307 MB/s and 1.81 CPU s/GiB; its defaults with two hashing
    # threads: 293 and 2.03; longer request queues and more disk threads changed nothing.
    'hashing_threads': 2, 'aio_threads': 4, 'send_buffer_watermark': 3 * 1024 * 1024,
    'unchoke_slots_limit': 20, 'connection_speed': 500,
    'out_enc_policy': 2, 'in_enc_policy': 2, 'alert_mask': 0,
})
params = {'ti': lt.torrent_info(path), 'save_path': folder}
if role == 'seed':
    params['flags'] = lt.torrent_flags.default_flags | lt.torrent_flags.seed_mode
handle = session.add_torrent(params)
for url in sys.argv[4:]:
    handle.add_url_seed(url)
if role == 'leech':
    handle.pause()
while role == 'seed' and not handle.status().is_seeding:
    time.sleep(0.01)
print(session.listen_port(), flush=True)


def cpu():
    fields = open('/proc/self/stat').read().rsplit(') ', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory():
    status = open('/proc/self/status').read()
    field = lambda name: int(status.split(name + ':')[1].split()[0]) * 1024 / 1e6
    return field('RssAnon'), field('VmHWM')


for line in sys.stdin:
    words = line.split()
    if words[:1] == ['stats']:
        print(json.dumps({'sent': handle.status().total_payload_upload}), flush=True)
    if words[:1] != ['go']:
        continue
    begun, before = time.perf_counter(), cpu()
    handle.resume()
    for word in words[1:]:
        host, port = word.rsplit(':', 1)
        handle.connect_peer((host, int(port)))
    while not handle.status().is_seeding:
        time.sleep(0.005)
    anon, peak = memory()
    print(json.dumps({'seconds': time.perf_counter() - begun, 'cpu': cpu() - before, 'anon': anon, 'peak': peak}), flush=True)
