"""Which relations are counted: pair types, and the counts that the released code of BioREDirect prints."""

import json
from dataclasses import replace

import pytest

from biodir import read_pubtator
from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.counting import Counting
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import comparison_report, evaluation_report
from biodir.evaluation.tables import report_table
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from helpers.scored_documents import GOLD, PREDICTED

FEW = Resampling(resamples=5)


def counts(counting, gold=GOLD, predicted=PREDICTED, level="relation_type"):
    report = evaluation_report(gold, predicted, FEW, counting=counting)
    return tuple(report[level][name] for name in ("tp", "fp", "fn"))


@pytest.mark.parametrize(
    ("counting", "expected", "left_out"),
    [
        (Counting(), (4, 3, 3), (0, 0)),
        (Counting("eight"), (4, 3, 2), (1, 0)),  # without g
        (Counting("five"), (4, 3, 1), (2, 0)),  # without g and the missed chemical-variant d
        (Counting(protocol="released"), (4, 2, 2), (1, 1)),  # without g, and h, whose type gold has nowhere
        (Counting("five", "released"), (4, 2, 1), (2, 1)),
    ],
)
def test_figures_are_those_of_the_relations_that_are_counted(counting, expected, left_out):
    assert counts(counting) == expected
    found = evaluation_report(GOLD, PREDICTED, FEW, counting=counting)["counting"]
    assert found["not_counted"] == dict(zip(("gold", "predicted"), left_out, strict=True))
    assert (found["pair_types"], found["protocol"]) == (counting.pair_types, counting.protocol)


def test_comparison_is_that_of_the_relations_that_are_counted():
    five = Counting("five")
    found = comparison_report(GOLD, PREDICTED, GOLD, FEW, counting=five)["relation_type"]["difference"]
    assert found == pytest.approx(2 * 4 / (2 * 4 + 3 + 1) - 1)


def test_report_says_what_is_counted():
    lines = report_table(evaluation_report(GOLD, PREDICTED, FEW, counting=Counting("five"))).splitlines()
    assert lines[1:3] == [
        "counted: relations of the five pair types of BioREx (chemical-chemical, chemical-disease,",
        "chemical-gene, disease-gene, gene-gene) in complete documents; left out: 2 of gold, 0 predicted",
    ]


def test_released_code_gives_a_pair_one_type():
    first, second = Relation("Association", "C1", "D1", None, None, 0.9), Relation("Bind", "D1", "C1", None, None, 0.6)
    gold = [replace(GOLD[0], relations=(first, second))]
    (pair,) = Counting(protocol="released").counted(compared_documents(gold, gold))
    assert pair.gold.relations == pair.predicted.relations == (second,), "the generic type goes last"


def test_predictions_without_pair_type_are_named():
    stranger = replace(PREDICTED[0], relations=(Relation("Bind", "C1", "X9"),))
    report = evaluation_report(GOLD[:1], [stranger], FEW, counting=Counting("five"))
    assert report["relation_type"]["fp"] == 0
    assert any(note.startswith("1 predicted relation with an entity that gold does not") for note in report["notes"])


def test_relations_of_an_entity_with_itself_are_named():
    gold = replace(GOLD[0], relations=(Relation("Bind", "G1", "G1"), *GOLD[0].relations))
    notes = evaluation_report([gold], [gold], FEW, counting=Counting("five"))["notes"]
    assert any(note.startswith("1 gold and 1 predicted relations of an entity with itself") for note in notes)


def test_unknown_values_are_refused():
    with pytest.raises(SettingError, match="pair_types is 'six'; it is one of 'all', 'eight', 'five'"):
        Counting("six")
    with pytest.raises(SettingError, match="protocol is 'old'"):
        Counting(protocol="old")


# The released code, written down a second time from its description: one label for each candidate pair.


def label_counts(gold, predicted, parts):
    """True positives, false positives and false negatives of labels by pair, compared in these parts."""
    types = {label[0] for label in gold.values()}
    right = wrong = missed = 0
    for pair in gold.keys() | predicted.keys():
        true, found = gold.get(pair), predicted.get(pair)
        found = found if found and found[0] in types else None
        if true and found and all(true[part] == found[part] for part in parts):
            right += 1
        else:
            missed += true is not None
            wrong += found is not None
    return right, wrong, missed


def decoded(scores, ids):
    """The label of a pair by its scores; None where it is unrelated."""
    relation, novelty, direction = scores[:9], scores[9:12], scores[12:]
    specific = [place for place in range(2, 9) if relation[place] > 0.5]
    best = max(specific or range(9), key=relation.__getitem__)
    if best == 0:
        return None
    subject = (None, *ids, None)[max((1, 2, 3), key=direction.__getitem__)]
    return RELATION_LABELS[best], NOVELTY_LABELS[max((1, 2), key=novelty.__getitem__)], subject


@pytest.mark.corpus
def test_counts_are_those_of_the_released_code_on_its_own_scores(data_dir):
    reference = data_dir.parent / "released" / "reference.json"
    if not reference.is_file():
        pytest.skip(f"{reference} is not there")
    documents = json.loads(reference.read_text())["documents"]
    assert len(DIRECTION_LABELS) == 4
    gold = [each for each in read_pubtator(data_dir / "bioredirect/bioredirect_test.pubtator") if each.id in documents]
    true, found, predicted = {}, {}, []
    for document in gold:
        of_pair = {each.pair: each for each in document.relations}
        relations = []
        for pair in documents[document.id]["pairs"]:
            key = document.id, frozenset(pair["ids"])
            each = of_pair.get(key[1])
            if each is not None:
                true[key] = each.relation_type, each.novelty, each.subject_id
            # The mirrored score of one third of the pairs, so that not all are related in the same way.
            scores = pair["scores"] if len(found) % 3 else [1 - score for score in pair["scores"]]
            label = decoded(scores, pair["ids"])
            if label is not None:
                found[key] = label
                relations.append(Relation(label[0], *pair["ids"], label[1], label[2], 0.5))
        predicted.append(replace(document, relations=tuple(relations), subject_lines=()))
    assert len(true) > 100
    levels = {"entity_pair": (), "relation_type": (0,), "relation_type_novelty": (0, 1), "all": (0, 1, 2)}
    for level, parts in {**levels, "relation_type_direction": (0, 2)}.items():
        assert counts(Counting(protocol="released"), gold, predicted, level) == label_counts(true, found, parts)
