"""Documents without marks get mentions: those that a recogniser of the caller or the model's tagger finds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .document_biodir import Document, Mention
from .document_grouping_biodir import with_grouped_mentions
from .document_parts_biodir import UNLINKED_IDENTIFIERS, is_given, is_integer, offset_number
from .document_shapes_biodir import MENTION_KEYS
from .errors_biodir import AnnotationError, SettingError

Recogniser = Callable[[str], Iterable[Mapping[str, Any]]]
Linker = Callable[[Document], Document]
# Plain documents that are tagged together, so that those of like length share a pass of the model.
PLAIN_TOGETHER = 16


def with_found(
    documents: Iterable[Document],
    find: Callable[[Sequence[Document]], Iterable[Document]],
    together: int = PLAIN_TOGETHER,
) -> Iterator[Document]:
    """Yield the documents in order: plain ones as `find` returns them, the others as they are.

    Args:
        documents: are read no further ahead than `together` plain ones, and not at all where none is plain.
        find: takes plain documents and returns them with mentions, in order.

    Raises:
        ValueError: what `documents` raises, after the documents before it.

    >>> from biodir import Mention
    >>> def find(documents):
    ...     return [replace(each, mentions=(Mention(0, 4, "Iron", "Chemical"),)) for each in documents]
    >>> [len(each.mentions) for each in with_found([Document("7", "Iron."), Document("8", "", is_marked=True)], find)]
    [1, 0]
    """
    waiting: list[Document] = []
    source = iter(documents)
    while True:
        try:
            document = next(source, None)
        except ValueError:
            yield from _completed(waiting, find)
            raise
        if document is None:
            break
        waiting.append(document)
        plain = sum(each.is_plain for each in waiting)
        if not plain or plain == together or len(waiting) == 2 * together:
            yield from _completed(waiting, find)
            waiting = []
    yield from _completed(waiting, find)


def _completed(
    waiting: Sequence[Document], find: Callable[[Sequence[Document]], Iterable[Document]]
) -> Iterator[Document]:
    plain = [document for document in waiting if document.is_plain]
    found = iter(find(plain)) if plain else iter(())
    for document in waiting:
        yield next(found) if document.is_plain else document


def linked(document: Document, link: Linker) -> Document:
    """Return what `link` makes of the document.

    Raises:
        SettingError: it returned something else than a document.
    """
    found = link(document)
    if hasattr(found, "mentions") and hasattr(found, "to_dict"):  # a Document, from whichever copy of its class
        return found
    raise SettingError(
        f"document {document.id}: link returned {type(found).__name__} {repr(found)[:40]}; let it return the document "
        "with identifiers"
    )


def keep_identifiers(document: Document) -> Document:
    """Return the document: the `link` of a call on documents that are linked already.

    >>> document = Document("7", "Iron.")
    >>> keep_identifiers(document) is document
    True
    """
    return document


def with_identifiers(document: Document, link: Linker | None = None) -> Document:
    """Return the document with an identifier for every mention.

    Args:
        document: with mentions that were found.
        link: gives some of the mentions identifiers; the others are grouped by their names.
    """
    document = document if link is None else linked(document, link)
    grouped = with_grouped_mentions(document).mentions
    # A recogniser may say that a mention has none.
    pairs = zip(document.mentions, grouped, strict=True)
    mentions = (given if given.source_identifier else named for given, named in pairs)
    return replace(document, mentions=tuple(mentions), is_marked=True)


def with_recognised(document: Document, ner: Recogniser) -> Document:
    """Return the document with the mentions that `ner` finds in its text; those without ``id`` have no identifiers.

    Raises:
        AnnotationError: it returned something else than spans of the text with types.
    """
    found = ner(document.text)
    if isinstance(found, (str, Mapping)) or not isinstance(found, Iterable):
        raise AnnotationError(f"document {document.id}: ner returned {found!r}; it returns a list of mappings")
    results = [_ner_entry(result, f"document {document.id}, ner result {index}") for index, result in enumerate(found)]
    # Its spans are of this text, and may cut words where its tokens do.
    entries = [{**entry, "text": _text_at(document.text, entry)} for entry, _ in results]
    read = Document.from_dict({**document.to_dict(), "entities": entries})
    pairs = zip(read.mentions, results, strict=True)
    mentions = [_with_source(mention, entry["id"], score) for mention, (entry, score) in pairs]
    return replace(document, mentions=tuple(mentions), is_marked=True, named_by={})  # types of `ner`


def _text_at(text: str, entry: Mapping[str, Any]) -> str | None:
    """Return the text at the offsets of a result; None where there is none, which the reader of mentions refuses."""
    start, end = offset_number(entry["start"]), offset_number(entry["end"])
    return (text[start:end] or None) if is_integer(start) and is_integer(end) else None


def _with_source(mention: Mention, given: Any, score: float | None) -> Mention:
    """Return the mention without identifier if none was given; a column says where it is linked to nothing."""
    if given is None:
        return replace(mention, score=score, identifiers=())
    return replace(mention, score=score, source_identifier=None if mention.identifiers else UNLINKED_IDENTIFIERS[0])


def _ner_entry(result: Any, place: str) -> tuple[dict[str, Any], float | None]:
    values = result if isinstance(result, Mapping) else {}
    entry = {key: _first_given(values, MENTION_KEYS[key]) for key in ("start", "end", "type", "id")}
    if any(entry[key] is None for key in ("start", "end", "type")):
        raise AnnotationError(
            f"{place}: {result!r} lacks start, end or a type; a token-classification pipeline needs a fast tokenizer "
            'and aggregation_strategy="simple"'
        )
    score = values.get("score")
    return entry, None if score is None else float(score)


def _first_given(values: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """Return the value of the first key that has one; None without."""
    given = (values[key] for key in keys if is_given(values.get(key)))
    return next((value for value in given if not isinstance(value, str) or value), None)
