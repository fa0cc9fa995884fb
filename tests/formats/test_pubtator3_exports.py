"""Exports of the PubTator 3 service as users have them: full texts, spellings, and after the library bioc."""

import json
from copy import deepcopy

import pytest

from biodir import ErrorPolicy, format_pubtator
from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import parse_document
from biodir.formats.reading import read_documents

TITLE, ABSTRACT = "\u03b1\u2011KG harms the liver.", "Serum EGFR fell."
START = len(TITLE) + 1


def mark(number, text, offset, kind, identifier, written=None):
    infons = {
        "identifier": identifier,
        "type": kind,
        "valid": True,
        "normalized": [identifier],
        "biotype": kind.lower(),
    }
    places = [{"offset": offset, "length": len(text)}]
    return {"id": str(number), "infons": infons, "text": written or text, "locations": places}


def role(identifier, kind):
    return {"identifier": identifier, "type": kind, "normalized": [identifier], "valid": True, "name": 'It\'s "x"'}


def passage(kind, offset, text, annotations):
    return {
        "infons": {"type": kind, "section_type": kind.upper()},
        "offset": offset,
        "text": text,
        "sentences": [],
        "annotations": annotations,
        "relations": [],
    }


ALPHA_KG = mark(2, "\u03b1\u2011KG", 0, "Chemical", "MESH:D000001", "a-KG")
# Of a full text: the bare number of its article in PMC as id, the PMID and that number with its letters beside it.
FULL_TEXT = {
    "_id": "10072964|PMC10072964",
    "id": "10072964",
    "infons": {},
    "passages": [
        passage("title", 0, TITLE, [ALPHA_KG, mark(3, "liver", 15, "Disease", "MESH:D000002")]),
        passage("abstract", START, ABSTRACT, [mark(4, "EGFR", START + 6, "Gene", "1956")]),
    ],
    "annotations": [],
    "relations": [
        {
            "id": "R1",
            "infons": {
                "score": "0.9",
                "role1": role("MESH:D000001", "Chemical"),
                "role2": role("MESH:D000002", "Disease"),
                "type": "Association",
            },
            "nodes": [{"refid": "0", "role": "2,3"}],
        },
        {
            "id": "R2",
            "infons": {
                "score": "0.8",
                "role1": role("1956", "Gene"),
                "role2": role("MESH:D000001", "Chemical"),
                "type": "Bind",
            },
            "nodes": [{"refid": "0", "role": "4,2"}],
        },
    ],
    "pmid": 37026113,
    "pmcid": "PMC10072964",
    "relations_display": [],
}
NOTE = "documents with the number of their article in PMC as id, named by their PMID"


def read(path, document):
    """The one document of an export, and the policy that read it."""
    path.write_text(json.dumps({"PubTator3": [document]}), encoding="utf-8")
    policy = ErrorPolicy()
    (found,) = read_documents(path, policy)
    return found, policy


# Full texts.


def test_full_text_is_named_by_its_pmid_and_keeps_the_number_in_pmc(tmp_path):
    document, policy = read(tmp_path / "in.json", FULL_TEXT)
    assert (document.id, document.pmcid) == ("37026113", "PMC10072964")
    assert policy.summary() == [f"{NOTE}: 1"]
    assert document.to_dict()["pmcid"] == "PMC10072964"
    again = Document.from_dict(json.loads(json.dumps(document.to_dict())))
    assert (again, again.pmcid) == (document, "PMC10072964")
    for dialect in ("pubtator", "bioredirect", "pubtator3"):
        block = format_pubtator(document, dialect)
        assert block.startswith("37026113|t|")
        assert "10072964" not in block


@pytest.mark.parametrize(
    ("changes", "document_id", "pmcid"),
    [
        ({"id": "37026113", "pmcid": None}, "37026113", None),
        ({"id": "37026113"}, "37026113", "PMC10072964"),
        ({"pmid": None}, "10072964", "PMC10072964"),
        ({"pmid": "", "pmcid": ""}, "10072964", None),
        ({"id": 37026113.0, "pmid": 37026113.0}, "37026113", "PMC10072964"),
        ({"pmid": float("nan"), "pmcid": float("nan")}, "10072964", None),
    ],
    ids=["abstract", "abstract of an article in PMC", "no PMID", "neither", "float", "NaN"],
)
def test_document_that_has_no_other_name_keeps_its_id_without_a_note(changes, document_id, pmcid, tmp_path):
    document, policy = read(tmp_path / "in.json", FULL_TEXT | changes)
    assert (document.id, document.pmcid) == (document_id, pmcid)
    assert policy.summary() == []


# Spellings.


@pytest.mark.parametrize(("passage_text", "written"), [("\u03b1\u2011KG", "a-KG"), ("a-KG", "\u03b1\u2011KG")])
def test_greek_and_ascii_spelling_of_a_mention_are_the_text_of_the_passage(passage_text, written, tmp_path):
    export = deepcopy(FULL_TEXT)
    export["passages"][0]["text"] = TITLE.replace("\u03b1\u2011KG", passage_text)
    export["passages"][0]["annotations"][0]["text"] = written
    document, _ = read(tmp_path / "in.json", export)
    assert document.mentions[0].text == document.text[:4] == passage_text
    lines = f"7|t|{passage_text} harms\n7|a|\n7\t0\t4\t{written}\tChemical\tMESH:D000001\n"
    assert parse_document(lines).mentions[0].text == passage_text


# After the library bioc.


def test_export_that_the_library_bioc_wrote_as_xml_is_the_same_document(tmp_path):
    """There roles of relations become the text of a Python dict."""
    bioc = pytest.importorskip("bioc")
    from bioc import biocjson, biocxml

    document, _ = read(tmp_path / "in.json", FULL_TEXT | {"id": "37026113"})
    source = {"source": "PubTator", "date": "", "key": "", "infons": {}, "version": "1.0"}
    collection = biocjson.loads(json.dumps({**source, "documents": [{**FULL_TEXT, "id": "37026113"}]}))
    assert isinstance(collection, bioc.BioCCollection)
    (tmp_path / "in.xml").write_text(biocxml.dumps(collection), encoding="utf-8")
    assert "{'identifier'" in (tmp_path / "in.xml").read_text(encoding="utf-8")
    (found,) = read_documents(tmp_path / "in.xml")
    assert found == document
    known = {identifier for mention in found.mentions for identifier in mention.identifiers}
    assert [(each.entity1_id, each.entity2_id, each.relation_score) for each in found.relations] == [
        ("MESH:D000001", "MESH:D000002", 0.9),
        ("1956", "MESH:D000001", 0.8),
    ]
    assert all(relation.pair <= known for relation in found.relations)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["pubtator3.37026113_240614.json", "22439397_abstract_240916.json"])
def test_real_export_that_the_library_bioc_wrote_as_xml_is_the_same_document(name, data_dir, tmp_path):
    pytest.importorskip("bioc")
    from bioc import biocjson, biocxml

    content = json.loads((data_dir / "pubtator3" / name).read_text(encoding="utf-8"))
    documents = content.get("PubTator3") or content.get("documents") or [content]
    filled = [{"annotations": [], **each} for each in documents]
    for each in filled:
        for part in each["passages"]:
            part.setdefault("relations", [])
    collection = {"source": "", "date": "", "key": "", "infons": {}, "version": "1.0", "documents": filled}
    (tmp_path / "in.xml").write_text(biocxml.dumps(biocjson.loads(json.dumps(collection))), encoding="utf-8")
    assert list(read_documents(tmp_path / "in.xml")) == list(read_documents(data_dir / "pubtator3" / name))
