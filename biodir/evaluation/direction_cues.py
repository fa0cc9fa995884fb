"""Which words and patterns between two mentions say which of the two acts."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from biodir.evaluation.direction_cases import DirectionCase

# A word that fewer documents have says nothing that can be told from chance.
MIN_DOCUMENTS = 5
SURE_Z = 1.96  # of a normal distribution: one word in twenty passes by chance
# More words than this between two mentions are rarely about the two only.
MAX_WORDS = 12
_ACTS = "inhibit|induc|increas|decreas|reduc|activat|caus|suppress|enhanc|stimulat|block|promot|regulat|mediat|attenuat"
_NOUN = r"\w+(?:tion|sion|ment|ance|ence|ing)|loss|release|increase|decrease"
# Name -> expression for "words before > words between"; of several, the first that fits.
PATTERNS: Mapping[str, re.Pattern[str]] = {
    "noun of _ by _": re.compile(rf"\b(?:{_NOUN}) (?:of|in) > (?:\w+ )*by\b"),
    "effect of _ on _": re.compile(r"\b(?:effects?|role|influence|impact|action) of > (?:\w+ )*(?:on|in)\b"),
    "_ is ...ed by _": re.compile(r"> (?:\S+ )*\w+(?:ed|en) (?:\S+ )?by\b"),
    "_ treated with _": re.compile(r"> (?:\S+ )*(?:pre|co)?(?:treated|incubated|injected) (?:\S+ )?with\b"),
    "_-induced _": re.compile(r"> -(?:induced|mediated|dependent|stimulated|evoked|treated|associated|related)\b"),
    "_ ...s _ (active verb)": re.compile(rf"> (?:\S+ )*(?:{_ACTS})(?:e|es|s|ed|ing)?\b(?! (?:\S+ )?by\b)"),
    "_ is associated with _": re.compile(r"> (?:\S+ )*(?:associated|correlated|linked|related) (?:\S+ )?(?:with|to)\b"),
    "_ and _, _ or _": re.compile(r"> (?:and|or|\W*)(?: the)?$"),
    "_ in _": re.compile(r"> (?:\S+ )?in(?: \S+)?$"),
}


@dataclass(frozen=True)
class Cue:
    """A word or pattern, and how often the subject comes before it, and how often the object.

    Args:
        text: the word, or the name of the pattern.
        subject_first, object_first: numbers of documents with such a directed relation.
        log_odds: natural logarithm of the odds of the subject first with the word against those without; 0 for neither.
        z: `log_odds` by its standard error.

    >>> Cue("by", subject_first=1, object_first=3, log_odds=-1.5, z=-2.2).share
    0.25
    """

    text: str
    subject_first: int
    object_first: int
    log_odds: float
    z: float

    @property
    def share(self) -> float:
        """The share of the documents in which the subject comes first."""
        return self.subject_first / (self.subject_first + self.object_first)


def word_cues(cases: Iterable[DirectionCase], min_documents: int = MIN_DOCUMENTS) -> list[Cue]:
    """Return the words between two mentions of one sentence, those with the surest effect first.

    Args:
        cases: of which the directed ones with at most `MAX_WORDS` words between count.
        min_documents: how many documents must have such a relation with the word.
    """
    return _cues(((set(case.between or ()), case) for case in cases if _counts(case)), min_documents)


def pattern_cues(cases: Iterable[DirectionCase]) -> list[Cue]:
    """Return the patterns that occur, in the order of `PATTERNS`, then "other words"."""
    order = [*PATTERNS, OTHER]
    found = _cues((({pattern_of(case)}, case) for case in cases if _counts(case)), 1)
    return sorted(found, key=lambda cue: order.index(cue.text))


OTHER = "other words"


def pattern_of(case: DirectionCase) -> str:
    """Return the name of the pattern of a case."""
    line = f"{' '.join(case.before)} > {' '.join(case.between or ())}"
    return next((name for name, pattern in PATTERNS.items() if pattern.search(line)), OTHER)


def _counts(case: DirectionCase) -> bool:
    return case.is_directed and case.between is not None and len(case.between) <= MAX_WORDS


def _cues(features: Iterable[tuple[set[str], DirectionCase]], min_documents: int) -> list[Cue]:
    """Return the cues; relations of one document are often those of one sentence, and count once."""
    documents: dict[tuple[str, bool], set[str]] = defaultdict(set)
    totals: dict[bool, set[str]] = {True: set(), False: set()}
    for texts, case in features:
        totals[case.is_subject_first].add(case.document_id)
        for text in texts:
            documents[text, case.is_subject_first].add(case.document_id)
    cues = []
    for text in sorted({text for text, _ in documents}):
        counts = [len(documents.get((text, side), ())) for side in (True, False)]
        if sum(counts) >= min_documents:
            cues.append(_cue(text, counts, [len(totals[True]), len(totals[False])]))
    return sorted(cues, key=lambda cue: -abs(cue.z))


def _cue(text: str, counts: Sequence[int], totals: Sequence[int]) -> Cue:
    """Return the cue with its log odds ratio; a half is added to each count, after Haldane 1956, so that none is 0."""
    with_it = [count + 0.5 for count in counts]
    without = [total - count + 0.5 for count, total in zip(counts, totals, strict=True)]
    log_odds = math.log(with_it[0] / without[0]) - math.log(with_it[1] / without[1])
    error = math.sqrt(sum(1 / count for count in (*with_it, *without)))
    return Cue(text, counts[0], counts[1], log_odds, log_odds / error)
