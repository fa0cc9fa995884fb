"""Documents from brat's standoff annotations: an .ann file with the .txt file of the same name beside it."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import combinations, product
from pathlib import Path

from biodir.document_biodir import SURROGATE, Document, Mention, Relation, check_mention
from biodir.document_grouping_biodir import with_missing_identifiers
from biodir.document_offsets_biodir import character_index
from biodir.document_parts_biodir import distinct_relations, is_unlinked, note_unlinked
from biodir.errors_biodir import STRICT, AnnotationError, BioDirError, ErrorPolicy, ParseError
from biodir.files import open_input, text_lines

BRAT_SUFFIX = ".ann"
BYTE_ORDER_MARK = "\ufeff"
_MENTION = re.compile(r"(T\S*)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)")
_RELATION = re.compile(r"(R\S*)\t(\S+)((?: \S+:\S+)+)\s*")
# A normalisation names the vocabulary and the identifier of a mention: "N1<tab>Reference T1 MESH:D000001<tab>name".
_NORMALISATION = re.compile(r"N\S*\tReference (T\S*) (?:\S+?:)?(\S+)(?:\t.*)?")


def read_brat(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the one document of an .ann file and its .txt file, named after the file.

    Mentions in several parts become the smallest span that covers them. Events, attributes and notes are left out and
    counted. Mentions without normalisation are entities by their texts.

    Raises:
        ParseError: the text is not there, or a line is not brat's.
        AnnotationError: a mention contradicts the text, or a relation names no mention.
    """
    source = os.fspath(path)
    text_path = Path(path).with_suffix(".txt")
    if not text_path.is_file():
        raise ParseError(
            f"{source}: is brat's, whose text is in a file of the same name; {text_path.name} is not there"
        )
    attempts = [(source, partial(_document, Path(path), text_path, policy))]
    yield from policy.documents(attempts, source)


def _document(path: Path, text_path: Path, policy: ErrorPolicy) -> Document:
    numbered = enumerate(_lines(path), start=1)
    lines = [(f"{path}:{number}", line.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")) for number, line in numbered]
    rows = {kind: [row for row in lines if row[1].startswith(kind)] for kind in "TRN"}
    text = _text(text_path, rows["T"], policy)
    others = sum(bool(line.strip()) and line[0] not in "TRN" for _, line in lines)
    policy.note("lines of brat that are no mention, relation or normalisation, left out", others)
    identifiers_of: dict[str, list[str]] = {}
    for _, line in rows["N"]:
        match = _NORMALISATION.fullmatch(line)
        if match is not None:
            identifiers_of.setdefault(match[1], []).append(match[2])
        else:
            policy.note("normalisations of brat that name no mention and identifier, left out")
    index_of = character_index(text, policy.offsets)
    mentions = (partial(_mention, line, place, text, index_of, identifiers_of) for place, line in rows["T"])
    mention_of = dict(policy.parts("mention", mentions))
    mention_of = dict(zip(mention_of, with_missing_identifiers(text, list(mention_of.values())), strict=True))
    note_unlinked(tuple(mention_of.values()), policy)
    parts = sum(";" in line.split("\t")[1] for _, line in rows["T"] if line.count("\t") > 1)
    policy.note("discontinuous mentions, read as the smallest span that covers their parts", parts)
    attempts = (partial(_relations, line, place, mention_of, policy) for place, line in rows["R"] if policy.relations)
    relations = tuple(each for found in policy.parts("relation", attempts) for each in found)
    return Document(path.stem, text, tuple(mention_of.values()), relations, is_marked=bool(rows["T"]))


def _text(path: Path, rows: list[tuple[str, str]], policy: ErrorPolicy) -> str:
    """Return the text without a byte order mark, unless offsets count it: more mentions fit the text with it."""
    marked = "".join(_lines(path))

    def fitting(text: str) -> int:
        index_of, count = character_index(text, policy.offsets), 0
        for place, line in rows:
            with suppress(BioDirError):
                _mention(line, place, text, index_of, {})
                count += 1
        return count

    text = marked.removeprefix(BYTE_ORDER_MARK)
    return text if text == marked else max(text, marked, key=fitting)


def _lines(path: Path) -> list[str]:
    with open_input(path) as file:
        lines = list(text_lines(file))
    for number, line in enumerate(lines, start=1):
        bad = SURROGATE.search(line)
        if bad is not None:
            raise ParseError(
                f"{path}:{number}: not UTF-8 at character {bad.start()}; save the file as UTF-8", "not UTF-8"
            )
    return lines


def _matched(pattern: re.Pattern[str], line: str, place: str) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if match is None:
        raise ParseError(f"{place}: {line[:60]!r} is no line of brat's; 'T1<tab>Type start end<tab>text' is a mention")
    return match


def _mention(
    line: str,
    place: str,
    text: str,
    index_of: Callable[[int], int | None],
    identifiers_of: dict[str, list[str]],
) -> tuple[str, Mention]:
    name, kind, spans, written = _matched(_MENTION, line, place).groups()
    offsets = [index_of(int(offset)) for offset in re.findall(r"\d+", spans)]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(offsets):
        raise AnnotationError(f"{place}: an offset of {spans!r} is inside a character or after the end of the text")
    start, end = min(known), max(known)
    # brat writes the parts of a mention with a space between them, and a line break as a space.
    found = text[start:end]
    is_same = all(word in found for word in written.split()) if ";" in spans else found.split() == written.split()
    mention_text = found if is_same else written
    named = identifiers_of.get(name) or [""]
    identifiers = tuple(each for each in named if not is_unlinked(each))
    mention = Mention(start, end, mention_text, kind, identifiers, None if identifiers else named[0])
    check_mention(mention, text, place)
    return name, mention


def _relations(line: str, place: str, mention_of: dict[str, Mention], policy: ErrorPolicy) -> list[Relation]:
    """Return the relations of a line: one for each pair of identifiers of its mentions."""
    _, kind, arguments = _matched(_RELATION, line, place).groups()
    names = re.findall(r":(\S+)", arguments)
    if len(names) != 2 and not (policy.split_relations and len(names) > 2):
        raise AnnotationError(
            f"{place}: joins {len(names)} mentions, and a relation joins two; read it with split_relations "
            "(--split-relations), which makes one of each pair",
            "relation of three and more entities",
        )
    for name in names:
        if name not in mention_of or not mention_of[name].identifiers:
            problem = "which is no mention with an identifier; events are not read"
            raise AnnotationError(f"{place}: names {name}, {problem}", "relation of a mention that is not there")
    found = [
        Relation(kind, one, two)
        for first, second in combinations(names, 2)
        for one, two in product(mention_of[first].identifiers, mention_of[second].identifiers)
    ]
    return found if len(names) == 2 else distinct_relations(found, policy)
