"""The command `biodir predict`: what it writes to which stream, and its errors."""

import io
import json
import logging
from pathlib import Path

import pytest

from biodir import SettingError, format_pubtator, read_pubtator, write_pubtator
from biodir.cli import main
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.tiny_checkpoint import save_checkpoint
from helpers.vocabularies import small_lexicon

THREE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="1")
ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="2")
BROKEN = "3|t|Iron\n3|a|x\n3\t0\t99\tIron\tChemical\tD4\n\n"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self):
        return True


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("command"))


@pytest.fixture
def predict(checkpoint, monkeypatch):
    """Run the command on these arguments with the tiny checkpoint, and return the exit status."""
    monkeypatch.setattr("sys.stdin", None)
    return lambda *arguments: main(["predict", "--model", str(checkpoint), "--device", "cpu", *map(str, arguments)])


@pytest.fixture
def source(tmp_path) -> Path:
    """A PubTator file of two documents with relations to be found."""
    write_pubtator([THREE, ONE], tmp_path / "in.pubtator")
    return tmp_path / "in.pubtator"


def test_listing_goes_to_standard_output(predict, source, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert predict(source, "--top-k", "1") == 0
    captured = capfd.readouterr()
    assert captured.out.startswith("1  Aspirin cures pain.\n  score  relation ")
    assert captured.out.count("<1>") == 4
    assert captured.err == "", "transformers prints nothing"


def test_hyphen_as_output_is_standard_output(predict, source, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged = tmp_path / "damaged.pubtator"
    damaged.write_text("no title\n")
    before = sorted(tmp_path.iterdir())
    assert predict(source) == 0
    listing = capfd.readouterr().out
    assert predict(source, damaged, "-o", "-") == 3
    assert capfd.readouterr().out == listing
    assert predict(source, "-o", "-", "--format", "csv") == 0
    assert capfd.readouterr().out.startswith("document,subject_id,")
    assert predict(source, "-o", "-", "--format", "parquet") == 1
    assert "format 'parquet' is written to files; name one with -o" in capfd.readouterr().err
    assert sorted(tmp_path.iterdir()) == before, "nothing is written beside it"


def test_options_reach_the_pipeline(predict, source, capfd):
    assert predict(source, "--format", "jsonl", "--entity", "D1", "D4", "--batch-size", "1", "--top-k", "1") == 0
    found = [json.loads(line)["relations"] for line in capfd.readouterr().out.splitlines()]
    assert [len(relations) for relations in found] == [1, 1]
    (best,) = found[0]
    assert "D1" in (best["subject"]["id"], best["object"]["id"])
    assert predict(source, "--format", "jsonl", "--min-score", "1", "--relation", "Bind") == 0
    assert [json.loads(line)["relations"] for line in capfd.readouterr().out.splitlines()] == [[], []]


def test_unsure_directions_are_written_as_undirected(predict, source, capfd):
    assert predict(source, "--format", "jsonl", "--min-direction-score", "1") == 0
    relations = [each for line in capfd.readouterr().out.splitlines() for each in json.loads(line)["relations"]]
    assert [each["directed"] for each in relations] == [False] * len(relations) != []


def test_skipped_documents_are_named_and_the_rest_is_done(predict, source, tmp_path, capfd, caplog):
    source.write_text(format_pubtator(THREE) + BROKEN + format_pubtator(ONE))
    line = format_pubtator(THREE).count("\n") + 3
    with caplog.at_level(logging.ERROR):
        assert predict(source, "-o", tmp_path / "out.pubtator", "--errors", "skip-document") == 3
    assert [document.id for document in read_pubtator(tmp_path / "out.pubtator")] == ["1", "2"]
    assert capfd.readouterr().err.splitlines()[:3] == [
        f"biodir: left out a document: {source}:{line}: ends at 99 but the text has 6 characters; "
        "the text has it at [0, 4); correct its end",
        "biodir: documents: 2, relations: 4",
        "biodir: left out: 1 document (span outside the text)",
    ]


def test_unknown_type_names_line_and_option(predict, source, capfd):
    source.write_text(source.read_text().replace("ChemicalEntity", "Metal"))
    assert predict(source, "--strict") == 1
    assert f"{source}:1: document 1: mentions have unknown entity types: 'Metal' (1)" in capfd.readouterr().err
    assert predict(source, "--type-map", "Metal=ChemicalEntity") == 0
    assert capfd.readouterr().out.count(" [D4] ") == 1
    assert predict(source, "--type-map", "Metal=") == 0
    assert " [D4] " not in capfd.readouterr().out


def test_types_are_mapped_to_names_of_pubtator_or_left_out(predict, source, capfd):
    source.write_text(source.read_text().replace("ChemicalEntity", "Metal"))
    assert predict(source, "--type-map", "metal=Chemical") == 0
    assert capfd.readouterr().out.count(" [D4] ") == 1
    assert predict(source, "--errors", "skip-mention", "--format", "jsonl") == 0
    shown = capfd.readouterr()
    assert [len(json.loads(line)["relations"]) for line in shown.out.splitlines()] == [1, 0]
    assert f"biodir: left out a mention: {source}:1: document 1, mention 0 ('Aspirin'): unknown" in shown.err
    assert "biodir: left out: 2 mentions (unknown entity type 'Metal')\n" in shown.err


def test_file_that_cannot_be_read_does_not_stop_the_next(predict, source, tmp_path, capfd):
    (tmp_path / "a.json").write_text("<html>")
    assert predict(tmp_path / "a.json", source, "--strict") == 1
    assert capfd.readouterr().out == ""
    assert predict(tmp_path / "a.json", source, "--errors", "skip-document", "--format", "jsonl") == 3
    shown = capfd.readouterr()
    assert len(shown.out.splitlines()) == 2
    assert shown.err.splitlines()[-1] == "biodir: left out: 1 file (HTML)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.pubtator"], "absent.pubtator: there is no such file; check the path"),
        (["IN", "-o", "out.doc"], "out.doc: unknown suffix '.doc'; use one of .pubtator, "),
        (["IN", "-o", "IN"], "in.pubtator is an input as well; write to another file"),
        (["IN", "-o", "absent/out.jsonl"], "cannot be written (absent is no folder); name another file"),
        (["IN", "--relation", "bind"], "unknown relation type 'bind'; did you mean 'Bind'?"),
        (["IN", "--type-map", "Metal"], "--type-map 'Metal': write NAME=TYPE"),
        (["IN", "--device", "nonsense"], "device 'nonsense' cannot be used here"),
        (["IN", "--model", "no-such-group/no-such-model"], "no-such-group/no-such-model: config.json cannot be used: "),
        (["IN", "--model", "no-such-group/no-such-model"], "; if a folder is meant, there is none of this name"),
    ],
)
def test_error_is_one_line_and_changes_nothing(arguments, message, predict, source, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    content = source.read_bytes()
    assert predict(*(source if argument == "IN" else argument for argument in arguments)) == 1
    printed, error = capfd.readouterr()
    assert (printed, error[:15], error.count("\n")) == ("", "biodir: error: ", 1)
    assert message in error
    assert source.read_bytes() == content


def test_progress_bar_shows_on_a_terminal_only(predict, source, tmp_path, monkeypatch, capfd):
    source.write_text(format_pubtator(THREE) + BROKEN + format_pubtator(ONE))
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert predict(source, "-o", tmp_path / "out.jsonl", "--errors", "skip-document") == 3
    assert "2/3" in terminal.getvalue()
    assert "biodir: left out a document: " in terminal.getvalue()
    monkeypatch.setattr("sys.stderr", pipe := io.StringIO())
    assert predict(source, "-o", tmp_path / "out.jsonl", "--errors", "skip-document") == 3
    assert pipe.getvalue().splitlines()[-2] == "biodir: documents: 2, relations: 4"
    assert "\r" not in pipe.getvalue()


def test_file_that_cannot_be_read_is_left_out_on_a_terminal_too(predict, source, tmp_path, monkeypatch):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8b no more")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    files = tmp_path / "a.pdf", tmp_path / "b.gz", source
    assert predict(*files, "-o", tmp_path / "out.jsonl") == 3
    assert "biodir: documents: 2, relations: 4" in terminal.getvalue()
    rejected = (tmp_path / "out.jsonl.rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"] for line in rejected] == ["PDF", "unreadable"]


def test_terminal_that_lacks_a_letter_gets_a_question_mark(predict, tmp_path, monkeypatch):
    write_pubtator([marked_document("The <C:D1 β-blocker> harms the <D:D5 liver>.", id="2")], tmp_path / "in.txt")
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert predict(tmp_path / "in.txt") == 0
    assert b"?-blocker [D1]" in raw.getvalue()
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert predict(tmp_path / "in.txt", "--format", "pubtator") == 0
    assert "β-blocker\tChemicalEntity\tD1".encode() in raw.getvalue()


@pytest.mark.parametrize(("device", "passed"), [("0", 0), ("cuda:1", "cuda:1")])
def test_number_of_a_device_is_that_of_an_accelerator(device, passed, source, monkeypatch):
    def load(model, device, backend, revision):
        assert (model, device, backend, revision) == (str(CHECKOUT), passed, "torch", None)
        raise SettingError("seen")

    monkeypatch.setattr("biodir.inference.loading.load_pipeline", load)
    assert main(["predict", str(source), "--device", device]) == 1


def test_lexicon_links_mentions_without_identifier_and_names_the_ambiguous_ones(predict, tmp_path, capfd):
    lexicon = small_lexicon(tmp_path).path
    names = {"Zorbamine": "Chemical", "QX": "Gene", "quxin-1": "Gene"}
    text = "Zorbamine raises QX and quxin-1."
    entities = [{"start": text.index(each), "end": text.index(each) + len(each), "type": names[each]} for each in names]
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "7", "text": text, "entities": entities}), encoding="utf-8")
    arguments = (tmp_path / "in.jsonl", "--format", "jsonl", "--return-entities", "--lexicon", lexicon)
    for species, gene in ((), "101"), (("--species", "10090"), "201"):
        assert predict(*arguments, *species) == 0
        captured = capfd.readouterr()
        assert [each["id"] for each in json.loads(captured.out)["entities"]][::2] == [["D900002"], [gene]]
        counts = "biodir: mentions linked by the lexicon: "
        lines = captured.err.splitlines()
        if not species:
            assert lines[0] == "biodir: not linked: document 7: 'QX' (GeneOrGeneProduct) may be 101 (QUX1), 102 (QUX2)"
        assert lines[-1].startswith(counts)


def test_lexicon_that_is_none_and_species_without_lexicon_are_errors(predict, source, capfd):
    assert predict(source, "--lexicon", source) == 1
    assert "in.pubtator: is no lexicon (file is not a database)" in capfd.readouterr().err
    assert predict(source, "--species", "10090") == 2
    assert "--species chooses genes of a lexicon; give --lexicon, too" in capfd.readouterr().err
