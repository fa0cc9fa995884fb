"""Boundary tags around mentions, and the task tokens of the hard prompt. Paper, section 2."""

from collections.abc import Mapping, Sequence

from .document_biodir import Span
from .processing_windows_biodir import spans_inside

SOURCE, TARGET = "Src", "Tgt"
# The word of the hard prompt for each task, in the order in which the paper's prompt names them.
TASK_TOKENS = {"relation": "[REL]", "direction": "[DIR]", "novelty": "[NOV]"}


def opening_tag(tag_type: str, role: str) -> str:
    """Return the boundary tag before a mention, such as ``@ChemicalEntitySrc$``."""
    return f"@{tag_type}{role}$"


def closing_tag(tag_type: str, role: str) -> str:
    """Return the boundary tag after a mention, such as ``@ChemicalEntitySrc/$``."""
    return f"@{tag_type}{role}/$"


def special_tokens(pair_types: Sequence[Sequence[str]], tag_types: Mapping[str, str]) -> list[str]:
    """Return the boundary tags of all types that occur in pairs, and the task tokens, sorted."""
    types = {tag_types.get(kind, kind) for pair_type in pair_types for kind in pair_type}
    tags = [make(kind, role) for kind in types for role in (SOURCE, TARGET) for make in (opening_tag, closing_tag)]
    return sorted([*tags, *TASK_TOKENS.values()])


def tagged_tokens(
    token_ids: Sequence[int], window: Span, tagged: Sequence[tuple[Sequence[Span], Sequence[int]]]
) -> tuple[list[int], dict[tuple[int, Span], int]]:
    """Return the window's tokens with the tags of the mentions inside it; tags of nested mentions nest.

    Args:
        token_ids: of the document.
        window: token span.
        tagged: sorted spans, with the opening and the closing tag that each of them gets.

    Returns:
        The tokens, and (index of `tagged`, span) -> the place of its opening tag among them.
    """
    # Position, then an order among tags at one position: closing, around nothing, opening.
    insertions: list[tuple[int, int, int, int, Span | None, tuple[int, ...]]] = []
    for role, (spans, (opening, closing)) in enumerate(tagged):
        for start, end in spans_inside(spans, window):
            if start == end:
                insertions.append((start, 1, 0, role, (start, end), (opening, closing)))
            else:
                insertions.append((start, 2, -end, role, (start, end), (opening,)))
                insertions.append((end, 0, -start, -role, None, (closing,)))
    tokens: list[int] = []
    places: dict[tuple[int, Span], int] = {}
    done = window[0]
    for position, _, _, role, opened, tags in sorted(insertions, key=lambda insertion: insertion[:4]):
        tokens += token_ids[done:position]
        if opened is not None:
            places[role, opened] = len(tokens)
        tokens += tags
        done = position
    return [*tokens, *token_ids[done : window[1]]], places
