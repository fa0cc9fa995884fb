"""The command `biodir errors`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from biodir.cli import check_outputs, check_readable

if TYPE_CHECKING:
    from biodir.evaluation.error_analysis import ErrorAnalysis


def add_errors_command(commands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir`."""
    errors = commands.add_parser(
        "errors",
        help="show what predictions get wrong, as a page to read",
        description="Compares predicted relations with gold ones and writes a page that shows every error with its "
        "sentences, by category. The page is one HTML file that works offline.",
    )
    errors.add_argument("gold", type=Path, metavar="GOLD", help="documents with relations")
    errors.add_argument("predicted", type=Path, metavar="PRED", help="the same documents, as `biodir predict` writes")
    errors.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="HTML file to write")
    errors.set_defaults(run=_errors)


def _errors(options: argparse.Namespace) -> int:
    # Imported here, for `biodir --help` should not wait for transformers.
    from biodir.evaluation.checks import ComparedDocument, comparison_notes
    from biodir.evaluation.error_analysis import error_analysis
    from biodir.evaluation.error_page import write_error_page
    from biodir.evaluation.report import answer_documents, gold_documents

    check_readable([options.gold, options.predicted])
    check_outputs([options.output], [options.gold, options.predicted])
    gold = gold_documents(options.gold)
    predicted = answer_documents(options.predicted, gold)
    analysis = error_analysis(gold, predicted)
    answers = {document.id: document for document in predicted}
    for note in comparison_notes([ComparedDocument(document, answers[document.id]) for document in gold]):
        print(f"biodir: note: {note}", file=sys.stderr)
    write_error_page(analysis, options.output, options.gold.name, options.predicted.name)
    print(errors_summary(analysis))
    print(f"\npage: {options.output}")
    return 0


def errors_summary(analysis: "ErrorAnalysis") -> str:
    """The errors by category, for people to read on one screen; categories without an error are left out."""
    from biodir.evaluation.error_categories import CATEGORIES, WHAT

    counts = analysis.category_counts()
    lines = [
        f"{len(analysis.documents)} documents, {len(analysis.pairs)} pairs that gold or predictions relate, "
        f"{len(analysis.errors)} errors",
    ]
    group = None
    for category in CATEGORIES:
        if not counts[category.name]:
            continue
        if category.group != group:
            group = category.group
            lines += ["", "what is wrong" if group == WHAT else "what makes it hard"]
        title = ("  " if category.part_of else "") + category.title
        lines.append(f"{counts[category.name]:7}  {title}")
    return "\n".join(lines)
