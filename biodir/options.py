"""What commands share: options, and a pipeline without library output."""

import logging
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tqdm import tqdm
from typer import BadParameter, Exit, Option

from biodir.allocator import keep_freed_memory
from biodir.errors_biodir import ErrorPolicy
from biodir.formats.reading import first_parts
from biodir.inference import Backend

if TYPE_CHECKING:
    from biodir.pipeline_extraction_biodir import RelationExtraction

ModelOption = Annotated[str | None, Option(help="folder or Hub id; by default $BIODIR_MODEL or that of the checkout")]
REVISION_HELP = "branch, tag or commit of a Hub id, for all its files"
RevisionOption = Annotated[str | None, Option(metavar="REV", help=REVISION_HELP)]
DeviceOption = Annotated[str | None, Option(help="such as cpu, cuda:0 or 0; by default an accelerator if there is one")]
BACKEND_HELP = (
    "library and precision; all but torch and bf16 need a CPU; auto: graphs of `biodir export-onnx` where there are "
    "some, else torch"
)
BackendOption = Annotated[Backend, Option(help=BACKEND_HELP)]
ErrorsOption = Annotated[
    Literal["raise", "skip-document", "skip-mention"],
    Option(help="stop at an error; or leave out the document, or only the mention or relation, that has it"),
]
OffsetsOption = Annotated[
    Literal["characters", "utf-16", "bytes"], Option(help="what the offsets of the files count; bytes are UTF-8")
]
SplitOption = Annotated[
    bool, Option("--split-relations", help="make a relation of three and more entities one of each pair of them")
]
RelationMapOption = Annotated[
    list[str] | None,
    Option(metavar="NAME=TYPE ...", help="other names of relation types in predictions; NAME= leaves such out"),
]
DIRECTION_HELP = "relations with a lower score of their direction are undirected (0..1)"
DirectionOption = Annotated[float | None, Option("--min-direction-score", help=DIRECTION_HELP)]
# Exit status of a run that left out files or documents.
INCOMPLETE = 3


def reading_policy(
    errors: str, offsets: str, split_relations: bool = False, relations: bool = True, finds_entities: bool = False
) -> ErrorPolicy:
    """Return the policy of the options; it names on standard error what is left out."""
    on_skip = first_parts(lambda line: tqdm.write(f"biodir: {line}", file=sys.stderr), always=("file", "document"))
    return ErrorPolicy(errors, offsets, split_relations, relations, finds_entities, on_skip)


def end_of(policy: ErrorPolicy, counts: str = "") -> None:
    """Print counts and what was left out or read otherwise on standard error; end incomplete runs with their status."""
    lines = [counts] if counts else []
    for line in (*lines, *policy.summary()):
        print(f"biodir: {line}", file=sys.stderr)
    if policy.skipped_number("file") or policy.skipped_number("document"):
        raise Exit(INCOMPLETE)


def check_exclusive(**given: Any) -> None:
    """Check that at most one of the options has a value; else a usage error."""
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(names) > 1:
        raise BadParameter(f"{' and '.join(names)}: give one of them")


class _Notes(logging.Handler):
    """Shows warnings of the pipeline; those of the readers come in the summary."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING and record.name == "biodir.pipeline_extraction_biodir":
            tqdm.write(f"biodir: {record.getMessage()}", file=sys.stderr)


def quiet_readers() -> None:
    """Keep what the readers log from standard error; the summary of the command has it."""
    logger = logging.getLogger("biodir")
    if not any(isinstance(handler, _Notes) for handler in logger.handlers):
        logger.addHandler(_Notes())


def quiet_pipeline(
    model: str | None, device: str | None, backend: Backend, revision: str | None = None
) -> "RelationExtraction":
    """Return the pipeline of the model options; libraries print nothing, and the command shows what biodir logs."""
    from biodir.inference.opening import open_pipeline  # here, because `--help` should not wait for it

    quiet_readers()
    keep_freed_memory()
    number = int(device) if device and device.isdecimal() else device
    warn = lambda line: tqdm.write(f"biodir: {line}", file=sys.stderr)  # noqa: E731
    return open_pipeline(model, number, backend, warn, revision)
