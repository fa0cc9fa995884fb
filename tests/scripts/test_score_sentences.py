"""Mentions that a checkpoint finds in single sentences: which count, and the errors."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Document
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

score = script("score_sentences")
CHEMICAL = "1\t0\t4\tIron\tChemicalEntity\tC1\n"
TEXT = f"1|t|Iron rises.\n1|a|The egfr falls.\n{CHEMICAL}1\t16\t20\tegfr\tGeneOrGeneProduct\t7\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("tagger"), tagger_labels=bio_labels(ENTITY_TYPES), tagger_layers=1)


def test_each_sentence_is_a_document_with_its_mentions():
    two = marked_document("<C:1 Iron> rises. The <G:2 egfr> falls.")
    first, second = score.numbered_sentences([two, Document("9", "One sentence."), two])[2:]
    assert (first.id, first.text, [each.start_char for each in first.mentions]) == ("3-1", "Iron rises.", [0])
    assert (second.id, second.text, [each.start_char for each in second.mentions]) == ("3-2", "The egfr falls.", [4])


def test_figures_are_those_of_the_sentences_without_their_marks(folder, tmp_path, monkeypatch, capsys):
    """The chemical is found in its sentence, the gene of the other is missed."""
    gold = marked_document("<C:1 Iron> rises.")

    def find_entities(self, documents):
        assert not any(each.mentions for each in documents)
        return [replace(each, mentions=gold.mentions if each.text == gold.text else ()) for each in documents]

    monkeypatch.setattr(BioDirPipeline, "find_entities", find_entities)
    (tmp_path / "a.pubtator").write_text(TEXT)
    score.main([str(tmp_path / "a.pubtator"), "--model", str(folder), "--json", str(tmp_path / "a.json")])
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["tp"], found["fp"], found["fn"], found["by_type"]["ChemicalEntity"]["f1"]) == (1, 0, 1, 1.0)
    assert capsys.readouterr().out.splitlines()[0] == "2 sentences"


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (None, {}, "there is no such file"),
        (f"1|t|Iron.\n1|a|\n{CHEMICAL}", {}, "no document of several sentences has a mention"),
        (TEXT, {"tagger_labels": []}, "the model has no tagger"),
    ],
)
def test_unfit_input_ends_in_one_line(text, settings, message, folder, tmp_path):
    if settings:
        folder = save_checkpoint(tmp_path, **settings)
    if text is not None:
        (tmp_path / "a.pubtator").write_text(text)
    with pytest.raises(SystemExit, match=rf"^score_sentences\.py: error: .*{message}"):
        score.main([str(tmp_path / "a.pubtator"), "--model", str(folder)])
