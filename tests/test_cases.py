"""Inputs that real users bring: every file of the folder of cases, through the readers and the programs."""

import json

import pytest

from biodir import BioDirError, ErrorPolicy
from biodir.cli import main
from biodir.document_inputs_biodir import with_known_types
from biodir.formats.reading import read_documents
from biodir.labels_biodir import ENTITY_TYPES, LEVELS
from biodir.training.corpora import training_corpora
from biodir.training.settings import TrainingSettings
from biodir_demo.documents import open_file
from helpers.script_module import script
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

pytestmark = pytest.mark.corpus
SIX = ["Tolvexamine", "gastric ulcer", "rats", "Tolvexamine", "gastric ulcer", "COX2"]
TWO, FIVE = SIX[:2], SIX[:5]
VARIANT = ["SLC99A1", "deafness", "c.1314_1328del", "goitre", "deafness"]
RENAL = ["Nefradil", "Nefradil", "renal damage"]
DAMAGE = [*RENAL, "hepatic damage", "renal or hepatic damage"]
INSULIN = ["Insulin degludec", "Insulin", "Insulin degludec", "glucose", "type 2 diabetes mellitus", "diabetes"]
SPACE = "documents whose offsets leave out a space between title and abstract, read so"
PASSAGE = "documents whose offsets count characters from the start of a passage, read so"
NO_MENTION = "relation of a mention that is not there"

# File -> ids and mentions of its documents, number of relations, what the reader notes.
READ = {
    "c01_trailing_space_title.pubtator": ({"90000001": SIX}, 0, SPACE),
    "c01b_same_without_space.pubtator": ({"90000001": SIX}, 0, None),
    "c02_rows_between_title_and_abstract.pubtator": ({"90000002": SIX}, 0, None),
    "c03_id_ends_in_bar.pubtator": ({"90000003": VARIANT}, 2, None),
    "c04c_edge_space.pubtator": ({"90000004": [*FIVE, "COX2 "]}, 0, None),
    "c09_passage_relative.xml": ({"90000009": RENAL}, 0, PASSAGE),
    "c13_same_span_two_types.pubtator": ({"90000013": [*INSULIN, "diabetes mellitus and nephropathy"]}, 0, None),
    "c14_composite.pubtator": ({"90000014": DAMAGE}, 2, None),
    "c28_bern2.jsonl": ({"c28_bern2.jsonl:1": TWO}, 0, None),
    "c28b_bern2_pretty.json": ({"c28b_bern2_pretty.json:1": TWO}, 0, None),
    "c28c_pubannotation.jsonl": ({"90000028": TWO}, 1, None),
    "c28d_doccano.jsonl": ({"1": TWO}, 0, None),
    "c28g_mentions.jsonl": ({"c28g_mentions.jsonl:1": TWO}, 0, None),
    "c29_own_dict_pretty.json": ({"90000029": TWO}, 0, None),
    "c29c_own_list_pretty.json": ({"90000029": TWO, "2": TWO}, 0, None),
    "c29d_label_key.jsonl": ({"c29d_label_key.jsonl:1": TWO}, 0, None),
    "c32_duplicate_pmid.pubtator": ({"90000032": SIX}, 2, None),
    "c34_two_annotators.pubtator": ({"90000034": [*SIX, *TWO]}, 3, None),
    "c38_crlf.pubtator": ({"90000038": SIX, "90000039": SIX}, 0, None),
    "c38b_utf16.pubtator": ({"90000038": SIX}, 0, None),
    "c38e_cr_only.pubtator": ({"90000038": SIX}, 0, None),
    "c39_gz.pubtator.gz": ({"90000038": SIX}, 0, None),
    "c48_comment_head.pubtator": ({"90000038": SIX, "90000048": SIX}, 0, None),
    "c48b_hash_comment.pubtator": ({"90000038": SIX}, 0, None),
    "c50_long_form_passages.pubtator": ({"90000050": SIX}, 0, None),
    "c52_lower_case_types.pubtator": ({"90000038": SIX}, 0, None),
    "c57_pred_reversed_duplicates.pubtator": ({"90000003": VARIANT}, 3, None),
}
# File -> words of the message, mentions that are left where only unfit parts are left out, and what is counted.
OTHER_TEXT = "mention differs from the text"
REFUSED = {
    "c04_empty_span.pubtator": (":9: ends at 60 but starts at 60", SIX, ("mention", "empty or inverted span")),
    "c04b_other_case.pubtator": (":8: .*differ in upper and lower case", FIVE, ("mention", OTHER_TEXT)),
    "c04d_end_counts_space_but_text_stripped.pubtator": (":8: .*differ in white space", FIVE, ("mention", OTHER_TEXT)),
    "c07_brat.ann": (r"text is in a file of the same name; c07_brat\.txt is not there", None, None),
    "c10_nfd.jsonl": ("entities.0.: .*count the characters of the text in NFC", [], ("mention", OTHER_TEXT)),
    "c10b_nfd_no_text.jsonl": ("cut a word.*of the text in NFC", None, ("document", "spans that cut words")),
    "c11_inverted.pubtator": (":9: ends at 20 but starts at 33", SIX, ("mention", "empty or inverted span")),
    "c28f_prodigy.jsonl": ("relations.0.: .*names no mention", TWO, ("relation", NO_MENTION)),
    "c53_annotation_without_type.xml": (
        "annotation T3: 'renal' has no infon 'type'",
        ["Nefradil", "hepatic damage"],
        ("mention", "mention without a type"),
    ),
}
handler = script("handler", ".")


def read(path, policy=None):
    """The documents of a file, with types of the model."""
    policy = policy or ErrorPolicy()
    return [with_known_types(each, ENTITY_TYPES, {}, policy) for each in read_documents(path, policy)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def extract(checkpoint):
    return open_pipeline(checkpoint)


def test_every_case_has_a_test(cases_dir):
    assert {path.name for path in cases_dir.glob("c[0-9]*")} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_case_is_read(name, cases_dir):
    mentions, relations, note = READ[name]
    policy = ErrorPolicy()
    documents = read(cases_dir / name, policy)
    assert {each.id: [mention.text for mention in each.mentions] for each in documents} == mentions
    assert sum(len(each.relations) for each in documents) == relations
    assert policy.notes == ({} if note is None else {note: 1})


@pytest.mark.parametrize("name", REFUSED)
def test_case_is_refused_or_loses_only_what_does_not_fit(name, cases_dir):
    message, left, counted = REFUSED[name]
    with pytest.raises(BioDirError, match=message):
        read(cases_dir / name)
    policy = ErrorPolicy("skip-mention")
    if counted is None:
        with pytest.raises(BioDirError, match=message):  # the command leaves out the file
            read(cases_dir / name, policy)
        return
    found = [[mention.text for mention in each.mentions] for each in read(cases_dir / name, policy)]
    assert found == ([] if left is None else [left])
    assert set(policy.skipped) == {counted}


def test_identifiers_of_the_cases(cases_dir):
    def identifiers(name):
        return [mention.identifiers for mention in read(cases_dir / name)[0].mentions]

    assert identifiers("c02_rows_between_title_and_abstract.pubtator")[-1] == ("29527", "4513")
    assert identifiers("c03_id_ends_in_bar.pubtator")[2] == ("c|DEL|1314_1328|",)
    assert identifiers("c14_composite.pubtator")[-1] == ("D007674", "D056486")
    assert identifiers("c28_bern2.jsonl") == [("MESH:C900001",), ("MESH:D013276",)]
    assert identifiers("c28d_doccano.jsonl") == [("text:tolvexamine",), ("text:gastric ulcer",)]


def test_command_reads_what_can_be_read_and_its_status_says_what_is_missing(cases_dir, checkpoint, tmp_path, capfd):
    def predict(*arguments):
        command = ["predict", "--model", checkpoint, "--device", "cpu", *arguments, "-o", tmp_path / "out.pubtator"]
        return main(list(map(str, command)))

    assert predict(*(cases_dir / name for name in READ)) == 0
    assert len(read(tmp_path / "out.pubtator")) == 1 + sum(len(mentions) for mentions, *_ in READ.values())
    for name, (_, _, counted) in REFUSED.items():
        is_read = name == "c28f_prodigy.jsonl"  # predictions need no relations
        assert predict(cases_dir / name, "--strict") == (0 if is_read else 1)
        incomplete = counted is None or counted[0] == "document"
        assert predict(cases_dir / name, "--errors", "skip-mention") == (3 if incomplete else 0)
    everything = [cases_dir / name for name in (*REFUSED, *READ)]
    assert predict(*everything, "--errors", "skip-mention") == 3
    shown = capfd.readouterr().err
    assert "biodir: left out: 1 file (not of its format)\n" in shown
    assert "biodir: left out: 1 document (spans that cut words)\n" in shown
    assert "biodir: left out: 7 mentions (mention differs from the text: 4, empty or inverted span: 2, " in shown


@pytest.mark.parametrize("name", [name for name in READ if name.endswith((".jsonl", ".json", ".pubtator"))])
def test_pipeline_handler_and_demo_read_what_the_command_reads(name, cases_dir, extract, monkeypatch):
    path = cases_dir / name
    encoding = "utf-16" if "utf16" in name else "utf-8"
    content = path.read_bytes().decode(encoding)
    expected = read(path)
    assert [with_known_types(each, ENTITY_TYPES, {}) for each in open_file(path)] == expected
    monkeypatch.setattr("transformers.pipeline", lambda *given, **settings: extract)
    if name.endswith(".pubtator") and len(expected) > 1:
        return
    value = content if name.endswith(".pubtator") else json.loads(content)
    found = extract(value)
    assert found == extract(expected if isinstance(value, list) else expected[0])
    assert handler.EndpointHandler("somewhere")({"inputs": value}) == found


def test_pair_in_both_orders_counts_once(cases_dir, tmp_path):
    gold, predicted = (cases_dir / name for name in ("c03_id_ends_in_bar.pubtator", list(READ)[-1]))
    output = tmp_path / "scores.json"
    assert main(["evaluate", str(gold), str(predicted), "--resamples", "5", "--json", str(output)]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    assert [[report[level][count] for count in ("tp", "fp", "fn")] for level in LEVELS] == [[2, 0, 0]] * len(LEVELS)


def test_training_reads_the_cases(cases_dir):
    names = ["c03_id_ends_in_bar.pubtator", "c14_composite.pubtator", "c34_two_annotators.pubtator"]
    settings = TrainingSettings(
        train=[str(cases_dir / name) for name in names], encoder="unused", output_dir="unwritten"
    )
    corpora = training_corpora(settings, log=lambda line: None)
    assert [each.id for corpus in corpora for each in corpus.documents] == ["90000003", "90000014", "90000034"]
