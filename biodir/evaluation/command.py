"""The commands `biodir evaluate`, `biodir calibrate` and `biodir errors`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from tqdm import tqdm
from typer import Argument, Option

from biodir.errors_biodir import SettingError
from biodir.files import check_paths, write_atomic, write_json
from biodir.options import (
    BackendOption,
    DeviceOption,
    DirectionOption,
    ErrorsOption,
    ModelOption,
    OffsetsOption,
    SplitOption,
    end_of,
    quiet_pipeline,
    reading_policy,
)

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.

GoldArgument = Annotated[Path, Argument(metavar="GOLD", help="file with relations, in any format of `biodir predict`")]
PlainTextOption = Annotated[
    bool | None,
    Option(
        "--plain-text/--no-plain-text",
        help="score mentions that were found in plain texts, and their relations; by default if the model has a tagger",
    ),
]
TRAIN_HELP = "documents that the model learned from; rules and words of directions are found on these"
PageOption = Annotated[Path, Option("-o", "--output", metavar="OUT", help="HTML file to write")]


def evaluate(
    gold_file: GoldArgument,
    predicted_file: Annotated[Path | None, Argument(metavar="PRED", help="file with predictions, likewise")] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "torch",
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    plain_text: PlainTextOption = None,
    min_direction_score: DirectionOption = None,
    against: Annotated[Path | None, Option(metavar="PRED2", help="another system's predictions, to compare")] = None,
    resamples: Annotated[int, Option(help="times the documents are drawn")] = 1000,
    seed: Annotated[int, Option(help="of the draws")] = 1,
    json: Annotated[Path | None, Option(metavar="OUT", help="file for the figures, in 0..1")] = None,
    plot: Annotated[Path | None, Option(metavar="OUT", help="file for a picture: .png, .svg or .pdf")] = None,
) -> None:
    """Score predictions, or a model, against gold relations.

    Complete documents are compared: a gold relation whose pair was never scored counts as missed, and documents that
    the predictions lack count as documents without relations. Predictions may hold relations only, without texts. The
    intervals come from documents that are drawn many times with replacement.

    A model with a tagger is also scored on the plain texts: its mentions, and the relations between its own entities,
    which are matched to gold's by their mentions. Predictions are scored so with --plain-text.

        biodir evaluate gold.pubtator --model runs/mine --json scores.json
        biodir evaluate gold.pubtator a.pubtator --against b.pubtator
    """
    from biodir.evaluation.evaluations import evaluate_file, evaluate_model, with_comparison
    from biodir.evaluation.intervals import Resampling
    from biodir.evaluation.plots import check_plot_path, write_plot
    from biodir.evaluation.predictions import read_gold, read_predictions
    from biodir.evaluation.tables import comparison_table, report_table

    inputs = [path for path in (gold_file, predicted_file, against) if path]
    check_paths(inputs, [path for path in (json, plot) if path])
    if predicted_file and model:
        raise SettingError(f"{predicted_file} and --model {model}: give predictions or a model, not both")
    if plot:
        check_plot_path(plot)
    policy, resampling = reading_policy(errors, offsets, split_relations), Resampling(resamples, seed)
    # A model with a tagger needs no gold relations.
    gold = read_gold(gold_file, policy, needs_relations=not plain_text if predicted_file else plain_text is False)
    other = read_predictions(against, gold, policy) if against else None
    if predicted_file:
        found = evaluate_file(predicted_file, gold, policy, resampling, bool(plain_text), min_direction_score)
    else:
        extract, progress = quiet_pipeline(model, device, backend), partial(tqdm, unit=" documents", disable=None)
        found = evaluate_model(extract, gold, policy, resampling, plain_text, progress, min_direction_score)
    if plot and not found.has_relations:
        raise SettingError(f"--plot {plot}: shows relations of gold's entities, which were not scored; leave it out")
    if against and other is not None:
        found = with_comparison(found, other, against)
    print(report_table(found.report))
    if other is not None:
        print("\n" + comparison_table(found.report["comparison"]))
    if json:
        write_json(json, found.report)
    if plot:
        write_plot(plot, found.report, found.gold, found.predicted, found.labels)
    end_of(policy)


def calibrate(
    gold_file: GoldArgument,
    model: ModelOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "torch",
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    write: Annotated[bool, Option("--write", help="store them in the model's config.json (a folder)")] = False,
) -> None:
    """Find the threshold of each relation type on development documents.

    Find also the biases of novelty and direction that serve these documents best. The scores to report are those of
    other documents.

        biodir calibrate dev.pubtator --model runs/mine --write
    """
    from biodir.evaluation.predictions import checked_gold, read_gold
    from biodir.evaluation.thresholds_report import calibration_run, config_file, store_rule, thresholds_table

    check_paths([gold_file])
    policy = reading_policy(errors, offsets, split_relations)
    gold = read_gold(gold_file, policy)
    extract: Any = quiet_pipeline(model, device, backend)
    folder = Path(extract.config.name_or_path)
    if write:
        config_file(folder)
    gold = checked_gold(extract.check_document, gold, policy)
    run = calibration_run(extract, gold, partial(tqdm, unit=" batches", disable=None))
    print(thresholds_table(run))
    if write:
        store_rule(run, folder)
        print(f"\nstored in {folder / 'config.json'}")
    end_of(policy)


def error_page_command(
    gold_file: GoldArgument,
    predicted_file: Annotated[Path, Argument(metavar="PRED", help="their predictions, with --dialect bioredirect")],
    output: PageOption,
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    train: Annotated[Path | None, Option(metavar="TRAIN", help=TRAIN_HELP)] = None,
    json: Annotated[Path | None, Option(metavar="OUT", help="file for the figures of the directions")] = None,
) -> None:
    """Show what predictions get wrong, as a page to read.

    Every relation that is missed, spurious or wrong is there with its sentences, by category. The page is one HTML file
    that works offline. Where gold has directions, the page and the terminal show how often these are right and what
    leaving unsure ones open costs; with --train also how they are annotated, what rules get and which words carry them.

        biodir errors gold.pubtator predictions.pubtator -o errors.html
        biodir errors dev.jsonl pred.jsonl -o errors.html --train train.jsonl
    """
    from biodir.evaluation.checks import compared_documents, comparison_notes
    from biodir.evaluation.direction_report import direction_report
    from biodir.evaluation.direction_tables import direction_tables
    from biodir.evaluation.error_analysis import error_analysis
    from biodir.evaluation.error_page import error_page
    from biodir.evaluation.predictions import read_gold, read_predictions

    check_paths([path for path in (gold_file, predicted_file, train) if path], [output, *([json] if json else [])])
    policy = reading_policy(errors, offsets, split_relations)
    gold = read_gold(gold_file, policy)
    predicted = read_predictions(predicted_file, gold, policy)
    for note in comparison_notes(compared_documents(gold, predicted)):
        print(f"biodir: note: {note}", file=sys.stderr)
    analysis = error_analysis(gold, predicted)
    direction = direction_report(analysis, read_gold(train, policy) if train else ())
    if json and not direction:
        raise SettingError(f"--json {json}: {gold_file} annotates no directions, so that there are no figures of these")
    write_atomic(output, error_page(analysis, gold_file.name, predicted_file.name, direction))
    if json:
        write_json(json, direction)
    relations = f"{len(analysis.comparisons)} relations of gold or predictions"
    print(f"{len(analysis.documents)} documents, {relations}, {len(analysis.errors)} errors\n")
    for category, count in analysis.category_counts().items():
        print(f"{count:7}  {category.title}")
    print(f"\n{direction_tables(direction)}\n" if direction else "")
    print(f"page: {output}")
    end_of(policy)
