"""A document at the terminal: its text with coloured mentions, and its relations with arrows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from biodir.document_biodir import Document, Passage, Relation
from biodir.document_sections_biodir import with_gaps
from biodir.formats.pubtator_names import relation_sign
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT, known_type

# Black on these; terminals of 16 colours get the nearest of theirs by name, since rich's choice for pastels is white.
COLOURS = {
    GENE: ("#9ec5fe", "bright_blue"),
    DISEASE: ("#f4a6a0", "bright_red"),
    CHEMICAL: ("#a3d9a5", "bright_green"),
    VARIANT: ("#e3a8e0", "bright_magenta"),
    SPECIES: ("#f7d774", "bright_yellow"),
    CELL_LINE: ("#8fd8d8", "bright_cyan"),
}
FEW_COLOURS = ("standard", "windows")
OTHER_TYPE = "reverse"
UNLINKED = "underline"
# As biologists draw them: what raises, what lowers, what is directed otherwise, and what has no direction.
RAISES, LOWERS, ACTS, UNDIRECTED = (
    "\u2500\u2500\u2192",
    "\u2500\u2500\u22a3",
    "\u2500\u2500\u25b7",
    "\u2500\u2500\u2500",
)
_ARROW_OF_SIGN = {"+": RAISES, "-": LOWERS, "": ACTS}


def show_document(document: Document, console: Console) -> None:
    """Print a document: id, text, legend and relations.

    Mentions have the colour of their entity type; those without identifier are underlined. Where there are no colours,
    such as in a file, mentions are in brackets.
    """
    colours = console.color_system
    console.print(Text(printable(document.id), "bold"))
    for part in with_gaps(document):
        if not part.kind and not document.text[part.start_char : part.end_char].strip():
            continue
        names = " ".join(filter(None, (part.section, part.kind)))
        if len(document.passages) > 2 and names:
            console.print(Text(printable(names), "dim"))
        console.print(marked_text(document, part, colours))
    types = list(dict.fromkeys(each.entity_type for each in document.mentions))
    if types:
        legend = Text("  ").join(Text(printable(each), _style(each, colours)) for each in types)
        console.print(Text.assemble("\n", legend))
    if document.relations:
        console.print()
    for line in relation_lines(document, colours):
        console.print(line)
    console.print()


def marked_text(document: Document, part: Passage, colours: str | None = None) -> Text:
    """Return the text of a passage with its mentions marked, also the part in it of one that crosses its borders.

    Args:
        document: what has the text.
        part: the passage.
        colours: the colour system of the terminal; without one brackets mark the mentions.

    >>> from biodir import Mention
    >>> iron = Document("7", "Iron binds.", (Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",)),))
    >>> marked_text(iron, Passage(0, 11, "")).plain
    '[Iron] binds.'
    """
    start, end = part.start_char, part.end_char
    inside = [
        replace(each, start_char=max(start, each.start_char), end_char=min(end, each.end_char))
        for each in document.mentions
        if start < each.end_char and each.start_char < end
    ]
    styled = Text(printable(document.text[start:end]))
    for mention in sorted(inside, key=lambda each: each.start_char - each.end_char):  # inner ones over outer ones
        style = f"{_style(mention.entity_type, colours)}{'' if mention.identifiers else f' {UNLINKED}'}"
        styled.stylize(style, mention.start_char - start, mention.end_char - start)
    if colours is not None:
        return styled
    brackets = sorted(
        [(each.start_char - start, 1, "[") for each in inside] + [(each.end_char - start, 0, "]") for each in inside]
    )
    pieces, last = [], 0
    for place, _, bracket in brackets:
        pieces += [styled[last:place] if place > last else Text(), Text(bracket)]
        last = place
    return Text.assemble(*pieces, styled[last:] if last < len(styled) else Text())


def relation_lines(document: Document, colours: str | None = None) -> Iterator[Text]:
    """Yield a line for each relation, from the subject to the object.

    >>> relation = Relation("Negative_Correlation", "1956", "D007501", "Novel", "D007501", 0.9)
    >>> [line.plain for line in relation_lines(Document("7", "", relations=(relation,)))]
    ['D007501 ──Negative_Correlation──⊣ 1956  Novel  0.90']
    """
    entities = {each.identifier: each for each in reversed(document.entities())}

    def named(identifier: str) -> Text:
        entity = entities.get(identifier)
        if entity is None:
            return Text(printable(identifier))
        name, style = Text(printable(entity.name), _style(entity.entity_type, colours)), "dim"
        return Text.assemble(name, (f" [{printable(identifier)}]", style))

    for relation in document.relations:
        subject, object_ = _ends(relation)
        arrow = _arrow(relation)
        kind = (f" {arrow[:2]}{printable(relation.relation_type)}{arrow} ", "bold")
        rest = "".join(f"  {printable(each)}" for each in (relation.novelty, _score(relation)) if each)
        yield Text.assemble(named(subject), kind, named(object_), (rest, "dim"))


def _ends(relation: Relation) -> Sequence[str]:
    pair = (relation.entity1_id, relation.entity2_id)
    return pair[::-1] if relation.subject_id == pair[1] != pair[0] else pair


def _arrow(relation: Relation) -> str:
    return UNDIRECTED if relation.subject_id is None else _ARROW_OF_SIGN[relation_sign(relation.relation_type)]


def _score(relation: Relation) -> str:
    """Return the score of a relation, the product of the scores of its parts, as `biodir predict` gives it."""
    parts = (relation.relation_score, relation.novelty_score, relation.direction_score)
    given = [part for part in parts if part is not None]
    return f"{math.prod(given):.2f}" if given else ""


def _style(entity_type: str, colours: str | None) -> str:
    """Return the style of an entity type for the colour system of a terminal; none for no colours."""
    pastel, name = COLOURS.get(known_type(entity_type) or "", ("", ""))
    if colours is None:
        return ""
    if not pastel:
        return OTHER_TYPE
    return f"black on {name}" if colours in FEW_COLOURS else f"#000000 on {pastel}"


def printable(text: str) -> str:
    """Return the text with a space for each character that a terminal would obey or cannot show."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)
