"""Brat's standoff annotations: an .ann file beside its .txt file."""

import pytest

from biodir import AnnotationError, ErrorPolicy, ParseError, Relation
from biodir.formats.reading import read_documents

TEXT = "Zelvorin caused renal\nor hepatic damage."
ANN = "T1\tChemical 0 8\tZelvorin\nT2\tDisease 16 21;33 39\trenal damage\nR1\tCauses Arg1:T1 Arg2:T2\n"


def read(folder, ann, policy=None, text=TEXT):
    (folder / "7.ann").write_text(ann, encoding="utf-8")
    (folder / "7.txt").write_text(text, encoding="utf-8")
    return list(read_documents(folder / "7.ann", policy or ErrorPolicy()))


def test_mentions_and_relations_are_read(tmp_path):
    policy = ErrorPolicy()
    (document,) = read(tmp_path, ANN + "N1\tReference T1 MESH:C1\tz\nA1\tNegated T1\n#1\tNote T1\tx\n", policy)
    assert (document.id, document.text) == ("7", TEXT)
    assert [mention.text for mention in document.mentions] == ["Zelvorin", "renal\nor hepatic damage"]
    assert document.relations == (Relation("Causes", "C1", "text:renal or hepatic damage"),)
    assert policy.summary() == [
        "lines of brat that are no mention, relation or normalisation, left out: 2",
        "discontinuous mentions, read as the smallest span that covers their parts: 1",
    ]
    assert read(tmp_path, ANN, ErrorPolicy(relations=False))[0].relations == ()


@pytest.mark.parametrize(
    ("ann", "error", "message"),
    [
        (ANN.replace("0 8", "1 9"), AnnotationError, r"7\.ann:1: says 'Zelvorin' but"),
        (ANN.replace("0 8", "0 80"), AnnotationError, r"7\.ann:1: ends at 80 but"),
        ("T1 Chemical 0 8 Zelvorin\n", ParseError, r"7\.ann:1: .*is no line of brat's"),
        (ANN.replace("Arg2:T2", "Arg2:T3"), AnnotationError, r"7\.ann:3: names T3, which is no mention"),
        (ANN.replace("Arg2:T2", "Arg2:T2 Arg3:T1"), AnnotationError, r"7\.ann:3: joins 3 mentions"),
    ],
)
def test_bad_line_is_named(ann, error, message, tmp_path):
    with pytest.raises(error, match=message):
        read(tmp_path, ann)


def test_text_that_is_not_there_is_named(tmp_path):
    (tmp_path / "a.ann").write_text(ANN)
    with pytest.raises(ParseError, match=r"text is in a file of the same name; a\.txt is not there"):
        list(read_documents(tmp_path / "a.ann"))
    (tmp_path / "b.tsv").write_text(ANN)
    with pytest.raises(ParseError, match=r"holds annotations of brat; name the file \.ann"):
        list(read_documents(tmp_path / "b.tsv"))


@pytest.mark.parametrize(("marked_ann", "marked_text"), [(True, False), (False, True), (True, True)])
def test_byte_order_mark_is_no_part_of_the_text_or_of_a_line(marked_ann, marked_text, tmp_path):
    ann, text = ("\ufeff" * marked + content for marked, content in ((marked_ann, ANN), (marked_text, TEXT)))
    assert read(tmp_path, ann, text=text) == read(tmp_path, ANN)


def test_byte_order_mark_that_offsets_count_stays_in_the_text(tmp_path):
    (document,) = read(tmp_path, "T1\tChemical 1 9\tZelvorin\n", text=f"\ufeff{TEXT}")
    assert (document.text, document.mentions[0].text) == (f"\ufeff{TEXT}", "Zelvorin")


def test_relation_of_three_mentions_has_each_pair_of_entities_once(tmp_path):
    ann = ANN.replace("Arg2:T2", "Arg2:T3 Arg3:T2") + "T3\tChemical 0 8\tZelvorin\n"
    policy = ErrorPolicy(split_relations=True)
    (document,) = read(tmp_path, ann, policy)
    assert document.relations == (Relation("Causes", "text:zelvorin", "text:renal or hepatic damage"),)
    assert "relations of three and more entities, read as one of each pair: 1" in policy.summary()
