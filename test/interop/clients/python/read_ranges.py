"""Reads ranges of one file through HfFileSystem, as pandas and pyarrow do: open, seek, read.

Arguments: path as hf://..., JSON list of [offset, length]. Prints a JSON list of base64 strings.
"""

import base64
import json
import sys

from huggingface_hub import HfFileSystem

path, ranges = sys.argv[1], json.loads(sys.argv[2])
parts = []
with HfFileSystem().open(path, "rb", block_size=65536) as file:
    for offset, length in ranges:
        file.seek(offset, 0 if offset >= 0 else 2)
        parts.append(base64.b64encode(file.read(length)).decode())
json.dump(parts, sys.stdout)
