"""The content of corpora, counted and compared with what was published."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from biodir.dataset_script.files import FoundFiles
from biodir.dataset_script.sources import PUBLISHED_COUNTS, PublishedCount
from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError


class CountError(BioDirError):
    """Corpora that hold more or less than was published.

    >>> published = PublishedCount("bc5cdr", ("train",), "documents", 500)
    >>> try:
    ...     check_counts({published: 499}, "data")
    ... except CountError as error:
    ...     print(str(error).partition(";")[0])
    data: 1 of 1 counts differ from the published ones: bc5cdr train: 499 documents, 500 published
    """


Contents = Mapping[tuple[str, str], Sequence[Document]]  # name of a corpus, name of a split -> its documents


def counts_of(documents: Iterable[Document]) -> Counter[str]:
    """Return the counts of a split by name; the names are those of `sources.PUBLISHED_COUNTS`."""
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(f"mentions {mention.entity_type}" for mention in document.mentions)
        counts.update(f"relations {relation.relation_type}" for relation in document.relations)
        counts["documents"] += 1
        counts["mentions"] += len(document.mentions)
        counts["unlinked mentions"] += sum(not mention.identifiers for mention in document.mentions)
        counts["relations"] += len(document.relations)
        counts["undirected relations"] += sum(relation.subject_id is None for relation in document.relations)
        counts["subject lines"] += len(document.subject_lines)
    return counts


def corpus_contents(found: Sequence[FoundFiles]) -> Contents:
    """Return the documents of every split that is there."""
    return {(each.source.name, file.split): list(file.documents()) for each in found for file in each.files}


def found_counts(
    contents: Contents, published_counts: Iterable[PublishedCount] = PUBLISHED_COUNTS
) -> dict[PublishedCount, int]:
    """Return the number that was found for every published number whose splits are all there."""
    counts = {key: counts_of(documents) for key, documents in contents.items()}
    found = {}
    for published in published_counts:
        keys = [(published.source, split) for split in published.splits]
        shared = [(published.shared_source, split) for split in published.shared_splits]
        if not contents.keys() >= {*keys, *shared}:
            continue
        if shared:
            ids, shared_ids = ({each.id for key in part for each in contents[key]} for part in (keys, shared))
            found[published] = len(ids & shared_ids)
        else:
            found[published] = sum(counts[key][published.count] for key in keys)
    return found


def count_table(found: Mapping[PublishedCount, int]) -> str:
    """Return a line for each number, aligned; those that differ are marked."""
    rows = [["corpus", "split", "count", "found", "published", ""]]
    for published, number in found.items():
        mark = "" if number == published.value else "differs"
        names = (published.source, " + ".join(published.splits), published.count)
        rows.append([*names, str(number), str(published.value), mark])
    return "\n".join(aligned(rows, right={3, 4}))


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Return a line for each row, with the cells of a column below each other; `right` are columns of numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = enumerate(zip(row, widths, strict=True))
        padded = [cell.rjust(width) if column in right else cell.ljust(width) for column, (cell, width) in cells]
        lines.append("  ".join(padded).rstrip())
    return lines


def check_counts(found: Mapping[PublishedCount, int], place: str) -> None:
    """Check that all numbers are the published ones."""
    if not found:
        raise CountError(f"{place}: holds no split with published counts; name a folder with the corpora")
    different = [
        f"{published.source} {' + '.join(published.splits)}: {number} {published.count}, {published.value} published"
        for published, number in found.items()
        if number != published.value
    ]
    if different:
        raise CountError(
            f"{place}: {len(different)} of {len(found)} counts differ from the published ones: {'; '.join(different)}; "
            "fetch the files again, or do not report results on them as results on the corpus"
        )
