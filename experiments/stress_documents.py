"""Synthetic documents with one evidence sentence: at the start, in the middle or at the end of a text of given length.

A model must not pass without reading the evidence:

- A document has one pair, with made-up names: nothing is known of them but what the text says.
- Both entities are mentioned at the start, in the middle and at the end of every document.
- In the layout APART they share no sentence but the evidence, so that an infix chunk, which reads between the closest
  mentions, finds it. In the layout TOGETHER neutral sentences at the two other places name both, closer to each other
  than in the evidence, so that an infix chunk reads the wrong place.
- Every document has a twin with a neutral sentence of both entities in place of the evidence. What a model finds in the
  twin it does not take from the evidence.
- All three places and the twin have the same names, relation and filler.

Only the pair is annotated; the filler names other drugs, genes and diseases.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE

START, MIDDLE, END = PLACES = ("start", "middle", "end")
APART, TOGETHER = LAYOUTS = ("apart", "together")
LENGTHS = (400, 1000, 2000, 4000)
IDENTIFIERS = ("S1", "S2")
# Filler sentences between two sentences that name one entity each.
GAP = 2
MIN_FILLER = 2 * GAP + 2
# Word pieces of PubMedBERT's vocabulary for each word of these texts: 128,394 for 110,328 words of 96 documents.
TOKENS_A_WORD = 1.16

_PLACEHOLDER = re.compile(r"(\{[12]\})")
NAMES = {
    CHEMICAL: ("velotrine", "corvaline", "midastol", "pexolam", "tanorib", "zulimide", "oravastol", "benquinol"),
    DISEASE: (
        "arctic ataxia", "glass neuropathy", "Harlow fever", "pale nephritis", "Tessin palsy", "drift myopathy",
        "Orlan colitis", "amber dermatitis",
    ),
    GENE: ("KVR3", "DOLP1", "TASK9", "MERQ2", "ZIB4", "PLONK1", "HURD5", "VASP8L"),
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A relation and sentences that state it, with ``{1}`` and ``{2}`` for the two entities."""

    type1: str
    type2: str
    relation: str
    novelty: str
    evidence: tuple[str, ...]


CLAIMS = (
    Claim(CHEMICAL, DISEASE, "Positive_Correlation", "Novel", (
        "Treatment with {1} for six weeks caused severe {2} in nine of the fourteen patients.",
        "We report that {1}, given at the usual dose, induced {2} in three women.",
    )),
    Claim(CHEMICAL, DISEASE, "Negative_Correlation", "Novel", (
        "In the trial {1} clearly reduced the symptoms of {2}, and most patients recovered.",
        "Daily {1} protected the animals from {2} and prolonged their survival.",
    )),
    Claim(GENE, DISEASE, "Association", "Novel", (
        "Mutations in {1} were found in all affected members of the family and cause {2}.",
        "Variation in {1} was significantly associated with the risk of {2}.",
    )),
    Claim(CHEMICAL, GENE, "Negative_Correlation", "Novel", (
        "In cultured cells {1} strongly inhibited the expression of {2} within two hours.",
        "Exposure to {1} lowered the activity of {2} in a dose-dependent manner.",
    )),
)  # fmt: skip
# Sentences that name both and do not relate them, with fewer words between the two than any evidence.
NEUTRAL = (
    "The words {1} and {2} stand in the glossary.",
    "Files named {1} and {2} were kept by the archive.",
    "Entries on {1} and {2} were written by different authors.",
)
SINGLE = (
    "A separate chapter deals with the history of the term {0}.",
    "The spelling of {0} differs between the older reports.",
    "Readers who look for {0} are referred to the appendix.",
)
TITLE = "Notes from a collection of clinical and laboratory reports."
FILLER = (
    "The {role} of the {unit} met {often} and kept the minutes.",
    "Samples from {many} donors were stored at the {unit}.",
    "{drug} was not available at the {unit} in that year.",
    "Data on {disease} were collected {often} by the {role}.",
    "Primers for {gene} were ordered {often} but never used.",
    "{many} records of the {unit} could not be read.",
    "The {role} checked the list of {disease} cases {often}.",
    "Values were entered twice by the {role} and compared {often}.",
    "The registry holds {many} entries, most of them without a date.",
    "Interviews with the {role} took place {often} in the {unit}.",
    "A stock of {drug} was counted {often} by the {role}.",
    "The protocol for {gene} sequencing was revised {often}.",
    "Of {many} letters that were sent out, half were returned to the {unit}.",
    "Costs were estimated {often} for {many} beds.",
)
WORDS = {
    "role": ("secretary", "head nurse", "statistician", "pharmacist", "librarian", "technician", "project leader"),
    "unit": ("outpatient clinic", "central laboratory", "eastern ward", "blood bank", "record office", "study centre"),
    "often": ("every week", "once a month", "twice a year", "each morning", "every second day", "before noon"),
    "many": ("forty", "sixty-two", "about ninety", "more than two hundred", "thirty-five", "several hundred"),
    "drug": ("Ibuprofen", "Metformin", "Lithium", "Heparin", "Digoxin", "Insulin"),
    "disease": ("influenza", "gout", "migraine", "scabies", "measles", "anaemia"),
    "gene": ("TP53", "ACTB", "GAPDH", "MYC", "ALB", "CFTR"),
}


@dataclass(frozen=True)
class StressDocument:
    """A document with its cell of the table; the twin has no evidence and the same number."""

    document: Document
    tokens: int
    layout: str
    place: str
    number: int
    has_evidence: bool


@dataclass(frozen=True)
class _Case:
    """What the documents of all places share: a claim, two names, and sentences."""

    claim: Claim
    names: tuple[str, str]
    evidence: str
    neutral: tuple[str, ...]
    single: tuple[str, ...]


def stress_documents(lengths: Sequence[int] = LENGTHS, cases: int = 12, seed: int = 1) -> Iterator[StressDocument]:
    """Yield documents with and without evidence for every length, layout and place; the seed decides all of them.

    Args:
        lengths: of the texts in tokens, which are words times `TOKENS_A_WORD`; none is longer.
        cases: documents of each cell, each with a claim, names and filler of its own.

    Raises:
        SettingError: a length leaves no room for filler.
    """
    for tokens, layout, number in product(lengths, LAYOUTS, range(cases)):
        case = _case(number, f"{seed}-{number}")
        filler = _filler(f"{seed}-{number}-{tokens}", tokens - _fixed_tokens(case, layout))
        for place, has_evidence in product(PLACES, (True, False)):
            name = f"{tokens}-{layout}-{place}-{number:03}-{'evidence' if has_evidence else 'neutral'}"
            document = _document(name, case, _sentences(case, layout, place, has_evidence, filler), has_evidence)
            yield StressDocument(document, tokens, layout, place, number, has_evidence)


def _case(number: int, seed: str) -> _Case:
    """Return the case of this number: the claims in turn, the rest drawn by the seed."""
    draw = random.Random(seed)
    claim = CLAIMS[number % len(CLAIMS)]
    names = draw.choice(NAMES[claim.type1]), draw.choice(NAMES[claim.type2])
    neutral, single = draw.sample(NEUTRAL, len(NEUTRAL)), draw.sample(SINGLE, len(SINGLE))
    return _Case(claim, names, draw.choice(claim.evidence), tuple(neutral), tuple(single))


def _filler(seed: str, tokens: float) -> list[str]:
    """Return sentences without the pair, together just below this number of tokens; neighbours differ."""
    draw = random.Random(seed)
    sentences: list[str] = []
    used = 0.0
    while True:
        template = draw.choice([one for one in FILLER if one not in sentences[-3:]])
        sentence = template.format(**{slot: draw.choice(words) for slot, words in WORDS.items()})
        sentence = sentence[0].upper() + sentence[1:]
        used += _count(sentence)
        if used > tokens:
            break
        sentences.append(sentence)
    if len(sentences) < MIN_FILLER:
        raise SettingError(f"{len(sentences)} sentences of filler fit into a text; give more tokens, such as 400")
    return sentences


def _count(text: str) -> float:
    return TOKENS_A_WORD * len(text.split())


def _at_place(case: _Case, layout: str, index: int) -> list[str]:
    """Return the sentences that name the entities, as ``{1}`` and ``{2}``, at a place without evidence."""
    if layout == TOGETHER:
        return [case.neutral[index]]
    return [case.single[index].replace("{0}", name) for name in ("{1}", "{2}")]


def _fixed_tokens(case: _Case, layout: str) -> float:
    """Return the tokens of the title, of the longer of evidence and neutral sentence, and of those at other places."""
    evidence = max(_count(_named(text, case)) for text in (case.evidence, case.neutral[0]))
    others = sum(_count(_named(text, case)) for index in (1, 2) for text in _at_place(case, layout, index))
    return _count(TITLE) + evidence + others


def _sentences(case: _Case, layout: str, place: str, has_evidence: bool, filler: Sequence[str]) -> list[str]:
    """Return the sentences of a document; it has all of the filler, whatever the place."""
    rest = list(filler)
    others = iter((1, 2))
    at: dict[str, list[str]] = {}
    for each in PLACES:
        if each == place:
            at[each] = [case.evidence if has_evidence else case.neutral[0]]
            continue
        first, *second = _at_place(case, layout, next(others))
        # Filler separates sentences that name one entity each, so that only the evidence brings the two together.
        at[each] = [first, *(rest.pop() for _ in range(GAP * len(second))), *second]
    half = len(rest) // 2
    return [TITLE, *at[START], *rest[:half], *at[MIDDLE], *rest[half:], *at[END]]


def _document(name: str, case: _Case, sentences: Sequence[str], has_evidence: bool) -> Document:
    """Return the document of these sentences with its mentions and, if it has the evidence, its relation."""
    text, mentions = "", []
    types = case.claim.type1, case.claim.type2
    for part in _PLACEHOLDER.split(" ".join(sentences)):
        if part in ("{1}", "{2}"):
            index = int(part[1]) - 1
            start, part = len(text), case.names[index]
            mentions.append(Mention(start, start + len(part), part, types[index], (IDENTIFIERS[index],)))
        text += part
    relation = Relation(case.claim.relation, *IDENTIFIERS, case.claim.novelty, IDENTIFIERS[0])
    return Document(name, text, tuple(mentions), (relation,) if has_evidence else ())


def _named(text: str, case: _Case) -> str:
    return text.replace("{1}", case.names[0]).replace("{2}", case.names[1])
