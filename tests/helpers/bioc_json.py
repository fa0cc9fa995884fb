"""BioC JSON as test inputs: documents put together from short calls."""

import json
from pathlib import Path

from biodir.formats.reading import read_documents


def annotation(id="1", text="Aspirin", offset=0, length=None, locations=None, **infons):
    """An annotation of BioC JSON; `type` and the identifier are infons."""
    infons.setdefault("type", "Chemical")
    spans = locations or [{"offset": offset, "length": len(text) if length is None else length}]
    return {"id": id, "text": text, "locations": spans, "infons": infons}


def passage(text, offset=0, annotations=(), **keys):
    """A passage of BioC JSON; what PubTator leaves out is left out."""
    return {"text": text, "offset": offset, "annotations": list(annotations), **keys}


def relation(id="R0", nodes=(), **infons):
    """A relation of BioC JSON; nodes are pairs of annotation and role."""
    infons.setdefault("type", "Association")
    return {"id": id, "infons": infons, "nodes": [{"refid": refid, "role": role} for refid, role in nodes]}


def write_json(path: Path, *passages, relations=(), annotations=(), id="7") -> Path:
    """A collection of one document."""
    document = {"id": id, "passages": list(passages), "relations": list(relations), "annotations": list(annotations)}
    path.write_text(json.dumps({"source": "x", "documents": [document]}), encoding="utf-8")
    return path


def read_one(path: Path):
    """The one document of a file."""
    (document,) = read_documents(path)
    return document
