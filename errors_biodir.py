"""The errors that biodir raises on bad input, and the policy by which readers treat them.

A message holds the place, the value seen and the fix. Code that was loaded from the Hub with
``trust_remote_code=True`` has its own copies of these classes: catch ``ValueError`` there.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


class BioDirError(ValueError):
    """Base of every error that biodir raises on a caller's bad input.

    >>> from biodir import parse_document
    >>> try:
    ...     parse_document("")
    ... except BioDirError as error:
    ...     print(error)
    <string>: holds no document; give the lines 'PMID|t|title' and 'PMID|a|abstract'
    """


class ParseError(BioDirError):
    """A file or string that does not follow its format; names the file and the line.

    >>> from biodir import read_pubtator
    >>> list(read_pubtator("missing.pubtator"))
    Traceback (most recent call last):
    biodir.errors_biodir.ParseError: missing.pubtator: cannot be read (No such file or directory); check the path
    """


class AnnotationError(BioDirError):
    """A document whose mentions, entities or relations contradict its text or the model's labels.

    >>> from biodir import Document, Mention
    >>> Document("7", "Iron", (Mention(0, 5, "Irony", "ChemicalEntity"),))
    Traceback (most recent call last):
    biodir.errors_biodir.AnnotationError: document 7, mention 0: ends at 5 but the text has 4 characters; ...
    """


class SettingError(BioDirError):
    """A parameter or configuration value outside what is allowed.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> BioDirConfig(relation_threshold=50)
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: relation_threshold is 50; scores lie in 0..1
    """


class CheckpointError(BioDirError):
    """A model folder that lacks a file, or whose files do not fit together.

    >>> from biodir.modeling_biodir import BioDirForRelationExtraction
    >>> BioDirForRelationExtraction.from_pretrained(".")
    Traceback (most recent call last):
    biodir.errors_biodir.CheckpointError: . has no config.json; name the folder of a saved model
    """


def suggestion(name: object, known: Sequence[object]) -> str:
    """Return which known name was probably meant, in letters of either case; without a close one, all that are known.

    >>> suggestion("positive_corelation", ["Association", "Positive_Correlation"])
    "did you mean 'Positive_Correlation'?"
    """
    by_lower = {str(each).lower(): each for each in known}
    for meant in get_close_matches(str(name).lower(), by_lower, n=1):
        return f"did you mean {by_lower[meant]!r}?"
    return f"known are {', '.join(map(str, known))}"


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put the place before the message of a BioDirError that is raised inside."""
    try:
        yield
    except BioDirError as error:
        raise type(error)(f"{place}: {error}") from error


@dataclass(frozen=True)
class ErrorPolicy:
    """What a reader does with a document that has an error: raise the error, or skip the document and count it.

    A file that cannot be opened, or that is not of its format at all, is an error under either policy.

    Args:
        errors: "raise" or "skip". A skipped document is logged, and the number of them at the end of the file.
        on_skip: called with the error of each document that is skipped.
        check: called with each document; a BioDirError that it raises is an error of that document.
        skipped: the errors of the documents skipped so far, over all files that are read with this policy.

    Raises:
        SettingError: `errors` is neither "raise" nor "skip".

    >>> from biodir import ErrorPolicy, parse_pubtator
    >>> policy = ErrorPolicy("skip")
    >>> lines = ["1|t|Iron binds", "", "2|t|EGFR", "2|t|a second title"]
    >>> [document.id for document in parse_pubtator(lines, "a.pubtator", policy)]
    ['1']
    >>> print(policy.skipped[0])
    a.pubtator:4: second '|t|' line of document 2; give one of each
    """

    errors: str = "raise"
    on_skip: Callable[[BioDirError], object] | None = None
    check: Callable[[Any], object] | None = None
    skipped: list[BioDirError] = field(default_factory=list, init=False, compare=False)

    def __post_init__(self) -> None:
        if self.errors not in ("raise", "skip"):
            raise SettingError(f"errors is {self.errors!r}; it is 'raise' or 'skip'")

    def documents(self, attempts: Iterable[tuple[str, Callable[[], T]]], source: str) -> Iterator[T]:
        """Yield the document of each attempt, and treat those with an error as the policy asks.

        Args:
            attempts: for each document its place and a call that returns it. An error that the iterable itself raises
                is one of the file and is always raised.
            source: the name of the file, for the report at its end.
        """
        before = len(self.skipped)
        for place, attempt in attempts:
            try:
                document = attempt()
                if self.check is not None:
                    with located(place):
                        self.check(document)
            except BioDirError as error:
                if self.errors == "raise":
                    raise
                logger.warning("skipped a document: %s", error)
                self.skipped.append(error)
                if self.on_skip is not None:
                    self.on_skip(error)
                continue
            yield document
        if len(self.skipped) > before:
            logger.warning("%s: documents skipped because of errors: %d", source, len(self.skipped) - before)


# The default of all readers.
STRICT = ErrorPolicy()
