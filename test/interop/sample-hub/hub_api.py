"""Asks a hub everything that huggingface_hub can ask, and prints the answers as one JSON document.

Arguments: a token with access to sample/gated-bert. The endpoint is HF_ENDPOINT.
"""

import json
import sys

from huggingface_hub import HfApi, HfFileSystem, get_safetensors_metadata

token = sys.argv[1]
api = HfApi()
bert = "sample/tiny-bert"
pull = "refs/pr/1"


def error_of(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return None


info = api.model_info(bert, files_metadata=True)
tree = list(api.list_repo_tree(bert, recursive=True, expand=True))
refs = api.list_repo_refs(bert, include_pull_requests=True)
fs = HfFileSystem()
with fs.open(f"{bert}/model.safetensors", "rb", block_size=4096) as file:
    file.seek(8)
    header = file.read(2)

print(
    json.dumps(
        {
            "sha": info.sha,
            "license": info.card_data["license"],
            "sizes": {sibling.rfilename: sibling.size for sibling in info.siblings},
            "sha256": {sibling.rfilename: sibling.lfs.sha256 for sibling in info.siblings if sibling.lfs},
            "tree": {entry.path: entry.last_commit.oid for entry in tree},
            "files": api.list_repo_files("sample/many-files"),
            "paths": [entry.path for entry in api.get_paths_info(bert, ["config.json", "onnx", "none"], expand=True)],
            "branches": [ref.name for ref in refs.branches],
            "tags": [ref.name for ref in refs.tags],
            "pulls": {ref.name: ref.target_commit for ref in refs.pull_requests},
            "pullInfo": api.model_info(bert, revision=pull).sha,
            "commits": [commit.commit_id for commit in api.list_repo_commits(bert)],
            "search": [model.id for model in api.list_models(search="llama")],
            "datasets": [dataset.id for dataset in api.list_datasets()],
            "spaceSdk": api.space_info("sample/hello").sdk,
            "renamed": api.model_info("tiny-bert").id,
            "weights": sorted(get_safetensors_metadata("sample/sharded").weight_map.items()),
            "parameters": get_safetensors_metadata(bert).parameter_count,
            "header": header.decode(),
            "whoami": api.whoami(token=token)["name"],
            "gatedForReader": error_of(lambda: api.auth_check("sample/gated-bert", token=token)),
            "errors": {
                "entry": error_of(lambda: api.hf_hub_download(bert, "none.json")),
                "revision": error_of(lambda: api.model_info(bert, revision="none")),
                "gated": error_of(lambda: api.hf_hub_download("sample/gated-bert", "model.safetensors")),
                "authCheck": error_of(lambda: api.auth_check("sample/gated-bert")),
                "missingWithToken": error_of(lambda: api.model_info("sample/none", token=token)),
                "badToken": error_of(lambda: api.model_info(bert, token="hf_unknown")),
                "disabled": error_of(lambda: api.model_info("sample/disabled")),
            },
            "exists": [api.file_exists(bert, "config.json"), api.file_exists(bert, "none.json")],
        }
    )
)
