"""Links that download the relations as files; the page itself carries them, and the server keeps nothing."""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError
from biodir.formats.graphml import format_graphml
from biodir.inference.outputs import output_format
from biodir.pipeline_results_biodir import ResultWriter

from .predictions import NumberedRelation, Prediction


def _json_text(document: Document, results: list[dict[str, Any]]) -> str:
    entities = ResultWriter(document).entities()
    content = {"id": document.id, "text": document.text, "entities": entities, "relations": results}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


# Format -> (suffix, media type, function of document and relations that gives the text).
FORMATS = {
    "JSON": (".json", "application/json", _json_text),
    "PubTator": (".pubtator", "text/plain", output_format("pubtator").text_of),
    "GraphML": (".graphml", "application/xml", format_graphml),
}


def downloads_html(prediction: Prediction, relations: Sequence[NumberedRelation]) -> str:
    """Return a link for each format, with the file inside it."""
    # File names are safe everywhere: letters, digits, dots, dashes and underscores.
    stem = re.sub(r"[^\w.-]+", "_", prediction.document.id, flags=re.ASCII).strip("._") or "relations"
    links, results = "", [dict(relation.result) for relation in relations]
    for name, (suffix, media_type, text) in FORMATS.items():
        try:  # a format cannot hold every value, such as PubTator a tab in an id
            content = b64encode(text(prediction.document, results).encode()).decode()
            target = f'download="{stem}{suffix}" href="data:{media_type};charset=utf-8;base64,{content}"'
        except BioDirError as error:
            target = f'aria-disabled="true" title="{escape(str(error))}"'
        links += f'<a class="bd-download" {target}>{name}</a>'
    return f'<div class="bd-downloads"><span>Download what is shown</span>{links}</div>'
