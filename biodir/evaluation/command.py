"""The commands `biodir evaluate`, `biodir calibrate` and `biodir errors`."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tqdm import tqdm
from typer import Argument, Option

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError, located, plural
from biodir.evaluation.counting import CountedPairs, Counting, Protocol
from biodir.files import check_paths, write_atomic, write_json
from biodir.options import (
    BackendOption,
    DeviceOption,
    DirectionOption,
    ErrorsOption,
    ModelOption,
    OffsetsOption,
    RelationMapOption,
    RevisionOption,
    SplitOption,
    end_of,
    quiet_pipeline,
    quiet_readers,
    reading_policy,
)

if TYPE_CHECKING:
    from biodir.evaluation.evaluations import Evaluation
    from biodir.evaluation.intervals import Resampling

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.

GoldArgument = Annotated[Path, Argument(metavar="GOLD", help="file with relations, in any format of `biodir predict`")]
PlainTextOption = Annotated[
    bool | None,
    Option(
        "--plain-text/--no-plain-text",
        help="score mentions that were found in plain texts, and their relations; by default if the model has a tagger",
    ),
]
PredictedArgument = Annotated[
    list[Path] | None, Argument(metavar="PRED", help="files with predictions, likewise; several are compared")
]
PairTypesOption = Annotated[
    CountedPairs, Option("--pair-types", help="relations that are counted: all, or of BioRED's eight or BioREx's five")
]
ProtocolOption = Annotated[
    Protocol, Option(help="complete: pairs that are no candidates are missed; released: as BioREDirect's code counts")
]
TRAIN_HELP = "documents that the model learned from; rules and words of directions are found on these"
_BAR = partial(tqdm, unit=" documents", disable=None)
PageOption = Annotated[Path, Option("-o", "--output", metavar="OUT", help="HTML file to write")]


def evaluate(
    gold_file: GoldArgument,
    predicted_files: PredictedArgument = None,
    model: ModelOption = None,
    revision: RevisionOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "torch",
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    pair_types: PairTypesOption = "all",
    protocol: ProtocolOption = "complete",
    relation_map: RelationMapOption = None,
    plain_text: PlainTextOption = None,
    min_direction_score: DirectionOption = None,
    against: Annotated[Path | None, Option(metavar="PRED2", help="another system's predictions, to compare")] = None,
    resamples: Annotated[int, Option(help="times the documents are drawn")] = 1000,
    seed: Annotated[int, Option(help="of the draws")] = 1,
    json: Annotated[Path | None, Option(metavar="OUT", help="file for the figures, in 0..1")] = None,
    plot: Annotated[Path | None, Option(metavar="OUT", help="file for a picture: .png, .svg or .pdf")] = None,
) -> None:
    """Score predictions, or a model, against gold relations; or several systems' predictions together.

    Complete documents are compared: a gold relation whose pair was never scored counts as missed, and documents that
    the predictions lack count as documents without relations. Predictions may hold relations only, without texts. The
    intervals come from documents that are drawn many times with replacement, and every two systems are tested.

    A model with a tagger is also scored on the plain texts: its mentions, and the relations between its own entities,
    which are matched to gold's by their mentions. Predictions are scored so with --plain-text.

        biodir evaluate gold.pubtator --model runs/mine --json scores.json
        biodir evaluate gold.pubtator a.pubtator --against b.pubtator
        biodir evaluate gold.pubtator a.pubtator b.xml c.jsonl --plot plot.png
    """
    from biodir.evaluation.evaluations import evaluate_model, evaluate_predictions
    from biodir.evaluation.gold_names import parsed_relation_map
    from biodir.evaluation.intervals import Resampling
    from biodir.evaluation.predictions import MENTIONS_ADVICE, check_direction_score, read_gold, sure_predictions

    check_direction_score(min_direction_score)
    files = predicted_files or []
    check_paths([path for path in (gold_file, *files, against) if path], [path for path in (json, plot) if path])
    _check_options(files, model, revision, against, plain_text, relation_map, plot)
    quiet_readers()
    resampling, counting = Resampling(resamples, seed), Counting(pair_types, protocol)
    policy = reading_policy(errors, offsets, split_relations)
    needs_relations = not plain_text if files else plain_text is False  # a model with a tagger needs none
    gold = read_gold(gold_file, policy, needs_relations, MENTIONS_ADVICE)
    _check_plot(plot, not (files and plain_text) and any(document.relations for document in gold))
    own_entities = bool(files and plain_text)  # relations of a model are compared between gold's entities
    settings = policy, parsed_relation_map(relation_map), own_entities, min_direction_score
    systems = [sure_predictions(path, gold, *settings) for path in files]
    if len(files) > 1:
        _evaluate_systems(files, systems, gold, resampling, counting, min_direction_score, json, plot)
        return end_of(policy)
    other = sure_predictions(against, gold, *settings) if against else None
    if files:
        found = evaluate_predictions(files[0], systems[0], gold, resampling, bool(plain_text), counting)
    else:
        extract, counted = quiet_pipeline(model, device, backend, revision), (counting, min_direction_score)
        _check_plot(plot, bool(extract.config.tasks))
        found = evaluate_model(extract, gold, policy, resampling, plain_text, _BAR, *counted, str(gold_file))
    _show_evaluation(found, other, against, min_direction_score, json, plot)
    end_of(policy)


def _check_options(
    files: Sequence[Path],
    model: str | None,
    revision: str | None,
    against: Path | None,
    plain_text: bool | None,
    relation_map: Sequence[str] | None,
    plot: Path | None,
) -> None:
    """Check that the options are those of one kind of evaluation, and that a picture can be written."""
    from biodir.evaluation.plots import check_plot_path

    if files and model:
        raise SettingError(f"{files[0]} and --model {model}: give predictions or a model, not both")
    if files and revision:
        raise SettingError(f"{files[0]} and --revision {revision}: predictions have no revision; leave it out")
    if len(files) > 1 and against:
        raise SettingError(f"--against {against}: with several files of predictions, name this one after them instead")
    if len(files) > 1 and plain_text:
        raise SettingError("--plain-text is for one file of predictions; compare two with --against")
    if relation_map and not (files or against):
        raise SettingError("--relation-map is for files of predictions; leave it out")
    if plot:
        check_plot_path(plot)


def _check_plot(plot: Path | None, has_relations: bool) -> None:
    if plot and not has_relations:
        raise SettingError(f"--plot {plot}: shows relations of gold's entities, which are not scored; leave it out")


def _evaluate_systems(
    files: Sequence[Path],
    systems: Sequence[Sequence[Document]],
    gold: Sequence[Document],
    resampling: "Resampling",
    counting: Counting,
    min_direction_score: float | None,
    json: Path | None,
    plot: Path | None,
) -> None:
    from biodir.evaluation.evaluations import with_thresholds
    from biodir.evaluation.systems import system_names, systems_report
    from biodir.evaluation.systems_plot import write_systems_plot
    from biodir.evaluation.systems_tables import systems_table

    report = systems_report(gold, dict(zip(system_names(files), systems, strict=True)), resampling, counting)
    report = with_thresholds(report, min_direction_score)
    # Files come first: the report may go to a program that reads its start only, such as head.
    if json:
        write_json(json, report)
    if plot:
        write_systems_plot(plot, report)
    print(systems_table(report))


def _show_evaluation(
    found: "Evaluation",
    other: Sequence[Document] | None,
    against: Path | None,
    min_direction_score: float | None,
    json: Path | None,
    plot: Path | None,
) -> None:
    from biodir.evaluation.evaluations import with_comparison, with_thresholds
    from biodir.evaluation.plots import write_plot
    from biodir.evaluation.tables import comparison_table, report_table

    if against and other is not None:
        found = with_comparison(found, other, against)
    report = with_thresholds(found.report, min_direction_score)
    # Files come first: the report may go to a program that reads its start only, such as head.
    if json:
        write_json(json, report)
    if plot and found.has_relations:
        write_plot(plot, found.report, found.gold, found.predicted, found.labels, found.counting)
    print(report_table(report))
    if other is not None:
        print("\n" + comparison_table(report["comparison"]))
    _check_plot(plot, found.has_relations)  # documents may have been left out


def calibrate(
    gold_file: GoldArgument,
    model: ModelOption = None,
    revision: RevisionOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "torch",
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    scores_only: Annotated[
        bool, Option("--scores-only", help="keep thresholds, biases and all decisions; find only the scaling of scores")
    ] = False,
    write: Annotated[bool, Option("--write", help="store them in the model's config.json (a folder)")] = False,
) -> None:
    """Find the threshold of each relation type on development documents, and a scaling of the scores.

    Find also the biases of novelty and direction that serve these documents best, and then slope and offset of each
    task, by which its scores agree with how often they are right. The figures to report are those of other documents.

        biodir calibrate dev.pubtator --model runs/mine --write
        biodir calibrate dev.pubtator --model runs/mine --scores-only --write
    """
    from biodir.evaluation.predictions import checked_gold, read_gold
    from biodir.evaluation.thresholds_report import (
        calibration_run,
        check_relation_head,
        config_file,
        scaling_table,
        store_rule,
        thresholds_table,
    )

    check_paths([gold_file])
    quiet_readers()
    policy = reading_policy(errors, offsets, split_relations)
    gold = read_gold(gold_file, policy)
    extract: Any = quiet_pipeline(model, device, backend, revision)
    folder = Path(extract.config.name_or_path)
    if write:
        config_file(folder)
    gold = checked_gold(extract.check_document, gold, policy, str(gold_file))
    check_relation_head(extract.config.relation_labels, scores_only)
    with located(str(gold_file)):
        run = calibration_run(extract, gold, partial(tqdm, unit=" batches", disable=None), scores_only)
    if not scores_only:
        print(thresholds_table(run) + "\n")
    print(scaling_table(run))
    if write:
        store_rule(run, folder)
        print(f"\nstored in {folder / 'config.json'}")
    else:
        print("\nnot stored; --write stores it in the model's config.json")
    end_of(policy)


def error_page_command(
    gold_file: GoldArgument,
    predicted_file: Annotated[Path, Argument(metavar="PRED", help="their predictions, with --dialect bioredirect")],
    output: PageOption,
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
    relation_map: RelationMapOption = None,
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
    from biodir.evaluation.gold_names import parsed_relation_map
    from biodir.evaluation.predictions import read_gold, read_predictions
    from biodir.evaluation.report import unannotated_notes

    check_paths([path for path in (gold_file, predicted_file, train) if path], [output, *([json] if json else [])])
    quiet_readers()
    policy = reading_policy(errors, offsets, split_relations)
    gold = read_gold(gold_file, policy)
    predicted = read_predictions(predicted_file, gold, policy, parsed_relation_map(relation_map))
    analysis = error_analysis(gold, predicted)
    direction = direction_report(analysis, read_gold(train, policy) if train else ())
    if direction and train and "rules" not in direction:
        raise AnnotationError(
            f"--train {train}: no relation of two mentioned entities has a direction, so that there are no rules and "
            "words to find; give documents with directions, or leave out --train"
        )
    if json and not direction:
        raise SettingError(f"--json {json}: {gold_file} annotates no directions, so that there are no figures of these")
    compared = compared_documents(gold, predicted)
    for note in [*unannotated_notes(compared, "errors"), *comparison_notes(compared)]:
        print(f"biodir: note: {note}", file=sys.stderr)
    write_atomic(output, error_page(analysis, gold_file.name, predicted_file.name, direction))
    if json:
        write_json(json, direction)
    relations = f"{plural(len(analysis.comparisons), 'relation')} of gold or predictions"
    errors_found = plural(len(analysis.errors), "error")
    print(f"{plural(len(analysis.documents), 'document')}, {relations}, {errors_found}\n")
    for category, count in analysis.category_counts().items():
        print(f"{count:7}  {category.title}")
    print(f"\n{direction_tables(direction)}\n" if direction else "")
    print(f"page: {output}")
    end_of(policy)
