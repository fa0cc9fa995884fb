"""The YAML file of further corpora: its entries, each with what its labels become and what it says of them.

    - name: drugprot                            # by default the name of the file up to its first dot
      path: extra/drugprot.jsonl.xz             # in the folder of --data_dir
      split: [train]                            # parts to read, where the documents name theirs
      entity_types: {CHEMICAL: ChemicalEntity}  # null leaves mentions out
      relation_types:                           # null: such pairs are not learned from
        INHIBITOR: Negative_Correlation
        SUBSTRATE: {type: Association, subject: tail}  # head, tail, none (it has no direction), unknown
        PART-OF: null
      partial: true                             # pair types without relations are not learned from
      known_types: [Bind]                       # a pair without relation has none of these, and maybe another one
      unsure: {Association: [Bind]}             # an Association of this corpus may be a Bind
      pair_types: [[ChemicalEntity, GeneOrGeneProduct]]  # other pairs are not learned from
      without_notes: [cause]                    # a relation whose note has this word is not learned from
      group_by_id: false                        # identifiers of mentions are no entities
      share: 0.5                                # of the documents, drawn each epoch
      negatives_per_positive: 1                 # in place of that of the settings
      max_documents: 100

`split`, `without_notes` and `group_by_id` are for JSON Lines whose documents have `annotated_types`, as
`docs/training.md` explains. Names that are not mapped stay as they are. A type of entities may also get a name that
PubTator has for it, such as Chemical; names of entity types are compared without regard to case.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub.dataclasses import strict
from huggingface_hub.errors import StrictDataclassError

from biodir.errors_biodir import SettingError, suggestion
from biodir.training.settings import TrainingSettings, read_yaml

HEAD, TAIL, NO_SUBJECT, UNKNOWN_SUBJECT = SUBJECTS = ("head", "tail", "none", "unknown")


@dataclass(frozen=True)
class LabelRule:
    """What a relation label of a corpus becomes.

    Args:
        relation_type: None: the pair is not learned from.
        subject: of `SUBJECTS`; None: as the corpus has it.

    >>> LabelRule("Bind").subject is None
    True
    """

    relation_type: str | None
    subject: str | None = None


@strict
@dataclass
class CorpusEntry:
    """A file to read, and what becomes of its labels; see the top of this file.

    >>> CorpusEntry("extra/drugprot.jsonl.xz").label
    'drugprot'
    >>> CorpusEntry("a.jsonl", relation_types={"PART-OF": {"type": "Association"}}).rule("PART-OF")
    LabelRule(relation_type='Association', subject=None)
    """

    path: str
    name: str | None = None
    split: list[str] = field(default_factory=list)
    partial: bool = False
    entity_types: dict[str, str | None] = field(default_factory=dict)
    relation_types: dict[str, str | dict[str, str] | None] = field(default_factory=dict)
    known_types: list[str] | None = None
    unsure: dict[str, list[str]] = field(default_factory=dict)
    pair_types: list[list[str]] | None = None
    without_notes: list[str] = field(default_factory=list)
    group_by_id: bool = True
    share: float | int = 1.0
    negatives_per_positive: float | int | None = None
    max_documents: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share}; it lies in (0, 1]")
        if self.negatives_per_positive is not None and not 0 <= self.negatives_per_positive < math.inf:
            raise ValueError(f"negatives_per_positive is {self.negatives_per_positive}; it is a number from 0")
        if self.max_documents is not None and self.max_documents < 1:
            raise ValueError(f"max_documents is {self.max_documents}; it is at least 1, or corpora_without names it")
        for pair in self.pair_types or ():
            if len(pair) != 2:
                raise ValueError(f"pair_types holds {pair}; write two entity types for each")
        for name, value in self.relation_types.items():
            if isinstance(value, dict) and ("type" not in value or not {*value} <= {"type", "subject"}):
                raise ValueError(f"relation_types {name}: give type, and subject where it is to change")
            if isinstance(value, dict) and value.get("subject", HEAD) not in SUBJECTS:
                raise ValueError(f"relation_types {name}: subject is one of {', '.join(SUBJECTS)}")

    @property
    def label(self) -> str:
        """The name by which settings and the log call the corpus."""
        return self.name or Path(self.path).name.split(".")[0]

    def rule(self, source_type: str) -> LabelRule | None:
        """Return what a relation label of the corpus becomes; None where it is not mapped."""
        if source_type not in self.relation_types:
            return None
        found = self.relation_types[source_type]
        return LabelRule(found["type"], found.get("subject")) if isinstance(found, dict) else LabelRule(found)

    def entity_type(self, name: str | None, source_type: str | None = None) -> str | None:
        """Return what an entity type becomes; None where mentions of it are left out."""
        folded = {other.casefold(): kind for other, kind in self.entity_types.items()}
        for each in (source_type, name):
            if each is not None and each in self.entity_types:
                return self.entity_types[each]
            if each is not None and each.casefold() in folded:
                return folded[each.casefold()]
        return name


def read_entries(path: str, data_dir: str | None = None) -> list[CorpusEntry]:
    """Return the entries of a YAML file, each with its name, and with its path in the folder of the data.

    Raises:
        SettingError: the file has a mistake.
    """
    entries = list(_listed(Path(path)))
    names = [entry.label for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingError(f"{path}: {', '.join(twice)}: two corpora of one name; give one another `name`")
    for entry in entries:
        entry.name, entry.path = entry.label, str(Path(data_dir or "") / entry.path)
    return entries


def check_names(key: str, chosen: Iterable[str], entries: Iterable[CorpusEntry]) -> None:
    """Check that these are names of entries.

    Raises:
        SettingError: one is not; with the setting that names it.
    """
    names = [entry.label for entry in entries]
    for name in chosen:
        if name not in names:
            raise SettingError(f"{key}: the list of corpora has no {name!r}; {suggestion(name, names)}")


def entries_of(settings: TrainingSettings) -> list[CorpusEntry]:
    """Return the entries of the YAML file of the settings.

    Raises:
        SettingError: the file has a mistake, or the settings choose a name that is that of no entry.
    """
    if not settings.corpora:
        return []
    entries = read_entries(settings.corpora, settings.data_dir)
    for key in ("corpora_only", "corpora_without", "corpora_held_out"):
        check_names(key, getattr(settings, key), entries)
    most = settings.max_corpus_documents
    if most is not None:
        for entry in entries:
            entry.max_documents = min(most, entry.max_documents or most)
    return entries


def learned_entries(settings: TrainingSettings) -> list[CorpusEntry]:
    """Return the entries that are learned from."""
    left_out = {*settings.corpora_without, *settings.corpora_held_out}
    only: Collection[str] = settings.corpora_only
    return [each for each in entries_of(settings) if each.label not in left_out and (not only or each.label in only)]


def held_out_entries(settings: TrainingSettings) -> list[CorpusEntry]:
    """Return the entries whose documents nothing learns from."""
    return [each for each in entries_of(settings) if each.label in settings.corpora_held_out]


def _listed(path: Path) -> Iterator[CorpusEntry]:
    entries = read_yaml(path)
    if not isinstance(entries, list):
        raise SettingError(f"{path}: holds {type(entries).__name__}, not a list of corpora, each with `- path: FILE`")
    for number, entry in enumerate(entries, start=1):
        try:
            yield CorpusEntry(**_given(entry))
        except (TypeError, ValueError, StrictDataclassError) as error:
            reason = " ".join(str(error).split())
            raise SettingError(
                f"{path}, corpus {number}, {entry}: {reason}; write `- path: FILE`, and mappings of names to names or "
                "null; put quotes around names such as 'No'"
            ) from error


def _given(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in dict(entry).items() if value is not None}
