"""The pipeline in other processes: pickled, forked by the library datasets, hashed for its cache."""

import json
import os
import sys

import pytest

from helpers.published_model import run
from helpers.tiny_checkpoint import save_checkpoint

pytestmark = pytest.mark.slow

# Loads a checkpoint as users do, with more threads than one, and has its relations computed by other processes.
CHILD = """
import json, multiprocessing, pickle, sys
import torch
from datasets import Dataset
from datasets.fingerprint import Hasher
from transformers import pipeline

TEXT = "Zelvorin caused rash in two patients."
SPANS = [(0, 8, "Chemical"), (16, 20, "Disease")]
DOCUMENT = {"text": TEXT, "entities": [{"start": a, "end": b, "type": kind} for a, b, kind in SPANS]}

def relations(extract):
    return [[each["relation"], f"{each['score']:.4f}"] for each in extract(DOCUMENT)]

def relations_of_pickle(content):
    return relations(pickle.loads(content))

if __name__ == "__main__":
    torch.set_num_threads(2)
    extract = pipeline("biomedical-relation-extraction", model=sys.argv[1], trust_remote_code=True, device="cpu")
    found = {"here": relations(extract)}
    content = pickle.dumps(extract)
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            found[method] = pool.apply_async(relations_of_pickle, (content,)).get(200)
    with_relations = lambda row: {"found": relations(extract)}
    found["hash"] = Hasher.hash(with_relations)
    rows = Dataset.from_list([DOCUMENT] * 4)
    found["mapped"] = rows.map(with_relations, num_proc=2, load_from_cache_file=False)["found"][-1]
    json.dump(found, open(sys.argv[2], "w"))
"""


def test_other_processes_find_what_this_one_finds(tmp_path):
    model = save_checkpoint(tmp_path)
    (tmp_path / "child.py").write_text(CHILD)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HF_HUB_CACHE")}
    environment |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    found = []
    for name in ("first.json", "second.json"):
        run([sys.executable, "child.py", str(model), name], environment, tmp_path)
        found.append(json.loads((tmp_path / name).read_text()))
    expected = found[0]["here"]
    assert len(expected) == 1
    for each in found:
        assert each["spawn"] == each["forkserver"] == each["mapped"] == each["here"] == expected
    assert found[0]["hash"] == found[1]["hash"], "so the cache of Dataset.map is found again"
