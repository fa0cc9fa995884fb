"""What corpora hold, counted and compared with what was published of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from biodir.dataset_script.files import FoundFiles
from biodir.dataset_script.sources import PUBLISHED_COUNTS, PublishedCount
from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError


class CountError(BioDirError):
    """Corpora that hold more or less than was published."""


@dataclass(frozen=True)
class SplitContent:
    """The counts of a split by name, and the identifiers of its documents."""

    counts: Mapping[str, int]
    document_ids: frozenset[str]


Contents = Mapping[str, Mapping[str, SplitContent]]  # name of a corpus -> name of a split -> its content


@dataclass(frozen=True)
class CountRow:
    """A published number and the one that was found.

    >>> row = CountRow(PublishedCount("bc5cdr", ("train", "validation"), "documents", 1000), found=999)
    >>> row.splits, row.differs
    ('train + validation', True)
    """

    published: PublishedCount
    found: int

    @property
    def splits(self) -> str:
        """The splits as text."""
        return " + ".join(self.published.splits)

    @property
    def differs(self) -> bool:
        """Whether the numbers should be equal and are not."""
        return self.found != self.published.value


def counts_of(documents: Iterable[Document]) -> SplitContent:
    """Return what a split holds; the counts by name are those of `sources.PUBLISHED_COUNTS`.

    A mention overlaps if it starts before an earlier one has ended; an argument without a mention counts once for each
    relation.
    """
    counts: Counter[str] = Counter()
    document_ids = set()
    for document in documents:
        document_ids.add(document.id)
        counts.update(_mention_counts(document))
        counts.update(_relation_counts(document))
        counts.update({"documents": 1, "subject lines": len(document.subject_lines)})
    return SplitContent(counts, frozenset(document_ids))


def corpus_contents(found: Sequence[FoundFiles]) -> Contents:
    """Return the content of every split that is there."""
    return {each.source.name: {file.split.name: counts_of(file.documents()) for file in each.files} for each in found}


def count_rows(contents: Contents, published_counts: Sequence[PublishedCount] = PUBLISHED_COUNTS) -> list[CountRow]:
    """Return a row for every published number whose splits are all there."""
    rows = []
    for published in published_counts:
        parts = _splits(contents, published.source, published.splits)
        others = _splits(contents, published.shared_source, published.shared_splits)
        if len(parts) == len(published.splits) and len(others) == len(published.shared_splits):
            ids, other_ids = ({each for part in group for each in part.document_ids} for group in (parts, others))
            found = len(ids & other_ids) if others else sum(part.counts.get(published.count, 0) for part in parts)
            rows.append(CountRow(published, found))
    return rows


def count_table(rows: Sequence[CountRow]) -> str:
    """Return the rows as aligned text; those that differ are marked."""
    cells = [["corpus", "split", "count", "found", "published", ""]]
    for row in rows:
        published = row.published
        mark = "differs" if row.differs else ""
        cells.append([published.source, row.splits, published.count, str(row.found), str(published.value), mark])
    return "\n".join(aligned(cells, right={3, 4}))


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Return a line for each row, with the cells of a column below each other; `right` are columns of numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def check_counts(rows: Sequence[CountRow], place: str) -> None:
    """Check that all numbers are the published ones.

    Raises:
        CountError: names every number that differs.
    """
    if not rows:
        raise CountError(f"{place}: holds no split with published counts; name a folder with the corpora")
    different = [
        f"{row.published.source} {row.splits}: {row.found} {row.published.count}, {row.published.value} published"
        for row in rows
        if row.differs
    ]
    if different:
        raise CountError(
            f"{place}: {len(different)} of {len(rows)} counts differ from the published ones: {'; '.join(different)}; "
            "fetch the files again, or do not report results on them as results on the corpus"
        )


def _splits(contents: Contents, source: str, splits: Sequence[str]) -> list[SplitContent]:
    """Return the contents of those splits that are there."""
    there = contents.get(source, {})
    return [there[split] for split in splits if split in there]


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
