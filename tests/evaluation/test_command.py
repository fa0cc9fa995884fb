"""The commands `biodir evaluate`, `biodir calibrate` and `biodir errors`: what they print and write, their errors."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from biodir import read_pubtator, write_pubtator
from biodir.cli import main
from biodir.evaluation.counting import Counting
from biodir.evaluation.direction_report import direction_report
from biodir.evaluation.direction_tables import direction_tables
from biodir.evaluation.error_analysis import error_analysis
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import comparison_report, evaluation_report
from biodir.evaluation.systems import systems_report
from biodir.evaluation.systems_tables import systems_table
from biodir.evaluation.tables import comparison_table, report_table
from biodir.labels_biodir import ENTITY_TYPES, LEVELS, bio_labels
from helpers.checkout import CHECKOUT
from helpers.scored_documents import GOLD, PREDICTED, surest_gold
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

FEW = Resampling(resamples=20, seed=3)
FEW_OPTIONS = ("--resamples", "20", "--seed", "3")
TUNED = "note: the model was calibrated on 2 of these 2 documents; report the scores of others"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("evaluation_command"))


@pytest.fixture(scope="module")
def dev(checkpoint):
    return surest_gold(open_pipeline(checkpoint))


@pytest.fixture
def folder(tmp_path, dev, monkeypatch):
    """The folder that the commands run in: gold documents, the predictions of two systems, and those for the model."""
    monkeypatch.chdir(tmp_path)
    write_pubtator(GOLD, tmp_path / "gold.pubtator")
    write_pubtator(PREDICTED, tmp_path / "pred.pubtator")
    write_pubtator([replace(document, relations=()) for document in GOLD], tmp_path / "nothing.pubtator")
    write_pubtator(dev, tmp_path / "dev.pubtator")
    return tmp_path


def failure(capfd, *arguments):
    """The one line that the command ends with."""
    assert main(list(map(str, arguments))) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line.removeprefix("biodir: error: ")


def test_files_are_written_though_nobody_reads_the_report(folder, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    for systems in (["pred.pubtator"], ["pred.pubtator", "nothing.pubtator"]):
        outputs = [folder / f"{len(systems)}.json", folder / f"{len(systems)}.svg"]
        with monkeypatch.context() as patched:
            patched.setattr("builtins.print", closed)
            main(
                [
                    "evaluate",
                    "gold.pubtator",
                    *systems,
                    *FEW_OPTIONS,
                    "--json",
                    f"{outputs[0]}",
                    "--plot",
                    f"{outputs[1]}",
                ]
            )
        assert all(each.stat().st_size for each in outputs)


# Files.


def test_predictions_are_scored_and_shown_where_torch_is_not_installed(folder):
    commands = (
        ["evaluate", "gold.pubtator", "pred.pubtator", "--against", "nothing.pubtator", *FEW_OPTIONS],
        ["evaluate", "gold.pubtator", "gold.pubtator", "--plain-text", *FEW_OPTIONS],
        ["errors", "gold.pubtator", "pred.pubtator", "-o", "errors.html"],
    )
    code = "import sys\nsys.modules |= dict.fromkeys(('torch', 'transformers', 'safetensors'))\n"
    code += f"sys.path.insert(0, {str(CHECKOUT)!r})\nfrom biodir.cli import main\n"
    code += f"print([main(command) for command in {commands!r}])"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0, 0, 0]", done.stderr


def test_figures_are_printed_and_go_to_json_and_a_picture(folder, capfd):
    outputs = ["--json", "out.json", "--plot", "out.svg", "--against", "nothing.pubtator"]
    assert main(["evaluate", "gold.pubtator", "pred.pubtator", *outputs, *FEW_OPTIONS]) == 0
    sides = [list(read_pubtator(folder / f"{name}.pubtator")) for name in ("gold", "pred", "nothing")]
    report, comparison = evaluation_report(*sides[:2], FEW), comparison_report(*sides, FEW)
    nothing = "the predictions hold no relation at all: every recall is 0 because nothing was predicted"
    report["notes"].append(f"nothing.pubtator: {nothing}")
    assert capfd.readouterr() == (f"{report_table(report)}\n\n{comparison_table(comparison)}\n", "")
    expected = {**report, "comparison": comparison, "thresholds": {"min_direction_score": None}}
    assert json.loads((folder / "out.json").read_text()) == expected
    assert "<!-- 4 documents, 7 related pairs -->" in (folder / "out.svg").read_text()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate absent.txt pred.pubtator", "absent.txt: there is no such file; check the path"),
        ("evaluate empty.pubtator pred.pubtator", "empty.pubtator: holds no documents; give documents"),
        (
            "evaluate dev.pubtator dev.pubtator --against pred.pubtator",
            "pred.pubtator: documents differ: 2 only in the predictions (3, 4)",
        ),
        ("evaluate gold.pubtator unknown.pubtator", "unknown.pubtator:1: predictions: document 1 has the novelty 'N"),
        (
            "evaluate gold.pubtator pred.pubtator --model folder",
            "pred.pubtator and --model folder: give predictions or",
        ),
        (
            "evaluate gold.pubtator pred.pubtator --revision v1",
            "pred.pubtator and --revision v1: predictions have no r",
        ),
        ("evaluate dev.pubtator --revision v1 --model {}", "revision v1: {} is a folder, and only Hub ids have"),
        ("calibrate dev.pubtator --revision v1 --model {}", "revision v1: {} is a folder, and only Hub ids have"),
        ("predict dev.pubtator --revision v1 --model {}", "revision v1: {} is a folder, and only Hub ids have"),
        ("export-onnx graphs --revision v1 --model {}", "revision v1: {} is a folder, and only Hub ids have"),
        ("serve --revision v1 --model {}", "revision v1: {} is a folder, and only Hub ids have"),
        (
            "evaluate gold.pubtator pred.pubtator dev.pubtator --against pred.pubtator",
            "--against pred.pubtator: ",
        ),
        (
            "evaluate gold.pubtator pred.pubtator nothing.pubtator --plain-text",
            "--plain-text is for one file",
        ),
        (
            "evaluate gold.pubtator pred.pubtator --plain-text --pair-types five",
            "--pair-types and --protocol ",
        ),
        ("evaluate gold.pubtator pred.pubtator pred.pubtator", "pred.pubtator: given twice; name each system's"),
        ("evaluate gold.pubtator --model folder --relation-map a=Bind", "--relation-map is for files of predictions; "),
        (
            "evaluate gold.pubtator gold.pubtator --min-direction-score 0.5",
            "gold.pubtator: 4 directed relations without a score of their direction",
        ),
        (
            "evaluate gold.pubtator gold.pubtator nothing.pubtator --min-direction-score 0.5",
            "gold.pubtator: 4 directed relations without a score of their direction",
        ),
        (
            "evaluate gold.pubtator --min-direction-score 1.5 --model absent",
            "--min-direction-score is 1.5; scores ",
        ),
        ("evaluate plain.pubtator --plain-text --plot a.png --model absent", "--plot a.png: shows relations of gold's"),
        ("calibrate one.pubtator --model {} --device cpu", "one.pubtator: 1 document cannot be split; give at least "),
        ("evaluate gold.pubtator pred.pubtator --plot out.gif", "out.gif: unknown suffix '.gif'; use one of .png"),
        ("evaluate gold.pubtator pred.pubtator --plain-text --plot a.png", "--plot a.png: shows relations of gold's"),
        ("evaluate gold.pubtator relations.txt --plain-text", "relations.txt: the predictions hold no mention, so"),
        ("evaluate gold.pubtator --plain-text --device cpu --model {}", "{}: the model has no tagger, so it finds no"),
        ("evaluate gold.pubtator pred.pubtator --json ./gold.pubtator", "gold.pubtator is an input as well; write to"),
        ("calibrate dev.pubtator --model absent/model/x", "absent/model/x: there is no such folder; name the folder"),
        (
            "errors dev.pubtator gold.pubtator -o page.html",
            "gold.pubtator: documents differ: 2 only in the predictions",
        ),
        (
            "errors bare.pubtator bare.pubtator -o a.html --json a.json",
            "--json a.json: bare.pubtator annotates no direct",
        ),
        (
            "errors gold.pubtator pred.pubtator -o a.html --train bare.pubtator",
            "--train bare.pubtator: no relation of two mentioned entities has a direction",
        ),
        ("errors gold.pubtator pred.pubtator -o pred.pubtator", "pred.pubtator is an input as well; write to another"),
    ],
)
def test_error_is_one_line_without_traceback(command, message, folder, checkpoint, capfd):
    (folder / "empty.pubtator").write_text("")
    (folder / "relations.txt").write_text("1\tBind\tC1\tD1\tNovel\n")
    (folder / "bare.pubtator").write_text("1|t|Iron\n1|a|it\n1\tBind\tC1\tD1\n")
    (folder / "plain.pubtator").write_text("1|t|Iron\n1|a|it\n1\t0\t4\tIron\tChemicalEntity\tC1\n")
    (folder / "one.pubtator").write_text("1|t|Iron\n1|a|it\n1\tBind\tC1\tD1\tNovel\n")
    (folder / "unknown.pubtator").write_text((folder / "pred.pubtator").read_text().replace("\tNovel\t", "\tNEW\t"))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = failure(capfd, *command.format(checkpoint).split())
    assert found.startswith(message.format(checkpoint))
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_several_systems_are_one_table_and_one_picture(folder, capfd):
    files = ["pred.pubtator", "nothing.pubtator", "relations.txt"]
    rows = [line for line in (folder / "pred.pubtator").read_text().split("\n") if "\tBind\t" in line]
    (folder / "relations.txt").write_text("\n".join(rows))
    outputs = ["--json", "out.json", "--plot", "out.svg", "--pair-types", "five", *FEW_OPTIONS]
    assert main(["evaluate", "gold.pubtator", *files, *outputs]) == 0
    sides = [list(read_pubtator(folder / f"{name}.pubtator")) for name in ("gold", "pred", "nothing")]
    report = json.loads((folder / "out.json").read_text())
    expected = systems_report(sides[0], dict(zip(files[:2], sides[1:], strict=True)), FEW, Counting("five"))
    for name in files[:2]:
        assert report["systems"][name] == expected["systems"][name]
    assert report["systems"]["relations.txt"]["relation_type"]["tp"] == 1
    assert capfd.readouterr() == (f"{systems_table(report)}\n", "")
    assert "<!-- nothing.pubtator -->" in (folder / "out.svg").read_text()


def test_several_files_are_compared_without_torch(folder):
    program = (
        "import sys; from biodir.cli import main\n"
        "assert main(['evaluate', 'gold.pubtator', 'pred.pubtator', 'nothing.pubtator', '--resamples', '5']) == 0\n"
        "assert {'torch', 'transformers'}.isdisjoint(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_least_direction_score_holds_for_both_sides_of_a_comparison(folder, capfd):
    command = ["evaluate", "gold.pubtator", "pred.pubtator", "--against", "pred.pubtator", "--json", "out.json"]
    assert main([*command, "--min-direction-score", "0.45", *FEW_OPTIONS]) == 0
    report = json.loads((folder / "out.json").read_text())
    assert [report["comparison"][level]["difference"] for level in LEVELS] == [0.0] * len(LEVELS)
    assert report["thresholds"] == {"min_direction_score": 0.45}
    assert "\nthresholds: directions with a score below 0.45 count as left open\n" in capfd.readouterr().out
    systems = ["evaluate", "gold.pubtator", "pred.pubtator", "nothing.pubtator", "--json", "out.json", *FEW_OPTIONS]
    assert main([*systems, "--min-direction-score", "0.45"]) == 0
    assert json.loads((folder / "out.json").read_text())["thresholds"] == report["thresholds"]
    assert "\nthresholds: directions with a score below 0.45 " in capfd.readouterr().out


def test_relation_map_names_the_types_of_predictions(folder, capfd):
    text = (folder / "pred.pubtator").read_text()
    (folder / "named.pubtator").write_text(text.replace("\tBind\t", "\tsticks to\t").replace("Association", "is near"))
    names = ["--relation-map", "sticks to=Bind", "is near="]
    message = failure(capfd, "evaluate", "gold.pubtator", "named.pubtator")
    assert "named.pubtator:" in message
    assert "the relation type 'sticks to' is unknown" in message
    assert main(["evaluate", "gold.pubtator", "named.pubtator", "--json", "out.json", *names, *FEW_OPTIONS]) == 0
    captured = capfd.readouterr()
    assert "biodir: predicted relations of types that the relation map leaves out: 2" in captured.err
    assert "biodir: relation types of predictions with other names, read as those of BioRED: 1" in captured.err
    report = json.loads((folder / "out.json").read_text())
    assert set(report["by_type"]) >= {"Bind", "Positive_Correlation"}
    assert report["by_type"]["Association"]["fp"] == 0
    assert main(["errors", "gold.pubtator", "named.pubtator", "-o", "page.html", *names]) == 0


def test_predictions_that_lack_documents_are_scored_with_a_note(folder, capfd):
    text = (folder / "pred.pubtator").read_text()
    (folder / "few.pubtator").write_text("".join(line + "\n" for line in text.split("\n") if line[:1] in ("1", "")))
    relations = [line for line in text.split("\n") if line.count("\t") > 2 and not line.split("\t")[1].isdigit()]
    (folder / "relations.txt").write_text("".join(f"{line}\n" for line in relations if line.startswith("1\t")))
    outputs = []
    for name in ("few.pubtator", "relations.txt"):
        assert main(["evaluate", "gold.pubtator", name, "--against", name, *FEW_OPTIONS]) == 0
        outputs.append(capfd.readouterr().out.replace(name, "NAME"))
    assert outputs[0] == outputs[1]
    assert "\nnote: the predictions lack 3 of 4 documents (2, 3, 4): counted as documents without" in outputs[0]
    assert "\nnote: NAME: the predictions lack 3 of 4 documents" in outputs[0]


def test_pair_in_both_orders_changes_no_score(folder, capfd):
    text = (folder / "pred.pubtator").read_text()
    rows = [line.split("\t") for line in text.split("\n") if line.count("\t") > 3 and not line.split("\t")[1].isdigit()]
    name, kind, first, second, *others = rows[0]
    again = "\t".join([name, kind, second, first, *others])
    (folder / "both.pubtator").write_text(text.replace("\t".join(rows[0]), "\t".join(rows[0]) + "\n" + again))
    for file in ("pred", "both"):
        assert main(["evaluate", "gold.pubtator", f"{file}.pubtator", "--json", f"{file}.json", *FEW_OPTIONS]) == 0
    pred, both = (json.loads((folder / f"{file}.json").read_text()) for file in ("pred", "both"))
    note, *others = both.pop("notes")
    assert f"given again, in either order of the pair ({name}: {kind} of {second} and {first}): counted once" in note
    assert (others, both) == (pred.pop("notes"), pred)


def test_mentions_and_identifiers_of_a_file_may_be_its_own(folder, capfd):
    text = (folder / "pred.pubtator").read_text()
    for name in ("C1", "D1", "G1"):
        text = text.replace(name, f"text:{name}")
    (folder / "own.pubtator").write_text(text.replace("Iron\tChemical", "Iron\tGene"))
    command = ["evaluate", "gold.pubtator", "own.pubtator", "--plain-text", "--against", "pred.pubtator"]
    assert main([*command, "--json", "out.json", *FEW_OPTIONS]) == 0
    report = json.loads((folder / "out.json").read_text())
    comparison = {name: each["difference"] for name, each in report["comparison"].items() if isinstance(each, dict)}
    assert capfd.readouterr() == (f"{report_table(report)}\n\n{comparison_table(report['comparison'])}\n", "")
    assert {level: figures["tp"] for level, figures in report["end_to_end"].items() if "tp" in figures} == {
        "entity_pair": 3, "relation_type": 2, "relation_type_novelty": 2, "relation_type_direction": 1, "all": 1
    }  # fmt: skip
    assert {name for name, difference in comparison.items() if difference < 0} == {"mentions", *LEVELS[:2], LEVELS[3]}


def test_other_system_of_a_model_on_plain_texts_has_the_names_of_gold(folder):
    save_checkpoint(folder, tagger_labels=bio_labels(ENTITY_TYPES), tagger_layers=1)
    text = (folder / "dev.pubtator").read_text()
    (folder / "named.pubtator").write_text(text.replace("\tD1", "\tMESH:D1").replace("\tD2", "\tMESH:D2"))
    command = ["evaluate", "dev.pubtator", "--model", "model", "--device", "cpu", "--plain-text", *FEW_OPTIONS]
    options = ["--against", "named.pubtator", "--relation-map", "is by=Bind", "--json", "out.json"]
    assert main([*command, *options]) == 0
    report = json.loads((folder / "out.json").read_text())
    for level in LEVELS:
        assert report["comparison"][level]["difference"] == pytest.approx(report[level]["f1"] - 1)


def test_mentions_are_scored_without_relations(folder, capfd):
    command = ["evaluate", "nothing.pubtator", "gold.pubtator", "--against", "pred.pubtator"]
    assert "but `biodir evaluate --plain-text` scores mentions" in failure(capfd, *command)
    assert main([*command, "--plain-text", "--json", "out.json", *FEW_OPTIONS]) == 0
    report = json.loads((folder / "out.json").read_text())
    assert report["mentions"]["f1"] == 1
    assert report["end_to_end"] is report["comparison"]["all"] is None
    assert "end to end" not in capfd.readouterr().out


def test_documents_that_gold_lacks_are_left_out_and_end_with_their_status(folder, capfd):
    arguments = ["evaluate", "dev.pubtator", "pred.pubtator", "--errors", "skip-document", *FEW_OPTIONS]
    assert main(arguments) == 3
    captured = capfd.readouterr()
    assert captured.out.startswith("2 documents, ")
    assert "biodir: left out: 2 documents (document that gold lacks)" in captured.err


# biodir errors.


def test_errors_are_counted_and_their_page_is_written(folder, capfd):
    options = ["-o", "page.html", "--train", "gold.pubtator", "--json", "out.json"]
    assert main(["errors", "gold.pubtator", "pred.pubtator", *options]) == 0
    gold, predicted = (list(read_pubtator(folder / f"{name}.pubtator")) for name in ("gold", "pred"))
    report = direction_report(error_analysis(gold, predicted), gold)
    assert capfd.readouterr() == (
        "4 documents, 9 relations of gold or predictions, 8 errors\n\n"
        "      2  Missed relation\n"
        "      2  Spurious relation\n"
        "      1  Wrong type\n"
        "      1  Wrong direction\n"
        "      2  Wrong novelty\n\n"
        f"{direction_tables(report)}\n\n"
        "page: page.html\n",
        "",
    )
    assert json.loads((folder / "out.json").read_text()) == report
    assert "<b>pred.pubtator</b> against <b>gold.pubtator</b>" in (folder / "page.html").read_text()


def test_errors_of_what_gold_does_not_annotate_are_left_out_with_a_note(folder, capfd):
    bare = "1|t|Iron\n1|a|it\n1\tBind\tC1\tD1\n"
    (folder / "bare.pubtator").write_text(bare)
    (folder / "found.pubtator").write_text(bare.replace("D1\n", "D1\tNovel\n"))
    assert main(["errors", "bare.pubtator", "found.pubtator", "-o", "page.html"]) == 0
    captured = capfd.readouterr()
    assert captured.out.startswith("1 document, 1 relation of gold or predictions, 0 errors\n")
    assert "Wrong novelty" not in captured.out
    assert "biodir: note: gold annotates no novelty: errors that need it are left out\n" in captured.err


# With a model.


@pytest.fixture
def on_cpu(checkpoint):
    return ["--model", str(checkpoint), "--device", "cpu"]


def test_model_is_scored_as_its_predictions_are(folder, on_cpu, capfd):
    assert main(["predict", "dev.pubtator", "-o", "out.pubtator", "--dialect", "bioredirect", *on_cpu]) == 0
    capfd.readouterr()
    assert main(["evaluate", "dev.pubtator", "out.pubtator", "--json", "file.json", *FEW_OPTIONS]) == 0
    of_file = capfd.readouterr().out
    assert main(["evaluate", "dev.pubtator", "--json", "model.json", *FEW_OPTIONS, *on_cpu]) == 0
    captured = capfd.readouterr()
    assert captured.out == of_file
    assert captured.err == "", "transformers' progress bars and notes stay away"
    assert (folder / "model.json").read_text() == (folder / "file.json").read_text()
    assert json.loads((folder / "model.json").read_text())["calibration"]["relation"]["predictions"] == 6


def test_labels_of_the_model_may_be_other_ones_than_those_of_biored(folder, checkpoint, capfd):
    model = shutil.copytree(checkpoint, folder / "model")
    config = json.loads((model / "config.json").read_text())
    config["relation_labels"][1:] = [f"X{number}" for number in range(1, 9)]
    config["generic_relation"] = None
    (model / "config.json").write_text(json.dumps(config))
    options = ["--model", "model", "--device", "cpu", "--plot", "out.svg", "--json", "out.json", *FEW_OPTIONS]
    assert main(["evaluate", "dev.pubtator", *options]) == 0
    assert json.loads((folder / "out.json").read_text())["relation_type"]["fp"] == 6
    capfd.readouterr()
    message = failure(capfd, "calibrate", "dev.pubtator", "--model", "model", "--device", "cpu")
    assert "which the model cannot predict; known are X1, X2, X3" in message


# biodir calibrate.


def test_calibrated_model_is_scored_with_a_note_on_documents_it_was_calibrated_on(folder, checkpoint, dev, capfd):
    shutil.copytree(checkpoint, folder / "model")
    on_cpu = ["--model", "model", "--device", "cpu"]
    assert main(["evaluate", "dev.pubtator", *on_cpu, *FEW_OPTIONS]) == 0
    before = capfd.readouterr().out
    assert TUNED not in before
    assert before.splitlines()[4].split()[-6:-3] == ["2", "4", "0"], "all pairs are related"
    assert main(["calibrate", "dev.pubtator", *on_cpu]) == 0
    assert capfd.readouterr().out.endswith("\n\nnot stored; --write stores it in the model's config.json\n")
    assert main(["calibrate", "dev.pubtator", "--write", *on_cpu]) == 0
    assert capfd.readouterr().out.endswith("\n\nstored in model/config.json\n")
    assert main(["evaluate", "dev.pubtator", "--json", "out.json", *on_cpu, *FEW_OPTIONS]) == 0
    after = capfd.readouterr().out
    assert after.splitlines()[-1] == TUNED
    assert after.splitlines()[4].split()[-6:-3] == ["2", "0", "0"], "the scores have changed"
    assert f"note: {json.loads((folder / 'out.json').read_text())['notes'][-1]}" == TUNED
    write_pubtator([replace(dev[0], id="another")], folder / "another.pubtator")
    assert main(["evaluate", "another.pubtator", *on_cpu, *FEW_OPTIONS]) == 0
    assert "was calibrated on" not in capfd.readouterr().out


def test_scores_of_a_model_are_scaled_without_its_decisions(folder, checkpoint, dev, capfd):
    shutil.copytree(checkpoint, folder / "model")
    write_pubtator([replace(dev[0], id=str(number)) for number in range(10)], folder / "many.pubtator")
    on_cpu = ["--model", "model", "--device", "cpu"]
    evaluated = []
    for name in ("before.json", "after.json"):
        assert main(["evaluate", "many.pubtator", "--json", name, *on_cpu, *FEW_OPTIONS]) == 0
        evaluated.append(json.loads((folder / name).read_text()))
        capfd.readouterr()
        assert main(["calibrate", "many.pubtator", "--scores-only", "--write", *on_cpu]) == 0
        shown = capfd.readouterr().out.splitlines()
        assert (shown[0].split()[0], shown[-1]) == ("score", "stored in model/config.json")
        assert [line.split()[0] for line in shown[1:5]] == ["relation", "novelty", "direction", "statement"]
    before, after = evaluated
    assert all(before[level] == after[level] for level in LEVELS)
    error = [each["calibration"]["relation"]["expected_calibration_error"] for each in evaluated]
    assert shown[1].split()[-3:-1] == [f"{100 * value:.2f}" for value in error], "again from the unscaled scores"
    assert error[1] < error[0]
    assert after["notes"][-1].endswith("was calibrated on 10 of these 10 documents; report the scores of others")


def test_model_of_the_hub_is_refused_before_the_search(folder, checkpoint, capfd, monkeypatch):
    extract = open_pipeline(checkpoint)
    extract.model.config.name_or_path = "group/model"
    monkeypatch.setattr("biodir.evaluation.command.quiet_pipeline", lambda *_: extract)
    monkeypatch.setattr("biodir.evaluation.thresholds_report.calibration_run", None)  # a call would fail
    assert failure(capfd, "calibrate", "dev.pubtator", "--write").startswith(
        "group/model: no folder with a config.json"
    )


def test_corpus_without_novelty_and_direction_is_scored_without_them(folder, capfd):
    gold = "1|t|Iron hurts it.\n1|a|\n1\t0\t4\tIron\tChemical\tC1\n1\t11\t13\tit\tDisease\tD1\n1\tCID\tC1\tD1\n"
    (folder / "cdr.pubtator").write_text(gold)
    (folder / "other.pubtator").write_text(gold.replace("CID", "Bind"))
    command = ["evaluate", "cdr.pubtator", "other.pubtator", "--plot", "out.png", "--json", "out.json", *FEW_OPTIONS]
    assert main([*command, "--against", "cdr.pubtator"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert sum("not annotated in gold" in line for line in lines) == 3
    assert any("share no relation type: gold has CID, the predictions Bind" in line for line in lines)
    assert json.loads((folder / "out.json").read_text())["all"] is None
    assert (folder / "out.png").is_file()


# Mentions of types that the model does not know.


@pytest.mark.parametrize(("errors", "left_out"), [("skip-document", "1 document"), ("skip-mention", "1 mention")])
def test_gold_mentions_of_unknown_types_follow_the_policy(errors, left_out, folder, checkpoint, capfd):
    text = (folder / "dev.pubtator").read_text()
    title = next(line for line in text.split("\n") if "|t|" in line)
    name, word = title.split("|t|")[0], title.split("|t|")[1].split()[0]
    row = f"{title}\n{name}\t0\t{len(word)}\t{word}\tTissue\tT1"
    (folder / "odd.pubtator").write_text(text.replace(title, row))
    command = ["evaluate", "odd.pubtator", "--model", str(checkpoint), *FEW_OPTIONS]
    for refusing in (command, ["calibrate", "odd.pubtator", "--model", str(checkpoint)]):
        line = failure(capfd, *refusing)
        assert line.startswith(f"odd.pubtator: document {name}: mentions have unknown entity types: 'Tissue' (1)")
        assert line.endswith("leave these mentions out with --errors skip-mention")
    assert main([*command, "--errors", errors]) == (3 if errors == "skip-document" else 0)
    captured = capfd.readouterr()
    assert f"left out: {left_out} (unknown entity type 'Tissue')" in captured.err
    assert captured.out.startswith("1 document," if errors == "skip-document" else "2 documents")
