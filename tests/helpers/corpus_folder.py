"""A small data folder with hand-written documents under the names of the corpora's files."""

from pathlib import Path

from biodir import Document, Relation, format_pubtator, parse_document
from helpers.marked import marked_document


def _as_read(document: Document) -> Document:
    """The document as a PubTator file has it, with title and abstract."""
    return parse_document(format_pubtator(document))


# Two relations of entities that are candidate pairs, one of an entity without a mention; T790M is not linked.
IRON = _as_read(
    marked_document(
        "<C:D1 Iron> raises <G:10 EGFR>. <G:10 EGFR> harms <D:D9;D8 liver> of <S:9606 mice> with <V:- T790M>.",
        id="1",
        relations=(
            Relation("Positive_Correlation", "10", "D1", "Novel", "D1"),
            Relation("Association", "D9", "10", "No"),
            Relation("Bind", "10", "77", "No", "77"),
        ),
    )
)
COPPER = _as_read(marked_document("<C:D2 Copper> heals <D:D7 pain>.", id="2"))
# BC5CDR's own type names, a mention without a concept, and a pair that the chemical induces.
NALOXONE = """\
3|t|Naloxone and rash.
3|a|A rash after naloxone.
3\t0\t8\tNaloxone\tChemical\tD009270
3\t13\t17\trash\tDisease\tD005076
3\t21\t25\trash\tDisease\tD005076
3\t32\t40\tnaloxone\tChemical\t-1
3\tCID\tD009270\tD005076

"""


def write_data_folder(folder: Path, with_bc5cdr: bool = True) -> Path:
    """The folder, with the train and validation splits of the first corpus and the train split of the other."""
    write_split(folder / "bioredirect" / "bioredirect_train.pubtator", IRON, COPPER)
    write_split(folder / "bioredirect" / "bioredirect_dev.pubtator", COPPER)
    if with_bc5cdr:
        write_split(folder / "bc5cdr" / "CDR_TrainingSet.PubTator.txt", NALOXONE)
    return folder


def write_split(path: Path, *documents: Document | str) -> None:
    """Make a PubTator file of documents, or of its text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = [document if isinstance(document, str) else format_pubtator(document) for document in documents]
    path.write_text("".join(blocks), encoding="utf-8", newline="\n")
