"""The errors that biodir raises on bad input, and the policy by which readers treat them.

A message holds the place, the value seen and the fix. Code that was loaded from the Hub with
``trust_remote_code=True`` has its own copies of these classes: catch ``ValueError`` there.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")
P = TypeVar("P")
ERRORS = ("raise", "skip-document", "skip-mention")
OFFSETS = ("characters", "utf-16", "bytes")


class BioDirError(ValueError):
    """Base of every error that biodir raises on a caller's bad input.

    Args:
        message: the place, the value seen and the fix.
        reason: the kind of fault in a few words, without place and value, by which summaries count; by default that of
            the class.

    >>> BioDirError("a.pubtator:7: ends at 90 but the text has 80 characters", reason="span outside the text").reason
    'span outside the text'
    """

    default_reason = "error"

    def __init__(self, message: str = "", reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or self.default_reason


class ParseError(BioDirError):
    """A file or string that does not follow its format; names the file and the line.

    >>> from biodir import read_pubtator
    >>> list(read_pubtator("missing.pubtator"))
    Traceback (most recent call last):
    biodir.errors_biodir.ParseError: missing.pubtator: cannot be read (No such file or directory); check the file
    """

    default_reason = "not of its format"


class AnnotationError(BioDirError):
    """A document whose mentions, entities or relations contradict its text or the model's labels.

    >>> from biodir import Document, Mention
    >>> Document("7", "Iron", (Mention(0, 5, "Irony", "ChemicalEntity"),))
    Traceback (most recent call last):
    biodir.errors_biodir.AnnotationError: document 7, mention 0: ends at 5 but the text has 4 characters; ...
    """

    default_reason = "contradicts its text or labels"


class SettingError(BioDirError):
    """A parameter or configuration value outside what is allowed.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> BioDirConfig(relation_threshold=50)
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: relation_threshold is 50; scores lie in 0..1
    """

    default_reason = "setting"


class CheckpointError(BioDirError):
    """A model folder that lacks a file, or whose files do not fit together.

    >>> from biodir.modeling_biodir import BioDirForRelationExtraction
    >>> BioDirForRelationExtraction.from_pretrained(".")
    Traceback (most recent call last):
    biodir.errors_biodir.CheckpointError: . has no config.json; name the folder of a saved model
    """

    default_reason = "checkpoint"


def suggestion(name: object, known: Sequence[object]) -> str:
    """Return which known name was probably meant, in letters of either case; without a close one, all that are known.

    >>> suggestion("positive_corelation", ["Association", "Positive_Correlation"])
    "did you mean 'Positive_Correlation'?"
    """
    by_lower = {str(each).lower(): each for each in known}
    for meant in get_close_matches(str(name).lower(), by_lower, n=1):
        return f"did you mean {by_lower[meant]!r}?"
    return f"known are {', '.join(map(str, known))}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "document"), plural(2, "gold pair")
    ('1 document', '2 gold pairs')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put the place before the message of a BioDirError that is raised inside, as `with_place` does."""
    try:
        yield
    except BioDirError as error:
        raise type(error)(with_place(place, str(error)), error.reason) from error


def with_place(place: str, message: str) -> str:
    """Return the message after a place; what the message begins with and the place has, too, is named once.

    That is the last part of the place, or the id of a document that is named by its place.

    >>> with_place("a.xml: document 1", "document 1, annotation 2: no location")
    'a.xml: document 1, annotation 2: no location'
    >>> with_place("data/a.json: document 1", "document a.json:1, entities[0]: has no 'type'")
    "data/a.json: document 1, entities[0]: has no 'type'"
    """
    outer, _, last = place.rpartition(": ")
    if re.match(rf"{re.escape(last)}[ ,:]", message):
        return ": ".join(filter(None, [outer, message]))
    named = f"document {re.sub(': (?:document|row) ', ':', place).rpartition('/')[2]}"
    if re.match(rf"{re.escape(named)}[ ,:]", message):
        return place + message.removeprefix(named)
    return f"{place}: {message}"


@dataclass(frozen=True)
class ErrorPolicy:
    """What a reader does with input that has an error: raise it, or leave a part out and count it.

    Args:
        errors: "raise"; "skip-document", which leaves out the document; or "skip-mention", which leaves out only the
            mention or relation that has the error, and the document where the error is in its text. A file that cannot
            be read is left out under both.
        offsets: what the offsets of the input count: "characters", "utf-16" (code units, as JavaScript and Java) or
            "bytes" (of UTF-8).
        split_relations: whether a relation of three and more entities becomes one for each pair of them; else it is an
            error.
        relations: whether the relations of JSON, BioC and brat are read; predictions need none.
        finds_entities: whether the entities of documents without any will be found, so that keys of such a document
            that are not known do no harm, and a file may be plain text.
        on_skip: called with what is left out ("file", "document", "mention" or "relation") and its error.
        prepare: called with each document, returns it as it is used; a BioDirError is an error of that document.
        skipped: how often a part was left out, by what it is and the reason, over all input read with this policy.
        notes: what was read in another way than it is written, with the number of times.

    Raises:
        SettingError: a value is not one of these.

    >>> from biodir import ErrorPolicy, parse_pubtator
    >>> policy = ErrorPolicy("skip-document")
    >>> lines = ["1|t|Iron binds", "", "2|t|EGFR", "2|t|a second title"]
    >>> [document.id for document in parse_pubtator(lines, "a.pubtator", policy)]
    ['1']
    >>> policy.summary()
    ['left out: 1 document (second text line of a kind)']
    """

    errors: str = "raise"
    offsets: str = "characters"
    split_relations: bool = False
    relations: bool = True
    finds_entities: bool = False
    on_skip: Callable[[str, BioDirError], object] | None = None
    prepare: Callable[[Any], Any] | None = None
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter, compare=False, repr=False)
    notes: Counter[str] = field(default_factory=Counter, compare=False, repr=False)
    # The place of the document that is prepared, which what it leaves out does not know.
    _place: list[str] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, value, allowed in (("errors", self.errors, ERRORS), ("offsets", self.offsets, OFFSETS)):
            if value not in allowed:
                raise SettingError(f"{name} is {value!r}; it is one of {', '.join(map(repr, allowed))}")

    def documents(self, attempts: Iterable[tuple[str, Callable[[], T]]], source: str) -> Iterator[T]:
        """Yield the document of each attempt, and treat those with an error as the policy asks.

        Args:
            attempts: for each document its place and a call that returns it. An error that the iterable itself raises
                is one of the file, for `files`.
            source: the name of the file, for the log at its end.
        """
        before = (self.skipped.copy(), self.notes.copy())
        place = None
        try:
            for place, attempt in attempts:
                try:
                    document = attempt()
                    if self.prepare is not None:
                        self._place.append(place)
                        with located(place):
                            document = self.prepare(document)
                        self._place.clear()
                except BioDirError as error:
                    self._place.clear()
                    if self.errors == "raise" or isinstance(error, SettingError):  # such as a library that is missing
                        raise
                    self.skip("document", error)
                    continue
                yield document
            self.note("files that hold no document", place is None)
        finally:
            for line in _summary(self.skipped - before[0], self.notes - before[1]):
                logger.warning("%s: %s", source, line)
            if self is STRICT:  # the default of all readers counts for one file only
                self.skipped.clear()
                self.notes.clear()

    def files(self, paths: Iterable[P], read: Callable[[P], Iterator[T]]) -> Iterator[T]:
        """Yield the documents of all files; one that cannot be read on is left out where the policy asks so."""
        for path in paths:
            try:
                yield from read(path)
            except BioDirError as error:
                if self.errors == "raise" or isinstance(error, SettingError):
                    raise
                self.skip("file", error)

    def parts(self, what: str, attempts: Iterable[Callable[[], T]]) -> Iterator[T]:
        """Yield the result of each attempt to read a part of a document; `what` is "mention" or "relation"."""
        for attempt in attempts:
            try:
                part = attempt()
            except BioDirError as error:
                if self.errors != "skip-mention":
                    raise
                self.skip(what, error)
            else:
                yield part

    def at(self, place: str) -> "ErrorPolicy":
        """Return the policy with a place before the errors that `on_skip` gets; both count in the same counters."""

        def skip(what: str, error: BioDirError) -> None:
            if self.on_skip is not None:
                self.on_skip(what, type(error)(with_place(place, str(error)), error.reason))

        return replace(self, on_skip=skip)

    def skip(self, what: str, error: BioDirError) -> None:
        """Count a part that is left out."""
        if self._place:
            error = type(error)(with_place(self._place[0], str(error)), error.reason)
        self.skipped[what, error.reason] += 1
        logger.info("left out a %s: %s", what, error)
        if self.on_skip is not None:
            self.on_skip(what, error)

    def note(self, text: str, count: int = 1) -> None:
        """Count what was read in another way than it is written."""
        if count:
            self.notes[text] += count

    def skipped_number(self, what: str) -> int:
        """Return how many files, documents, mentions or relations were left out."""
        return sum(count for (kind, _), count in self.skipped.items() if kind == what)

    def summary(self) -> list[str]:
        """Return a line for each kind of part that was left out, with numbers and reasons, and one for each note."""
        return _summary(self.skipped, self.notes)


def _summary(skipped: Counter[tuple[str, str]], notes: Counter[str]) -> list[str]:
    lines = []
    for what in ("file", "document", "mention", "relation"):
        reasons = {reason: count for (kind, reason), count in skipped.most_common() if kind == what}
        if reasons:
            total = sum(reasons.values())
            details = [reason if len(reasons) == 1 else f"{reason}: {count}" for reason, count in reasons.items()]
            lines.append(f"left out: {plural(total, what)} ({', '.join(details)})")
    return lines + [f"{text}: {count}" for text, count in notes.items()]


# The default of all readers.
STRICT = ErrorPolicy()
