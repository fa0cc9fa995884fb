"""Synthetic documents with one evidence sentence: at the start, in the middle or at the end of a text of given length.

Each has one pair, whose entities are named at all three places, and a twin without evidence. In the layout APART they
share no sentence but the evidence; in TOGETHER neutral sentences at the two other places name both. README.md explains
why. Only the pair is annotated; the filler names other drugs, genes and diseases.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import yaml

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import SettingError

SENTENCES = Path(__file__).parent / "shared" / "stress_sentences.yaml"
START, MIDDLE, END = PLACES = ("start", "middle", "end")
APART, TOGETHER = LAYOUTS = ("apart", "together")
LENGTHS = (400, 1000, 2000, 4000)
IDENTIFIERS = ("S1", "S2")
# Filler sentences between two sentences that name one entity each.
GAP = 2
# Word pieces of PubMedBERT's vocabulary for each word of these texts: 128,394 for 110,328 words of 96 documents.
TOKENS_A_WORD = 1.16


def stress_documents(lengths: Sequence[int] = LENGTHS, cases: int = 12, seed: int = 1) -> Iterator[Document]:
    """Yield documents with and without evidence for every length, layout and place; the seed decides all of them.

    An id such as ``400-apart-start-007-evidence`` has the length, the layout, the place, and the number of the case;
    that of the twin ends with ``neutral``.

    Args:
        lengths: of the texts in tokens, which are words times `TOKENS_A_WORD`; none is longer.
        cases: documents of each cell, each with a claim, names and filler of its own.

    Raises:
        SettingError: a length leaves no room for filler.
    """
    known = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    for tokens, layout, number in product(lengths, LAYOUTS, range(cases)):
        draw = random.Random(f"{seed}-{number}")
        claim = known["claims"][number % len(known["claims"])]
        # Mentions are marked until the text is complete, such as [0:velotrine].
        names = [f"[{index}:{draw.choice(known['names'][kind])}]" for index, kind in enumerate(claim["types"])]
        neutral, single = (draw.sample(known[kind], len(PLACES)) for kind in ("neutral", "single"))
        evidence, twin, *both = (text.format(*names) for text in (draw.choice(claim["evidence"]), *neutral))
        # What names the entities at the two places without evidence.
        others = [[text] for text in both]
        if layout == APART:
            others = [[text.format(name) for name in names] for text in single[1:]]
        fixed = [known["title"], max(evidence, twin, key=_words), *chain(*others)]
        room = tokens / TOKENS_A_WORD - sum(map(_words, fixed))
        filler = _filler(known, room, random.Random(f"{seed}-{number}-{tokens}"))
        for place, has_evidence in product(PLACES, (True, False)):
            name = f"{tokens}-{layout}-{place}-{number:03}-{'evidence' if has_evidence else 'neutral'}"
            texts = _in_order(place, evidence if has_evidence else twin, others, filler)
            yield _document(name, " ".join([known["title"], *texts]), claim, has_evidence)


def _words(text: str) -> int:
    return len(text.split())


def _filler(known: Mapping[str, Any], words: float, draw: random.Random) -> list[str]:
    """Return sentences without the pair, together just below this number of words."""
    sentences: list[str] = []
    while words >= 0:
        template = draw.choice(known["filler"])
        sentence = template.format(**{slot: draw.choice(choices) for slot, choices in known["words"].items()})
        sentences.append(sentence[0].upper() + sentence[1:])
        words -= _words(sentence)
    sentences.pop()
    if len(sentences) < 2 * GAP + 2:
        raise SettingError(f"{len(sentences)} sentences of filler fit into a text; give more tokens, such as 400")
    return sentences


def _in_order(place: str, evidence: str, others: Sequence[Sequence[str]], filler: Sequence[str]) -> list[str]:
    """Return the sentences with the evidence, or what replaces it, at its place; the filler is the same at all."""
    rest, left = list(filler), iter(others)
    at: dict[str, list[str]] = {}
    for each in PLACES:
        if each == place:
            at[each] = [evidence]
            continue
        first, *second = next(left)
        # Filler separates sentences that name one entity each, so that only the evidence brings the two together.
        at[each] = [first, *(rest.pop() for _ in range(GAP * len(second))), *second]
    half = len(rest) // 2
    return [*at[START], *rest[:half], *at[MIDDLE], *rest[half:], *at[END]]


def _document(name: str, marked: str, claim: Mapping[str, Any], has_evidence: bool) -> Document:
    """Return the document of a text with marked mentions and, if it has the evidence, its relation."""
    text, mentions = "", []
    for part in re.split(r"(\[\d:[^]]*\])", marked):
        if part.startswith("["):
            index, part = int(part[1]), part[3:-1]
            span = len(text), len(text) + len(part)
            mentions.append(Mention(*span, part, claim["types"][index], (IDENTIFIERS[index],)))
        text += part
    relation = Relation(claim["relation"], *IDENTIFIERS, "Novel", IDENTIFIERS[0])
    return Document(name, text, tuple(mentions), (relation,) if has_evidence else ())
