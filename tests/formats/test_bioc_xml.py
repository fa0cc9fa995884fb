"""BioC XML: the files, what is refused, and the real corpora."""

import sys
from dataclasses import replace

import pytest

from biodir import ErrorPolicy, Mention, ParseError, Passage, Relation, SettingError, read_pubtator
from biodir.formats.bioc_writer import bioc_object, bioc_xml_writer
from biodir.formats.reading import read_documents
from helpers.bioc_json import read_one

XML = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>x</source><date/><key/>{}</collection>"""
XML_DOCUMENT = """<document><id>7</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Aspirin &amp; pain.</text>
<annotation id="1"><infon key="identifier">D1,D3</infon><infon key="type">Chemical</infon>
<location offset="0" length="7"/><text>Aspirin</text></annotation></passage>
<passage><infon key="type">abstract</infon><offset>16</offset><text>It cures pain.</text>
<annotation id="2"><infon key="identifier">D2</infon><infon key="type">Disease</infon>
<location offset="25" length="4"/><text>pain</text></annotation></passage>
<relation id="R0"><infon key="entity1">D2</infon><infon key="entity2">D1</infon>
<infon key="type">Negative_Correlation</infon><infon key="novel">Novel</infon></relation></document>"""


# Files.


def test_xml_is_read(tmp_path):
    path = tmp_path / "in.BioC.XML"
    path.write_text(XML.format(XML_DOCUMENT + XML_DOCUMENT.replace(">7<", ">8<")), encoding="utf-8")
    first, second = read_documents(path)
    assert (first.id, second.id) == ("7", "8")
    assert first.text == second.text == "Aspirin & pain. It cures pain."
    assert first.passages == (Passage(0, 15, "title"), Passage(16, 30, "abstract"))
    assert first.mentions == (
        Mention(0, 7, "Aspirin", "Chemical", ("D1", "D3")),
        Mention(25, 29, "pain", "Disease", ("D2",)),
    )
    assert first.relations == (Relation("Negative_Correlation", "D2", "D1", novelty="Novel"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.xml", XML.format(XML_DOCUMENT)[:-20], r"in\.xml: not well-formed XML \("),
        ("in.xml", "<PubmedArticleSet/>", r"in\.xml: the outermost element is <PubmedArticleSet>; that of BioC is"),
        ("in.xml", XML.format(XML_DOCUMENT).replace("infon", "b:infon"), r"in\.xml: .*not well-formed XML \("),
        *(("in.xml", f"<{name}><p>Error</p>", r"in\.xml: is a page of HTML") for name in ("html", "!DOCTYPE html")),
    ],
)
def test_file_that_is_not_bioc(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    for errors in ("raise", "skip-document"):
        with pytest.raises(ParseError, match=message):
            list(read_documents(tmp_path / name, policy=ErrorPolicy(errors)))


def test_missing_library_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "in.xml").write_text(XML.format(XML_DOCUMENT), encoding="utf-8")
    monkeypatch.setitem(sys.modules, "bioc.biocxml", None)
    for errors in ("raise", "skip-document"):
        with pytest.raises(SettingError, match=r"pip install 'biodir\[formats\]'"):
            list(read_documents(tmp_path / "in.xml", ErrorPolicy(errors)))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY x SYSTEM "SECRET">',
        '<!ENTITY x "inner">',
        '<!ENTITY % x SYSTEM "SECRET"> %x;',
        '<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">',
    ],
)
def test_entities_are_never_resolved(declaration, tmp_path):
    (tmp_path / "secret").write_text("the secret")
    declaration = declaration.replace("SECRET", (tmp_path / "secret").as_uri())
    body = "" if "%" in declaration else "&x;"
    path = tmp_path / "in.xml"
    path.write_text(
        f"<!DOCTYPE collection [{declaration}]><collection><document><id>7</id><passage><offset>0</offset>"
        f"<text>a{body}</text></passage></document></collection>"
    )
    with pytest.raises(ParseError, match=r"in\.xml: declares the entities x.*biodir resolves none") as caught:
        list(read_documents(path))
    assert "secret" not in str(caught.value).replace(str(tmp_path), "")


def test_named_dtd_is_not_fetched(tmp_path):
    (tmp_path / "x.dtd").write_text('<!ENTITY x "from the DTD"><!ATTLIST infon key CDATA "type">')
    path = tmp_path / "in.xml"
    text = XML.format(XML_DOCUMENT).replace("BioC.dtd", (tmp_path / "x.dtd").as_uri())
    path.write_text(text)
    assert read_one(path).text == "Aspirin & pain. It cures pain."
    path.write_text(text.replace("cures", "&x;"))
    with pytest.raises(ParseError, match=r"in\.xml: document 0: &x; is an entity of a DTD"):
        list(read_documents(path))


# Relations of BioREDirect, whose roles are attributes.

ROLES = """<infon key="type">Bind</infon><infon key="novelty">Novel</infon><infon key="score">0.91</infon>
<infon key="novelty_score">0.8</infon><infon key="direction_score">0.7</infon>
<infon key="role1" role="{}">Chemical|D1</infon><infon key="role2" role="{}">Disease|D2</infon>
<node refid="0" role="1,2"/>"""


def with_roles(path, *roles):
    start = XML_DOCUMENT.split("<relation")[0]
    path.write_text(XML.format(f"{start}<relation id='R0'>{ROLES.format(*roles)}</relation></document>"))


@pytest.mark.parametrize(
    ("roles", "subject"), [(("Subject", "Object"), "D1"), (("Object", "Subject"), "D2"), (("", ""), None)]
)
def test_role_by_an_attribute_is_the_direction(roles, subject, tmp_path):
    with_roles(tmp_path / "in.xml", *roles)
    document = read_one(tmp_path / "in.xml")
    assert document.relations == (Relation("Bind", "D1", "D2", "Novel", subject, 0.91, 0.8, 0.7),)
    with open(tmp_path / "out.xml", "wb") as file, bioc_xml_writer(file) as writer:
        writer.write_document(bioc_object(document))
    assert read_one(tmp_path / "out.xml").relations == document.relations


def test_two_subjects_of_a_relation_are_refused(tmp_path):
    with_roles(tmp_path / "in.xml", "Subject", "subject")
    with pytest.raises(ParseError, match=r"in\.xml: document 0: relation R0: 2 infons have the role Subject;"):
        list(read_documents(tmp_path / "in.xml"))


# The real corpora.


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("file", "other"),
    [
        ("biored/Train.BioC.XML", "biored/Train.PubTator"),
        ("biored/Dev.BioC.XML", "biored/Dev.PubTator"),
        ("biored/Dev.BioC.JSON", "biored/Dev.PubTator"),
        ("pubtator3/22439397_abstract_240916.json", "pubtator3/22429397_abstract_240916.pubtator"),
        ("pubtator3/22439397_abstract_PubTatorArticle_240916.json", "pubtator3/22429397_abstract_240916.pubtator"),
        ("pubtator3/pubtator3.37026113_240614.json", "pubtator3/pubtator3.37026113_240614.pubtator"),
    ],
)
def test_documents_are_the_same_as_in_pubtator(file, other, data_dir):
    expected = list(read_pubtator(data_dir / other))
    assert len(expected) in (1, 100, 400)
    for document, same in zip(read_documents(data_dir / file), expected, strict=True):
        assert (document.id, document.text, document.mentions) == (same.id, same.text, same.mentions)
        assert [replace(each, relation_score=None) for each in document.relations] == list(same.relations)
        spans = [(part.start_char, part.end_char) for part in document.passages]
        assert spans == [(part.start_char, part.end_char) for part in same.passages]
