"""Relations as files, and the links that hand them over: the page carries them, nothing is kept on the server."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from html import escape

from biodir.errors_biodir import BioDirError
from biodir.formats.graphml import format_graphml
from biodir.inference.predict import WRITERS

from .answers import Answer, Finding


def json_text(answer: Answer, findings: Sequence[Finding]) -> str:
    """Identifier, text and relations as the pipeline gives them."""
    relations = [dict(finding.result) for finding in findings]
    content = {"id": answer.document.id, "text": answer.document.text, "relations": relations}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def pubtator_text(answer: Answer, findings: Sequence[Finding]) -> str:
    """The document with its relations and their scores."""
    return WRITERS["pubtator"](answer.document, [finding.result for finding in findings])


def graphml_text(answer: Answer, findings: Sequence[Finding]) -> str:
    """The network for Cytoscape, Gephi and others."""
    return format_graphml(answer.document, [finding.result for finding in findings])


# Name -> (suffix, media type, writer).
FILES: Mapping[str, tuple[str, str, Callable[[Answer, Sequence[Finding]], str]]] = {
    "JSON": (".json", "application/json", json_text),
    "PubTator": (".pubtator", "text/plain", pubtator_text),
    "GraphML": (".graphml", "application/xml", graphml_text),
}


def downloads_html(answer: Answer, findings: Sequence[Finding]) -> str:
    """A link for each format, with the file inside it."""
    stem = file_stem(answer.document.id)
    links = []
    for name, (suffix, media_type, write) in FILES.items():
        try:
            content = b64encode(write(answer, findings).encode()).decode()
        except BioDirError as error:  # a format that cannot hold a value, such as an identifier with a tab
            links.append(f'<a class="bd-download" aria-disabled="true" title="{escape(str(error))}">{name}</a>')
            continue
        links.append(
            f'<a class="bd-download" download="{escape(stem + suffix)}" '
            f'href="data:{media_type};charset=utf-8;base64,{content}">{name}</a>'
        )
    return f'<div class="bd-downloads"><span>Download what is shown</span>{"".join(links)}</div>'


def file_stem(document_id: str) -> str:
    """The id with letters, digits, dots, dashes and underscores alone; "relations" where nothing is left."""
    return re.sub(r"[^\w.-]+", "_", document_id, flags=re.ASCII).strip("._") or "relations"
