"""The SQLite file of a lexicon: its tables, how it is recognised and opened."""

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from biodir.errors_biodir import ParseError
from biodir.labels_biodir import ENTITY_TYPES
from biodir.lexicon.concepts import normalized_name

# "biLx": tells a lexicon from other SQLite files. The version changes with the tables.
APPLICATION_ID = 0x62694C78
SCHEMA_VERSION = 1
# A lexicon remembers these in the form in which names are compared, so that one of other rules is refused.
_PROBES = (
    *("HNF-6 gene", "TGF-β1", "IL-1 2", "Type 2 Diabetes Mellitus", "Receptors, Notch", "C57BL/6J", "ﬁbroma (NF1+)"),
    *("Ras's", "Ca2+", "Diagnoses", "Psoriatic", "Tumour", "Zorbamine HCl", "NSAIDs", "-+-"),
    *("PKC η", "PKCtheta", "RATS", "Sulphate", "Aluminium", "Viruses"),
)
TABLES = """
CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vocabulary (key INTEGER PRIMARY KEY, vocabulary TEXT NOT NULL, entity_type TEXT NOT NULL);
CREATE TABLE concept (
    key INTEGER PRIMARY KEY, identifier TEXT NOT NULL, vocabulary INTEGER NOT NULL, species TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE name (
    normalized TEXT NOT NULL, concept INTEGER NOT NULL, name TEXT NOT NULL, rank INTEGER NOT NULL,
    PRIMARY KEY (normalized, concept, name)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class SourceFile:
    """A file that a lexicon was made from.

    Args:
        file: its name without folder.
        vocabulary: one of `biodir.lexicon.sources.VOCABULARIES`.
        size_bytes: of the file as it is, packed or not.
        modified: its date, ``YYYY-MM-DD``.
        concepts, names: how many were read; names of several spellings count each.
        left_out: reason -> number of records.

    >>> SourceFile("gene_info.gz", "genes", 9, "2026-01-31", concepts=1, names=3, left_out={}).names
    3
    """

    file: str
    vocabulary: str
    size_bytes: int
    modified: str
    concepts: int
    names: int
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class LexiconInfo:
    """What a lexicon says of itself.

    Args:
        created: date and time in UTC, ISO 8601.
        biodir: version that made it.
        species: those whose genes were read.
        sources: in the order in which they were read.
        concepts, names: entity type -> number; a name counts for each of its spellings.

    >>> LexiconInfo("2026-01-31T12:00:00+00:00", "1.2.3", ("9606",), (), {}, {}).species
    ('9606',)
    """

    created: str
    biodir: str
    species: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    concepts: Mapping[str, int]
    names: Mapping[str, int]


def probe_names() -> list[str]:
    return [normalized_name(probe, kind) for probe in _PROBES for kind in ENTITY_TYPES]


def write_metadata(database: sqlite3.Connection, info: LexiconInfo) -> None:
    values = {**asdict(info), "normalized": probe_names()}
    rows = ((key, json.dumps(value, ensure_ascii=False)) for key, value in values.items())
    database.executemany("INSERT INTO metadata VALUES (?, ?)", rows)


def open_lexicon(path: str | os.PathLike[str]) -> tuple[sqlite3.Connection, LexiconInfo]:
    """Open a lexicon for reading, which several processes can do at the same time.

    Raises:
        ParseError: there is no such file, it is no lexicon, or one of another version.
    """
    if not Path(path).is_file():
        raise ParseError(f"{path}: there is no such file; make a lexicon with: biodir lexicon build FILES -o {path}")
    # A finished lexicon never changes: a new one replaces the file. So no locks are needed, nor a writable folder.
    address = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    try:
        database = sqlite3.connect(address, uri=True, check_same_thread=False)
    except sqlite3.Error as error:  # such as without permission to read it
        raise ParseError(f"{path}: cannot be read ({error}); check the file and its permissions") from error
    try:
        return database, _checked(database, path)
    except sqlite3.Error as error:
        database.close()
        raise ParseError(f"{path}: is no lexicon ({error}); make one with: biodir lexicon build") from error
    except BaseException:
        database.close()
        raise


def _checked(database: sqlite3.Connection, path: str | os.PathLike[str]) -> LexiconInfo:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise ParseError(f"{path}: is an SQLite file, but no lexicon; make one with: biodir lexicon build")
    if version != SCHEMA_VERSION:
        raise ParseError(
            f"{path}: is a lexicon of version {version}, and this biodir reads version {SCHEMA_VERSION}; build it again"
        )
    values: dict[str, Any] = {
        key: json.loads(value) for key, value in database.execute("SELECT key, value FROM metadata")
    }
    if values.pop("normalized", None) != probe_names():
        raise ParseError(f"{path}: compares names in another way than this biodir does; build it again")
    values["species"] = tuple(values["species"])
    values["sources"] = tuple(SourceFile(**source) for source in values["sources"])
    return LexiconInfo(**values)
