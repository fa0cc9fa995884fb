"""Links that download the relations as files; the page itself carries them, and the server keeps nothing."""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from biodir.errors_biodir import BioDirError
from biodir.formats.graphml import format_graphml
from biodir.inference.predict import WRITERS

from .predictions import NumberedRelation, Prediction

# Format -> (suffix, media type).
FORMATS = {
    "JSON": (".json", "application/json"),
    "PubTator": (".pubtator", "text/plain"),
    "GraphML": (".graphml", "application/xml"),
}


def file_text(name: str, prediction: Prediction, relations: Sequence[NumberedRelation]) -> str:
    """Return the relations in a format; raise BioDirError where it cannot hold a value, such as a tab in an id."""
    document, results = prediction.document, [dict(relation.result) for relation in relations]
    if name == "JSON":
        content = {"id": document.id, "text": document.text, "relations": results}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return WRITERS["pubtator"](document, results) if name == "PubTator" else format_graphml(document, results)


def downloads_html(prediction: Prediction, relations: Sequence[NumberedRelation]) -> str:
    """Return a link for each format, with the file inside it."""
    # File names are safe everywhere: letters, digits, dots, dashes and underscores.
    stem = re.sub(r"[^\w.-]+", "_", prediction.document.id, flags=re.ASCII).strip("._") or "relations"
    links = ""
    for name, (suffix, media_type) in FORMATS.items():
        try:
            content = b64encode(file_text(name, prediction, relations).encode()).decode()
            target = f'download="{stem}{suffix}" href="data:{media_type};charset=utf-8;base64,{content}"'
        except BioDirError as error:
            target = f'aria-disabled="true" title="{escape(str(error))}"'
        links += f'<a class="bd-download" {target}>{name}</a>'
    return f'<div class="bd-downloads"><span>Download what is shown</span>{links}</div>'
