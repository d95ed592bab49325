"""For each case on stdin (JSON): libtorrent's own torrent of the same files, and what it reads in ours. JSON on stdout."""
import base64
import json
import sys

import libtorrent as lt

FLAGS = {'hybrid': 0, 'v1': lt.create_torrent.v1_only | lt.create_torrent.canonical_files, 'v2': lt.create_torrent.v2_only}


def layers_of(entry):
    return {root.hex(): layer.hex() for root, layer in entry.get(b'piece layers', {}).items()}


def make(case):
    storage = lt.file_storage()
    for file in case['files']:
        storage.add_file(file['path'], file['length'])
    try:
        creator = lt.create_torrent(storage, case['pieceLength'], flags=FLAGS[case['form']])
        lt.set_piece_hashes(creator, case['folder'])
        entry = creator.generate()
    except RuntimeError as error:
        return {'refused': str(error)}
    return {
        'torrent': base64.b64encode(lt.bencode(entry)).decode(),
        'info': base64.b64encode(lt.bencode(entry[b'info'])).decode(),
        'layers': layers_of(entry),
    }


def read(path):
    """None where there is no torrent of ours."""
    if path is None:
        return None
    # What it writes is what it understood; it refuses to write layers that it has not found to lead to their roots.
    try:
        params = lt.load_torrent_file(path)
        layers = layers_of(lt.write_torrent_file(params))
    except RuntimeError as error:
        return {'refused': str(error)}
    info = params.ti
    hashes, files = info.info_hashes(), info.files()
    real = [index for index in range(files.num_files()) if not files.file_flags(index) & lt.file_storage.flag_pad_file]
    return {
        'infoHash': str(hashes.v1) if hashes.has_v1() else None,
        'infoHashV2': str(hashes.v2) if hashes.has_v2() else None,
        'pieceLength': info.piece_length(),
        'layers': layers,
        'files': [{
            'path': files.file_path(index),
            'length': files.file_size(index),
            'offset': files.file_offset(index),
            'root': files.root(index).to_bytes().hex(),
        } for index in real],
    }


json.dump([{'theirs': make(case), 'ours': read(case['torrent'])} for case in json.load(sys.stdin)], sys.stdout)
