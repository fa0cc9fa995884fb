"""Short pieces of the page: what was found, messages, and the legend of entity types."""

from collections.abc import Iterable, Sequence
from html import escape

from biodir.document_biodir import Document

from .answers import Answer, Finding
from .looks import entity_look


def summary_html(answer: Answer, findings: Sequence[Finding]) -> str:
    """How many relations of how many are shown, between how many entities, and the time that the model took."""
    total, shown = len(answer.findings), len(findings)
    entities = len({key for finding in findings for key in (finding.subject, finding.object)})
    many = _counted(total, "relation") if shown == total else f"{shown} of {_counted(total, 'relation')}"
    facts = [f"<b>{many}</b>"]
    if entities:
        facts.append(f"between {entities} entities")
    name = escape(answer.document.id)
    facts.append(f"<span>{name} · read in {answer.elapsed_s:.1f} s</span>")
    # By `data-answer` the page's script tells a new answer from other filters on the same one.
    return f'<div class="bd-summary" data-answer="{name} {answer.elapsed_s}"><p>{" ".join(facts)}</p></div>'


def type_legend_html(document: Document) -> str:
    """The entity types of the text, each in its colour."""
    types = dict.fromkeys(mention.entity_type for mention in document.mentions)
    looks = [entity_look(entity_type) for entity_type in types]
    entries = "".join(
        f'<li><mark class="bd-mention {look.css_class}">{escape(look.name)}</mark></li>' for look in looks
    )
    return f'<ul class="bd-legend">{entries}</ul>'


def message_html(message: object) -> str:
    """A message that screen readers read out at once; nothing for an empty one."""
    text = str(message)
    return f'<div class="bd-message" role="alert">{escape(text)}</div>' if text else ""


def options_of(findings: Iterable[Finding], key: str) -> list[str]:
    """The values that the findings have under a key, most frequent first, then by name."""
    values = [finding.result[key] for finding in findings if finding.result[key] is not None]
    return sorted(set(values), key=lambda value: (-values.count(value), value))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
