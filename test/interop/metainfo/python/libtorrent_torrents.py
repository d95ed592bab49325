"""For each case on stdin (JSON): libtorrent's own torrent of the same files, and what it reads in ours. JSON on stdout."""
import base64
import json
import sys

import libtorrent as lt

FLAGS = {'hybrid': 0, 'v1': lt.create_torrent.v1_only | lt.create_torrent.canonical_files, 'v2': lt.create_torrent.v2_only}


def make(case):
    storage = lt.file_storage()
    for file in case['files']:
        storage.add_file(file['path'], file['length'])
    creator = lt.create_torrent(storage, case['pieceLength'], flags=FLAGS[case['form']])
    lt.set_piece_hashes(creator, case['folder'])
    return creator.generate()


def read(path):
    info = lt.torrent_info(path)
    hashes, files = info.info_hashes(), info.files()
    real = [index for index in range(files.num_files()) if not files.file_flags(index) & lt.file_storage.flag_pad_file]
    return {
        'infoHash': str(hashes.v1) if hashes.has_v1() else None,
        'infoHashV2': str(hashes.v2) if hashes.has_v2() else None,
        'files': [{'path': files.file_path(index), 'length': files.file_size(index), 'root': files.root(index).to_bytes().hex()} for index in real],
    }


def main():
    answers = []
    for case in json.load(sys.stdin):
        try:
            entry = make(case)
        except RuntimeError as error:
            answers.append({'refused': str(error)})
            continue
        answers.append({
            'torrent': base64.b64encode(lt.bencode(entry)).decode(),
            'info': base64.b64encode(lt.bencode(entry[b'info'])).decode(),
            'layers': {root.hex(): layer.hex() for root, layer in entry.get(b'piece layers', {}).items()},
            'ours': read(case['torrent']) if case.get('torrent') else None,
        })
    json.dump(answers, sys.stdout)


main()
