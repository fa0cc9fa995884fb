"""The dialects of `biodir predict`: which one it writes, and what it says that one has no place for."""

import pytest

from biodir import ErrorPolicy, SettingError, read_pubtator, write_pubtator
from biodir.cli import main
from biodir.formats.pubtator_names import pubtator3_relation
from biodir.inference.predict import predict_files
from biodir.labels_biodir import CHEMICAL, DISEASE, RELATION_LABELS
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

DOCUMENT = marked_document(
    "<C:D000001 Aspirin> cures <D:D000002 pain>. The <G:3 gene> causes <D:D000002 pain>.", id="1"
)
NOTE = "relations written without direction, novelty and scores, which --dialect bioredirect and JSON Lines keep: 3"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("dialects"))


@pytest.fixture
def predict(checkpoint, tmp_path):
    """Run the command on the document, and return the exit status."""
    write_pubtator([DOCUMENT], tmp_path / "in.pubtator")
    options = ["--model", str(checkpoint), "--device", "cpu"]
    return lambda *arguments: main(["predict", str(tmp_path / "in.pubtator"), *options, *map(str, arguments)])


@pytest.mark.parametrize("options", [(), ("--dialect", "pubtator")])
def test_command_writes_pubtator_that_all_programs_read_and_says_what_is_not_in_it(options, predict, tmp_path, capfd):
    assert predict("-o", tmp_path / "out.pubtator", *options) == 0
    lines = (tmp_path / "out.pubtator").read_text().splitlines()
    assert [len(line.split("\t")) for line in lines] == [1, 1, 6, 6, 6, 6, 4, 4, 4, 1]
    assert capfd.readouterr().err.splitlines() == ["biodir: documents: 1, relations: 3", f"biodir: {NOTE}"]


def test_dialect_of_bioredirect_keeps_everything(predict, tmp_path, capfd):
    assert predict("-o", tmp_path / "out.pubtator", "--dialect", "bioredirect") == 0
    (found,) = read_pubtator(tmp_path / "out.pubtator")
    assert None not in [relation.relation_score for relation in found.relations]
    assert None not in [relation.novelty for relation in found.relations]
    assert capfd.readouterr().err.splitlines() == ["biodir: documents: 1, relations: 3"]


def test_dialect_of_pubtator_3_on_standard_output(predict, capfd):
    assert predict("--format", "pubtator", "--dialect", "pubtator3") == 0
    out, err = capfd.readouterr()
    assert "1\t0\t7\tAspirin\tChemical\tMESH:D000001\n" in out
    assert "\tMESH:D000001" in out.split("Chemical", 1)[1], "the relations have these identifiers, too"
    assert NOTE in err


@pytest.mark.parametrize("arguments", [("-o", "out.jsonl"), ("--format", "listing"), ()])
def test_dialect_of_another_format_is_refused(arguments, predict, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert predict("--dialect", "bioredirect", *arguments) == 1
    assert "--dialect bioredirect: the output is" in capfd.readouterr().err


def test_library_writes_everything_by_default(checkpoint, tmp_path):
    write_pubtator([DOCUMENT], tmp_path / "in.pubtator")
    policy, extract = ErrorPolicy(), open_pipeline(checkpoint)
    predict_files(extract, [tmp_path / "in.pubtator"], tmp_path / "out.pubtator", policy=policy)
    (found,) = read_pubtator(tmp_path / "out.pubtator")
    assert None not in [relation.novelty_score for relation in found.relations]
    assert policy.summary() == []
    with pytest.raises(SettingError, match="dialect is 'brat'"):
        predict_files(extract, [tmp_path / "in.pubtator"], tmp_path / "out.pubtator", dialect="brat")


@pytest.mark.parametrize("name", ["out.pubtator", "out.jsonl"])
def test_vocabulary_of_pubtator3_names_the_relations_of_all_formats(name, predict, tmp_path):
    assert predict("-o", tmp_path / name) == 0
    biored = (tmp_path / name).read_text()
    assert predict("-o", tmp_path / name, "--vocabulary", "pubtator3") == 0
    found = (tmp_path / name).read_text()
    relations = [(relation, pubtator3_relation(relation, (CHEMICAL, DISEASE))) for relation in RELATION_LABELS[1:]]
    named = [(old, new) for old, new in relations if old in biored]
    assert named
    assert all(new in found and old not in found for old, new in named)
