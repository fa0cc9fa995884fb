"""Makes the SQLite file of a lexicon from files of vocabularies, in memory that does not grow with them."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from biodir import __version__
from biodir.errors_biodir import SettingError
from biodir.files import STANDARD_INPUT, check_paths, open_input
from biodir.lexicon.concepts import HUMAN, Concept, Reading, checked_species, normalized_name
from biodir.lexicon.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, LexiconInfo, SourceFile, write_metadata
from biodir.lexicon.sources import READERS, VOCABULARIES, vocabulary_of

BATCH_CONCEPTS = 2_000
# Kibibytes of SQLite's cache, which is also what it sorts in memory at a time.
_CACHE_KIB = 32 * 1024
# Names are put aside as they come; sorted once, they make a table that is small and quick to write.
_STAGE = "CREATE TABLE stage.name (normalized TEXT, concept INTEGER, name TEXT, rank INTEGER)"
_SORT = """
INSERT INTO main.name SELECT normalized, concept, name, min(rank) FROM stage.name
GROUP BY normalized, concept, name ORDER BY normalized, concept, name
"""
_COUNT = """
SELECT entity_type, count(*) FROM {table} JOIN vocabulary ON vocabulary.key = concept.vocabulary
GROUP BY entity_type ORDER BY count(*) DESC
"""


@dataclass(frozen=True)
class Input:
    """A file that a lexicon is made from.

    Args:
        path: also packed as .gz, .xz or .bz2.
        vocabulary: one of `biodir.lexicon.sources.VOCABULARIES`; by default the content decides.

    >>> Input(Path("mygenes.tsv"), "genes").vocabulary
    'genes'
    """

    path: Path
    vocabulary: str | None = None


def build_lexicon(
    inputs: Sequence[Input],
    output: Path,
    species: Iterable[str] = (HUMAN,),
    on_read: Callable[[int], object] | None = None,
) -> LexiconInfo:
    """Write a lexicon, atomically, and return what it says of itself.

    Args:
        inputs: files, in any order.
        output: an older lexicon there is replaced when the new one is complete.
        species: NCBI taxonomy identifiers of the species whose genes are read.
        on_read: called with the number of bytes that were read of the files, such as `update` of a progress bar.

    Raises:
        SettingError: a file or species does not fit.
        ParseError: a file cannot be read or does not follow its format; with file and line.
        OSError: the lexicon cannot be written.
    """
    wanted = checked_species(species)
    _check(inputs, output)
    sorted_inputs = sorted(map(_recognised, inputs), key=lambda each: VOCABULARIES.index(each.vocabulary or ""))
    half_written = output.with_name(f"{output.name}.{os.getpid()}.part")  # named by process, in case two programs write
    aside = half_written.with_name(f"{half_written.name}.names")
    try:
        with _database(half_written, aside) as database:
            info = _fill(database, sorted_inputs, wanted, on_read)
        os.replace(half_written, output)
    except sqlite3.Error as error:  # such as a full disk
        raise OSError(f"{output}: cannot be written ({error})") from error
    finally:
        half_written.unlink(missing_ok=True)
        aside.unlink(missing_ok=True)
    return info


def _check(inputs: Sequence[Input], output: Path) -> None:
    if not inputs:
        raise SettingError("a lexicon needs at least one file; name those that you have")
    for each in inputs:
        if each.vocabulary not in (None, *VOCABULARIES):
            raise SettingError(f"{each.path}: vocabulary {each.vocabulary!r} is none of {', '.join(VOCABULARIES)}")
        is_pipe = each.path.exists() and not (each.path.is_file() or each.path.is_dir())
        if is_pipe or os.fspath(each.path) == STANDARD_INPUT:
            raise SettingError(f"{each.path}: is a pipe; a lexicon is made from files")
    check_paths([each.path for each in inputs], [output])


def _recognised(each: Input) -> Input:
    return each if each.vocabulary else replace(each, vocabulary=vocabulary_of(each.path))


@contextmanager
def _database(path: Path, aside: Path) -> Iterator[sqlite3.Connection]:
    """Open a new file; without journal, since a build that fails leaves nothing."""
    for each in (path, aside):
        each.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("ATTACH ? AS stage", (os.fspath(aside),))
        for schema in ("main", "stage"):
            database.execute(f"PRAGMA {schema}.journal_mode = OFF")
            database.execute(f"PRAGMA {schema}.synchronous = OFF")
            database.execute(f"PRAGMA {schema}.cache_size = -{_CACHE_KIB}")
        database.execute("PRAGMA temp_store = FILE")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.executescript(TABLES)
        database.execute(_STAGE)
        yield database


def _fill(
    database: sqlite3.Connection,
    inputs: Iterable[Input],
    species: frozenset[str],
    on_read: Callable[[int], object] | None,
) -> LexiconInfo:
    database.execute("BEGIN")
    reading = Reading(species)
    keys = _Keys()
    sources = tuple(_add_file(database, each, reading, keys, on_read) for each in inputs)
    rows = ((key, *vocabulary) for vocabulary, key in keys.vocabularies.items())
    database.executemany("INSERT INTO vocabulary VALUES (?, ?, ?)", rows)
    database.execute(_SORT)
    info = LexiconInfo(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        biodir=__version__,
        species=tuple(sorted(species, key=int)),
        sources=sources,
        concepts=dict(database.execute(_COUNT.format(table="concept"))),
        names=dict(database.execute(_COUNT.format(table="name JOIN concept ON concept.key = name.concept"))),
    )
    write_metadata(database, info)
    database.execute("COMMIT")
    return info


class _Keys:
    """The keys that rows of the tables get."""

    def __init__(self) -> None:
        self.vocabularies: dict[tuple[str, str], int] = {}
        self.next_concept = 0

    def vocabulary(self, vocabulary: str, entity_type: str) -> int:
        return self.vocabularies.setdefault((vocabulary, entity_type), len(self.vocabularies))

    def concept(self) -> int:
        self.next_concept += 1
        return self.next_concept


def _add_file(
    database: sqlite3.Connection,
    each: Input,
    reading: Reading,
    keys: _Keys,
    on_read: Callable[[int], object] | None,
) -> SourceFile:
    vocabulary = each.vocabulary or ""
    status = each.path.stat()
    concept_count = name_count = 0
    with open_input(each.path, on_read) as file:
        found = READERS[vocabulary](file, os.fspath(each.path), reading)
        while concepts := list(islice(found, BATCH_CONCEPTS)):
            concept_count += len(concepts)
            name_count += _add_concepts(database, concepts, vocabulary, keys)
    left_out = dict(reading.left_out)
    reading.left_out.clear()
    if not concept_count:
        counts = ", ".join(f"{reason}: {count}" for reason, count in left_out.items()) or "it is empty"
        raise SettingError(f"{each.path}: has no concept as {vocabulary} ({counts}); check the file and --species")
    modified = datetime.fromtimestamp(status.st_mtime, UTC).date().isoformat()
    return SourceFile(each.path.name, vocabulary, status.st_size, modified, concept_count, name_count, left_out)


def _add_concepts(database: sqlite3.Connection, concepts: Iterable[Concept], vocabulary: str, keys: _Keys) -> int:
    """Write the concepts and put their names aside; return how many names these are."""
    concept_rows: list[tuple[int, str, int, str, str]] = []
    name_rows: list[tuple[str, int, str, int]] = []
    for concept in concepts:
        key = keys.concept()
        vocabulary_key = keys.vocabulary(vocabulary, concept.entity_type)
        shown = concept.names[0].text if concept.names else ""
        concept_rows.append((key, concept.identifier, vocabulary_key, concept.species, shown))
        name_rows.extend(
            (normalized_name(name.text, concept.entity_type), key, name.text, name.rank) for name in concept.names
        )
    database.executemany("INSERT INTO concept VALUES (?, ?, ?, ?, ?)", concept_rows)
    database.executemany("INSERT INTO stage.name VALUES (?, ?, ?, ?)", name_rows)
    return len(name_rows)
