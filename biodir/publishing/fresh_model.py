"""Runs in a process of its own, without biodir: loads a repository as its users do, and answers the sample.

python -I fresh_model.py FOLDER OUT
"""

import importlib.util
import json
import sys
from pathlib import Path


def main(folder: str, out: str) -> None:
    """Writes what was found: relations, all pairs by the pipeline and by the handler, and where the code came from."""
    sys.modules["biodir"] = None  # importing it fails from here on, wherever it is installed
    from transformers import AutoModel, pipeline

    sample = (Path(folder) / "samples" / "sample.pubtator").read_text(encoding="utf-8")
    # No device is named, as in handler.py: where the two computed on different ones, their scores would differ.
    extract = pipeline(model=folder, trust_remote_code=True)
    # What the Hub's "Use this model" shows for a repository without pipeline_tag.
    model = AutoModel.from_pretrained(folder, trust_remote_code=True, dtype="auto")
    spec = importlib.util.spec_from_file_location("handler", Path(folder) / "handler.py")
    handler = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = handler
    spec.loader.exec_module(handler)
    found = {
        "task": extract.task,
        "relations": extract(sample),
        # Of a document in which nothing is found, the scores still tell whether the two agree.
        "pairs": extract(sample, return_all_scores=True),
        "answer": handler.EndpointHandler(folder)({"inputs": sample, "parameters": {"return_all_scores": True}}),
        "modules": sorted({type(part).__module__ for part in (extract, extract.model, extract.model.config, model)}),
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
