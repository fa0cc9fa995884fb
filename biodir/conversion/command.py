"""The command `biodir convert`."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, BadParameter, Option

from biodir.conversion.converting import convert as convert_files
from biodir.conversion.targets import target_of
from biodir.files import STANDARD_OUTPUT, check_paths
from biodir.formats.reading import INPUT_HELP
from biodir.options import (
    ErrorsOption,
    OffsetsOption,
    RelationMapOption,
    SplitOption,
    end_of,
    quiet_readers,
    reading_policy,
)

Format = Literal["pubtator", "jsonl", "biocjson", "biocxml", "parquet"]
Dialect = Literal["pubtator", "bioredirect", "pubtator3"]
OUTPUT_HELP = "file to write: .pubtator, .jsonl, .json (BioC JSON), .xml (BioC XML), .parquet; - is standard output"


def convert(
    inputs: Annotated[list[Path], Argument(metavar="IN... OUT", help=f"{INPUT_HELP}. Last: {OUTPUT_HELP}")],
    output_format: Annotated[Format | None, Option("--format", help="format of the output, if not by suffix")] = None,
    dialect: Annotated[Dialect | None, Option(help="of PubTator output; by default pubtator")] = None,
    gold: Annotated[
        Path | None, Option(metavar="GOLD", help="documents whose entities the input, predictions of a tool, relates")
    ] = None,
    relation_map: RelationMapOption = None,
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
) -> None:
    """Write documents in another format.

    The last file is the output. Each document is read back from what is written: what the format has no place for, such
    as directions in PubTator, is counted at the end.

        biodir convert a.pubtator a.jsonl
        biodir convert a.xml b.jsonl both.pubtator --dialect bioredirect
        biodir convert a.jsonl - --format biocjson
        biodir convert gliner.jsonl out.jsonl --gold gold.pubtator
    """
    *files, output = inputs
    if not files:
        raise BadParameter(f"{output} is the output; name the files to convert before it")
    if gold and len(files) > 1:
        raise BadParameter(f"--gold {gold}: is for the predictions of one file, not {len(files)}")
    if relation_map and not gold:
        raise BadParameter("--relation-map: is for predictions; give the documents that they are about with --gold")
    target = target_of(output, output_format, dialect)
    is_stream = str(output) == STANDARD_OUTPUT
    must_exist = bool(gold) or errors == "raise"
    check_paths([*files, *([gold] if gold else [])], [] if is_stream else [output], must_exist)
    quiet_readers()
    policy = reading_policy(errors, offsets, split_relations)
    if gold:
        from biodir.conversion.predictions import convert_predictions
        from biodir.evaluation.gold_names import parsed_relation_map

        names = parsed_relation_map(relation_map)
        count = convert_predictions(files[0], gold, output, target, policy, names)
    else:
        count = convert_files(files, output, target, policy)
    end_of(policy, f"documents: {count}")
