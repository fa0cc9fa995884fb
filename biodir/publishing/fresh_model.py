"""Loads a repository as its users do and runs it on the sample; a program for a process without biodir.

python -I fresh_model.py FOLDER OUT
"""

import json
import re
import runpy
import sys
from pathlib import Path

# The lines of PubTator with title and abstract.
PUBTATOR_TEXT = re.compile(r"[^|\t]*\|[ta]\|")


def main(folder: str, out: str) -> None:
    """Write as JSON: the relations, all pairs by pipeline and by handler, and the modules that the code came from.

    If the model has a tagger, also what both find in the plain text of the sample.
    """
    # Importing biodir fails from here on, wherever it is installed.
    sys.modules["biodir"] = None  # type: ignore[assignment]
    from transformers import AutoModel, pipeline

    sample = (Path(folder) / "samples" / "sample.pubtator").read_text(encoding="utf-8")
    # No device is named, as in handler.py: on two different devices their scores would differ.
    extract = pipeline(model=folder, trust_remote_code=True)
    # What the Hub's "Use this model" shows for a repository without pipeline_tag.
    model = AutoModel.from_pretrained(folder, trust_remote_code=True, dtype="auto")
    handler = runpy.run_path(str(Path(folder, "handler.py")))["EndpointHandler"](folder)
    request = {"inputs": sample, "parameters": {"return_all_scores": True}}
    found = {
        "task": extract.task,
        "relations": extract(sample),
        # Where no relation is found, the scores of all pairs still show whether the two agree.
        "pairs": extract(sample, return_all_scores=True),
        "handler_pairs": handler(request),
        "modules": sorted({type(part).__module__ for part in (extract, extract.model, extract.model.config, model)}),
    }
    if extract.model.config.tagger_labels:
        plain = " ".join(line.split("|", 2)[2] for line in sample.splitlines() if PUBTATOR_TEXT.match(line))
        found["plain"] = extract(plain, return_entities=True)
        found["handler_plain"] = handler({"inputs": plain, "parameters": {"return_entities": True}})
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
