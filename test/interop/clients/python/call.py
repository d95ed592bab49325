"""Calls functions of huggingface_hub and prints what they return, or the class of what they raise, as JSON.

The argument is a JSON list of [name, keyword arguments]; `HfFileSystem.ls` means `HfFileSystem().ls`.
"""

import base64
import dataclasses
import datetime
import json
import sys
import types

import huggingface_hub


def call(name, arguments):
    target = huggingface_hub
    for part in name.split("."):
        target = getattr(target() if isinstance(target, type) else target, part)
    try:
        value = target(**arguments)
        return {"value": list(value) if isinstance(value, types.GeneratorType) else value}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return vars(value)


json.dump([call(name, arguments) for name, arguments in json.loads(sys.argv[1])], sys.stdout, default=plain)
