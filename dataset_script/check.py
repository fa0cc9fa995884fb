"""What corpora hold, counted and compared with what was published of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from biodir.dataset_script.files import FoundFiles
from biodir.dataset_script.sources import PUBLISHED_COUNTS, PUBLISHED_SHARES, PublishedCount, SharedDocuments
from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError


class CountError(BioDirError):
    """Corpora that hold more or less than was published."""


@dataclass(frozen=True)
class SplitContent:
    """The counts of a split by name, and the identifiers of its documents."""

    counts: Mapping[str, int]
    document_ids: frozenset[str]


@dataclass(frozen=True)
class CountRow:
    """One line of the table: a number found and the one published."""

    source: str
    splits: str
    count: str
    found: int
    published: int
    is_compared: bool = True

    @property
    def differs(self) -> bool:
        """Whether the numbers are meant to be equal and are not."""
        return self.is_compared and self.found != self.published


def counts_of(documents: Iterable[Document]) -> SplitContent:
    """What a split holds; the counts by name are those of `sources.PUBLISHED_COUNTS`.

    An overlapping mention starts before one that starts no later has ended; an argument without a mention counts once
    for each relation.
    """
    counts: Counter[str] = Counter()
    document_ids = set()
    for document in documents:
        document_ids.add(document.id)
        counts.update(_mention_counts(document))
        counts.update(_relation_counts(document))
        counts.update({"documents": 1, "subject lines": len(document.subject_lines)})
    return SplitContent(dict(counts), frozenset(document_ids))


def corpus_contents(found: Sequence[FoundFiles]) -> dict[str, dict[str, SplitContent]]:
    """Name of the corpus -> name of the split -> its content, for all splits that are there."""
    return {each.source.name: {file.split.name: counts_of(file.documents()) for file in each.files} for each in found}


def count_rows(
    contents: Mapping[str, Mapping[str, SplitContent]],
    published_counts: Sequence[PublishedCount] = PUBLISHED_COUNTS,
    published_shares: Sequence[SharedDocuments] = PUBLISHED_SHARES,
) -> list[CountRow]:
    """A row for every published number whose splits are all there."""
    rows = []
    for each in published_counts:
        parts = _splits(contents, each.source, each.splits)
        if parts is not None:
            found = sum(part.counts.get(each.count, 0) for part in parts)
            splits = " + ".join(each.splits)
            rows.append(CountRow(each.source, splits, each.count, found, each.value, each.is_compared))
    for shared in published_shares:
        row = _shared_row(contents, shared)
        if row is not None:
            rows.append(row)
    return rows


def count_table(rows: Sequence[CountRow]) -> str:
    """The rows as aligned text, those that differ marked."""
    cells = [("corpus", "split", "count", "found", "published", "")]
    for row in rows:
        mark = "differs" if row.differs else "" if row.is_compared else "not compared: how it was counted is not known"
        cells.append((row.source, row.splits, row.count, str(row.found), str(row.published), mark))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join(_table_line(line, widths) for line in cells)


def check_counts(rows: Sequence[CountRow], place: str) -> None:
    """Nothing where all numbers are the published ones.

    Raises:
        CountError: with every number that differs.
    """
    if not rows:
        raise CountError(f"{place}: holds no split with published counts; name a folder with the corpora")
    different = [row for row in rows if row.differs]
    if different:
        listed = "; ".join(
            f"{row.source} {row.splits}: {row.found} {row.count}, {row.published} published" for row in different
        )
        raise CountError(
            f"{place}: {len(different)} of {len(rows)} counts differ from the published ones: {listed}; "
            "fetch the files again, or do not report results on them as results on the corpus"
        )


def _mention_counts(document: Document) -> Counter[str]:
    counts: Counter[str] = Counter(mentions=len(document.mentions))
    reach = 0
    for mention in sorted(document.mentions, key=lambda mention: (mention.start_char, mention.end_char)):
        counts["overlapping mentions"] += mention.start_char < reach
        counts["unlinked mentions"] += not mention.identifiers
        counts[f"mentions {mention.entity_type}"] += 1
        reach = max(reach, mention.end_char)
    return counts


def _relation_counts(document: Document) -> Counter[str]:
    counts: Counter[str] = Counter(relations=len(document.relations))
    mentioned = {identifier for mention in document.mentions for identifier in mention.identifiers}
    for relation in document.relations:
        counts[f"relations {relation.relation_type}"] += 1
        counts["undirected relations"] += relation.subject_id is None
        arguments = (relation.entity1_id, relation.entity2_id)
        counts["arguments without a mention"] += sum(argument not in mentioned for argument in arguments)
    return counts


def _splits(
    contents: Mapping[str, Mapping[str, SplitContent]], source: str, splits: Sequence[str]
) -> list[SplitContent] | None:
    """The contents of the splits, or None where one is not there."""
    there = contents.get(source, {})
    return [there[name] for name in splits] if all(name in there for name in splits) else None


def _shared_row(contents: Mapping[str, Mapping[str, SplitContent]], shared: SharedDocuments) -> CountRow | None:
    first = _splits(contents, shared.source1, shared.splits1)
    second = _splits(contents, shared.source2, shared.splits2)
    if first is None or second is None:
        return None
    ids1, ids2 = (frozenset().union(*(part.document_ids for part in parts)) for parts in (first, second))
    count = f"documents that are in {shared.source2} {' + '.join(shared.splits2)} as well"
    return CountRow(shared.source1, " + ".join(shared.splits1), count, len(ids1 & ids2), shared.value)


def _table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    words = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[3:5], widths[3:], strict=True)]
    return "  ".join([*words, *numbers, cells[5]]).rstrip()
