"""Synthetic documents with one evidence sentence, at the start, in the middle or at the end of a text of given length.

    python -m experiments.stress_documents -o stress.jsonl

How the test is kept fair:

- A document asks about one pair. Its entities have made-up names, so nothing is known of them but what stands there.
- Both entities are mentioned at the start, in the middle and at the end of every document, in one sentence each or in
  one sentence together. So where the entities stand says nothing of where the evidence stands.
- In the layout APART the entities share no sentence but the evidence; an infix chunk, which looks between the closest
  mentions, finds it at once. In the layout TOGETHER neutral sentences at the two other places name both, closer to each
  other than the evidence does: the closest mentions are not in the evidence, and an infix chunk alone is misled.
- Every document has a twin in which a neutral sentence with both entities, at the same place, stands for the evidence:
  what a model finds there it does not take from the evidence.
- The same names, relation and filler are used at all three places and in the twin.

Only the pair is annotated. The filler names other drugs, genes and diseases, which are not. The relation is said in
words that abstracts use; a model need not find its type, only the pair.
"""

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from biodir.dataset_script.import_command import write_documents
from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import BioDirError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE

from .prepare import check_suffix

START, MIDDLE, END = PLACES = ("start", "middle", "end")
APART, TOGETHER = LAYOUTS = ("apart", "together")
LENGTHS = (400, 1000, 2000, 4000)
IDENTIFIERS = ("S1", "S2")
# Sentences of filler between two that name one entity each.
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
    """A relation and how it is said, ``{1}`` and ``{2}`` being the two entities."""

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
# Sentences that name both and relate them in no way, with fewer words between the two than any evidence.
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
    """A document, the cell of the table that it counts in, and whether it holds the evidence or is the neutral twin."""

    document: Document
    place: str
    tokens: int
    layout: str
    holds_evidence: bool


@dataclass(frozen=True)
class _Case:
    """What the documents of all places share: a claim about two names, and the sentences that can be chosen."""

    claim: Claim
    names: tuple[str, str]
    evidence: str
    neutral: tuple[str, ...]
    single: tuple[str, ...]


def stress_documents(
    lengths: Sequence[int] = LENGTHS,
    cases: int = 12,
    seed: int = 1,
    count_tokens: Callable[[str], float] | None = None,
) -> Iterator[StressDocument]:
    """Documents with and without evidence, for every length, layout and place; the same ones for the same arguments.

    Args:
        lengths: tokens of the texts; each is filled up to one sentence at most below.
        cases: documents of each cell of the table, each with a claim, names and filler of its own.
        count_tokens: of a sentence; by default its words times `TOKENS_A_WORD`.

    Raises:
        SettingError: a length leaves no room for filler.
    """
    count_tokens = count_tokens or token_counter()
    for tokens, layout, number in product(lengths, LAYOUTS, range(cases)):
        case = _case(number, f"{seed}-{number}")
        room = tokens - _fixed_tokens(case, layout, count_tokens)
        filler = _filler(f"{seed}-{number}-{tokens}", room, count_tokens)
        for place, holds_evidence in product(PLACES, (True, False)):
            kind = "evidence" if holds_evidence else "neutral"
            name = f"{tokens}-{layout}-{place}-{number:03}-{kind}"
            document = _document(name, case, _sentences(case, layout, place, holds_evidence, filler), holds_evidence)
            yield StressDocument(document, place, tokens, layout, holds_evidence)


def token_counter(tokenizer: str | None = None) -> Callable[[str], float]:
    """A function that counts the tokens of a sentence: by a tokenizer, or its words times `TOKENS_A_WORD`."""
    if tokenizer is None:
        return lambda text: TOKENS_A_WORD * len(text.split())
    from transformers import AutoTokenizer  # here, for making documents needs no torch

    known = AutoTokenizer.from_pretrained(tokenizer)
    return lambda text: len(known.tokenize(text))


def _case(number: int, seed: str) -> _Case:
    """The case of this number: the claims in turn, the rest drawn by the seed."""
    draw = random.Random(seed)
    claim = CLAIMS[number % len(CLAIMS)]
    names = draw.choice(NAMES[claim.type1]), draw.choice(NAMES[claim.type2])
    neutral, single = draw.sample(NEUTRAL, len(NEUTRAL)), draw.sample(SINGLE, len(SINGLE))
    return _Case(claim, names, draw.choice(claim.evidence), tuple(neutral), tuple(single))


def _filler(seed: str, tokens: float, count_tokens: Callable[[str], float]) -> list[str]:
    """Sentences that say nothing of the pair, together just below this number of tokens; neighbours differ."""
    draw = random.Random(seed)
    sentences: list[str] = []
    used = 0.0
    while True:
        template = draw.choice([one for one in FILLER if one not in sentences[-3:]])
        sentence = template.format(**{slot: draw.choice(words) for slot, words in WORDS.items()})
        sentence = sentence[0].upper() + sentence[1:]
        used += count_tokens(sentence)
        if used > tokens:
            break
        sentences.append(sentence)
    if len(sentences) < MIN_FILLER:
        raise SettingError(
            f"a text has room for {len(sentences)} sentences of filler; ask for more tokens, such as 400"
        )
    return sentences


def _at_place(case: _Case, layout: str, index: int) -> list[str]:
    """The sentences that name the entities, as ``{1}`` and ``{2}``, at a place without evidence."""
    if layout == TOGETHER:
        return [case.neutral[index]]
    return [case.single[index].replace("{0}", name) for name in ("{1}", "{2}")]


def _fixed_tokens(case: _Case, layout: str, count_tokens: Callable[[str], float]) -> float:
    """Tokens of the title, of the longer sentence that can stand at the asked place, and of those at the two others."""
    asked = max(count_tokens(_named(text, case)) for text in (case.evidence, case.neutral[0]))
    others = sum(count_tokens(_named(text, case)) for index in (1, 2) for text in _at_place(case, layout, index))
    return count_tokens(TITLE) + asked + others


def _sentences(case: _Case, layout: str, place: str, holds_evidence: bool, filler: Sequence[str]) -> list[str]:
    """The sentences of a document; all of the filler stands in it, whatever the place."""
    rest = list(filler)
    others = iter((1, 2))
    at: dict[str, list[str]] = {}
    for each in PLACES:
        if each == place:
            at[each] = [case.evidence if holds_evidence else case.neutral[0]]
            continue
        first, *second = _at_place(case, layout, next(others))
        # Sentences that name one entity each are kept apart, so that nothing but the asked one brings the two together.
        at[each] = [first, *(rest.pop() for _ in range(GAP * len(second))), *second]
    half = len(rest) // 2
    return [TITLE, *at[START], *rest[:half], *at[MIDDLE], *rest[half:], *at[END]]


def _document(name: str, case: _Case, sentences: Sequence[str], holds_evidence: bool) -> Document:
    """The document of these sentences, with its mentions, and with its relation where it holds the evidence."""
    text, mentions = "", []
    types = case.claim.type1, case.claim.type2
    for part in _PLACEHOLDER.split(" ".join(sentences)):
        if part in ("{1}", "{2}"):
            index = int(part[1]) - 1
            start, part = len(text), case.names[index]
            mentions.append(Mention(start, start + len(part), part, types[index], (IDENTIFIERS[index],)))
        text += part
    relation = Relation(case.claim.relation, *IDENTIFIERS, case.claim.novelty, IDENTIFIERS[0])
    return Document(name, text, tuple(mentions), (relation,) if holds_evidence else ())


def _named(text: str, case: _Case) -> str:
    return text.replace("{1}", case.names[0]).replace("{2}", case.names[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where the request makes no sense; then a line on stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.stress_documents", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".jsonl or .pubtator file")
    add_document_options(parser)
    options = parser.parse_args(arguments)
    try:
        check_suffix(options.output)
        found = list(stress_documents(options.lengths, options.cases, options.seed, token_counter(options.tokenizer)))
        write_documents([each.document for each in found], options.output)
    except BioDirError as error:
        print(f"stress_documents: error: {error}", file=sys.stderr)
        return 1
    print(f"{len(found)} documents")
    return 0


def add_document_options(parser: argparse.ArgumentParser) -> None:
    """Adds what decides the documents."""
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS), help="tokens of the texts")
    parser.add_argument("--cases", type=int, default=12, help="documents of each cell of the table (default: 12)")
    parser.add_argument("--seed", type=int, default=1, help="of names, sentences and filler (default: 1)")
    parser.add_argument(
        "--tokenizer", help=f"folder or Hub id that counts tokens; by default words times {TOKENS_A_WORD}"
    )


if __name__ == "__main__":
    sys.exit(main())
