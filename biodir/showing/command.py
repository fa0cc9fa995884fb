"""The commands `biodir view` and `biodir info`."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer import Argument, Option

from biodir.errors_biodir import SettingError
from biodir.files import check_paths, input_name
from biodir.formats.reading import INPUT_HELP
from biodir.options import ErrorsOption, RevisionOption, check_exclusive, end_of, quiet_readers, reading_policy
from biodir.showing.results import read_shown
from biodir.showing.view import printable, show_document

MODEL_HELP = "folder or Hub id; by default $BIODIR_MODEL or that of the checkout"


def view(
    file: Annotated[Path, Argument(metavar="FILE", help=INPUT_HELP)],
    ids: Annotated[list[str] | None, Option("--id", metavar="ID ...", help="show the documents with these ids")] = None,
    limit: Annotated[int | None, Option(min=1, help="show at most so many documents; by default 1")] = None,
    errors: ErrorsOption = "raise",
) -> None:
    """Show documents with their mentions and relations, also those that `biodir predict` found.

    Mentions have the colour of their type; in a file they are in brackets. A relation that raises has an arrow, one
    that lowers a bar, one with another direction a triangle, and one without direction a line.

        biodir view samples/sample.pubtator
        biodir view relations.pubtator --id 37026113 22429397
        biodir view relations.pubtator --limit 100
        biodir view out.jsonl
    """
    check_exclusive(id=ids, limit=limit)
    check_paths([file])
    quiet_readers()
    policy = reading_policy(errors, "characters", split_relations=True)
    # A file or a program gets each relation in one line.
    console = Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())
    wanted = set(ids or ())
    documents = (each for each in read_shown(file, policy) if not wanted or each.document.id in wanted)
    shown = set()
    for found in documents if wanted else islice(documents, limit or 1):
        if found.listing is None:
            show_document(found.document, console)
        else:
            console.print(Text(printable(found.listing)), end="")
        shown.add(found.document.id)
    if wanted - shown:
        raise SettingError(f"{input_name(file)}: has no document {', '.join(sorted(wanted - shown))}; check --id")
    end_of(policy)


def info(
    model: Annotated[str | None, Argument(metavar="MODEL", help=MODEL_HELP)] = None,
    named: Annotated[str | None, Option("--model", help="the same, as the other commands name it")] = None,
    revision: RevisionOption = None,
) -> None:
    """Show what a model is.

    Its form, encoder, tagger, labels, thresholds and what they were found on, and its sizes. The weights are not
    loaded, and torch is not needed. Of a folder of graphs it shows what their manifest has.

        biodir info
        biodir info runs/mine
    """
    if model and named:
        raise SettingError(f"two models are named, {model} and {named}; name one")
    from biodir.checkpoint_names import default_model
    from biodir.showing.model_info import model_lines

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in model_lines(model or named or default_model(), revision):
        table.add_row(name, value)
    Console(file=sys.stdout, highlight=False, markup=False).print(table)
