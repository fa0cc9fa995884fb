"""Sections of articles: their names, what is read of them, and what a pipeline makes of that."""

import json
from dataclasses import replace

import pytest

from biodir import AnnotationError, Passage, SettingError
from biodir.document_json_biodir import document_from_json
from biodir.document_sections_biodir import SectionFilter, Sections, section_name, section_of
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

TITLE, METHODS = "<C:D1 Aspirin> and <D:D2 pain>.", "Mice got <C:D1 aspirin> or <G:3 \u03b1\U0001f9ea>."
RESULTS, CITED = "<G:3 COX2> raises <D:D2 pain>.", "<C:D9 Zinc> cures <D:D2 pain>."
PARTS = [("title", ""), ("paragraph", "METHODS"), ("paragraph", "Results"), ("ref", "")]


def article(*texts: str, parts=PARTS):
    """The document of marked texts, each a passage with a kind and a section."""
    lengths = [len(marked_document(text).text) for text in texts]
    starts = [sum(lengths[:number]) + number for number in range(len(texts))]
    spans = zip(starts, lengths, parts, strict=True)
    passages = tuple(Passage(start, start + length, *part) for start, length, part in spans)
    return marked_document(" ".join(texts), passages=passages)


ARTICLE = article(TITLE, METHODS, RESULTS, CITED)


@pytest.fixture(scope="module", params=["document", "pairwise"])
def extract(tmp_path_factory, request):
    """The pipeline over a model that relates every pair."""
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("sections"), pair_encoding=request.param))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("results", "RESULTS"), (" Materials  and methods", "METHODS"), ("discussion", "DISCUSS"), ("Box 1", "BOX 1")],
)
def test_names_are_those_of_pmc_in_upper_case(name, expected):
    assert section_name(name) == expected


def test_passage_without_section_is_one_by_its_kind():
    assert [section_of(part) for part in ARTICLE.passages] == ["TITLE", "METHODS", "RESULTS", "REF"]
    sections = Sections(ARTICLE.passages)
    end = ARTICLE.passages[0].end_char
    assert (sections.at(end - 1), sections.at(end), sections.at(end + 1)) == ("TITLE", None, "METHODS")
    assert Sections(()).at(0) is None
    assert Sections([Passage(0, 4, "")]).at(0) is None


@pytest.mark.parametrize(
    ("filtered", "read"),
    [
        (SectionFilter(), [TITLE, METHODS, RESULTS]),
        (SectionFilter(["all"]), [TITLE, METHODS, RESULTS, CITED]),
        (SectionFilter(["result"]), [RESULTS]),
        (SectionFilter(["References", "title"]), [TITLE, CITED]),
        (SectionFilter(None, ["Methods"]), [TITLE, RESULTS]),
        (SectionFilter(["all"], ["ref", "title"]), [METHODS, RESULTS]),
        (SectionFilter(["DISCUSS"]), []),
    ],
)
def test_other_sections_are_spaces_of_the_same_length(filtered, read):
    found = filtered.read(ARTICLE)
    assert len(found.text) == len(ARTICLE.text)
    assert " ".join(found.text.split()) == " ".join(marked_document(text).text for text in read)
    kept = [each for text in read for each in marked_document(text).mentions]
    assert [each.text for each in found.mentions] == [each.text for each in kept]


def test_document_of_which_all_is_read_is_not_copied():
    plain = marked_document("<C:D1 Aspirin>.")
    assert SectionFilter().read(plain) is plain
    abstract = article(TITLE, METHODS, parts=[("title", ""), ("abstract", "")])
    assert SectionFilter(["TITLE", "abstract"]).read(abstract) is abstract
    assert SectionFilter(["TITLE"]).read(plain).mentions == ()


def test_mention_that_an_unread_section_cuts_is_left_out_and_counted():
    cut = replace(ARTICLE, passages=(Passage(0, 3, "title"), Passage(3, len(ARTICLE.text), "ref")))
    filtered = SectionFilter()
    assert filtered.read(cut).mentions == ()
    assert list(filtered.notes()) == [f"mentions in the section REF, which is not read: {len(ARTICLE.mentions)}"]


def test_mention_across_an_unread_section_is_left_out_and_counted():
    text = "Aspirin [1] raises pain."
    parts = (Passage(0, 7, "abstract"), Passage(8, 11, "ref"), Passage(12, 24, "paragraph", "RESULTS"))
    across = marked_document(f"<C:D1 {text[:18]}> <D:D2 pain>.", passages=parts)
    filtered = SectionFilter()
    read = filtered.read(across)
    assert read.text == "Aspirin     raises pain."
    assert [each.text for each in read.mentions] == ["pain"]
    assert list(filtered.notes()) == ["mentions in the section REF, which is not read: 1"]


def test_text_in_no_passage_is_read_only_where_all_sections_are():
    between = marked_document(
        "<C:D1 Iron>. <C:D9 Zinc> cures <D:D2 pain>. <G:3 COX2>.",
        passages=(Passage(0, 5, "title"), Passage(23, 28, "abstract")),
    )
    assert SectionFilter().read(between) is between
    filtered = SectionFilter(["TITLE", "ABSTRACT"])
    read = filtered.read(between)
    assert read.text == "Iron." + " " * 18 + "COX2."
    assert [each.text for each in read.mentions] == ["Iron", "COX2"]
    assert list(filtered.notes()) == ["mentions in the section without name, which is not read: 2"]


def test_spaces_between_passages_cut_no_mention():
    title = marked_document("<C:D1 Iron oxide>.", passages=(Passage(0, 4, "title"), Passage(5, 11, "title")))
    assert SectionFilter(["TITLE"]).read(title) is title


def test_names_that_no_document_has_are_named_at_the_end():
    filtered = SectionFilter(["all", "Results", "CONCL", "box"], ["BOX", "box", "SUPPL", "title", "all"])
    filtered.read(ARTICLE)
    assert list(filtered.notes())[-1] == "sections that no document has: CONCL, box, BOX, SUPPL, all"


def test_misspelt_name_is_refused_with_the_one_that_is_meant():
    with pytest.raises(SettingError, match=r"unknown section 'RESLTS'; did you mean 'RESULTS'\? .*TITLE, ABSTRACT"):
        SectionFilter(["RESLTS"])
    with pytest.raises(SettingError, match="unknown section 'RSULTS'; did you mean 'RESULTS'"):
        SectionFilter(None, ["RSULTS"])


def test_other_name_is_refused_by_a_document_without_any_wanted_section():
    message = r"document 7: has no section 'Box 1'; its sections are TITLE, METHODS, RESULTS, REF; .*PMC: TITLE, ABSTR"
    with pytest.raises(AnnotationError, match=message):
        SectionFilter(["Box 1"]).check(ARTICLE)
    with pytest.raises(AnnotationError, match="it names no sections"):
        SectionFilter(["Box 1"]).check(marked_document("Iron."))
    SectionFilter(["Box 1", "results"]).check(ARTICLE)
    SectionFilter(["CONCL"]).check(ARTICLE)
    own = replace(ARTICLE, passages=(Passage(0, len(ARTICLE.text), "box 1"),))
    SectionFilter(["Box 1"]).check(own)


# The pipeline.


def moved(results, by: int):
    """The results of a text that comes so many characters later, without the names of its sections, rounded."""
    found = json.loads(json.dumps(results), parse_float=lambda number: round(float(number), 4))
    for part in (part for result in found for part in result["evidence"]):
        part.update(start=part["start"] + by, end=part["end"] + by, section=None)
    return found


def test_section_gives_the_results_of_a_document_of_its_own(extract):
    results = extract(ARTICLE, sections=["results"])
    assert [[part["section"] for part in result["evidence"]] for result in results] == [["RESULTS"]]
    own = extract(marked_document(RESULTS))
    assert moved(results, 0) == moved(own, ARTICLE.passages[2].start_char)


def test_evidence_names_its_section_and_references_are_read_on_request_only(extract, caplog):
    results = extract(ARTICLE)
    found = {part["section"] for result in results for part in result["evidence"]}
    assert found == {"TITLE", "METHODS", "RESULTS"}
    assert "mentions in the section REF, which is not read: 2" in caplog.text
    everything = extract(ARTICLE, sections=["all"])
    assert {part["section"] for each in everything for part in each["evidence"]} == found | {"REF"}
    assert extract(replace(ARTICLE, passages=()))[0]["evidence"][0]["section"] is None


def test_offsets_and_entities_are_those_of_the_complete_text(extract):
    result = extract(ARTICLE, skip_sections=["METHODS"], offsets="utf-16", return_entities=True)
    assert len(result["entities"]) == len(ARTICLE.mentions)
    units = ARTICLE.text.encode("utf-16-le")
    for part in (part for relation in result["relations"] for part in relation["evidence"]):
        assert units[2 * part["start"] : 2 * part["end"]].decode("utf-16-le") == part["text"]
        assert part["section"] in ("TITLE", "RESULTS")


def test_bad_names_are_refused_before_the_model_runs(extract):
    with pytest.raises(SettingError, match="sections is 'RESULTS'; pass a list"):
        extract(ARTICLE, sections="RESULTS")
    with pytest.raises(SettingError, match="sections holds 3; names of sections are strings"):
        extract(ARTICLE, sections=[3])
    with pytest.raises(AnnotationError, match="has no section 'Box 1'"):
        extract([ARTICLE], sections=["Box 1"])


# What names a section.


def test_section_is_read_from_bioc_and_from_our_mapping():
    infons = [{"type": "paragraph", "section_type": "INTRO"}, {"type": "title", "section": "Title"}, {"type": "x"}]
    passages = [{"infons": each, "offset": 10 * number, "text": "Iron."} for number, each in enumerate(infons)]
    read = document_from_json({"id": "7", "passages": passages})
    assert [(each.kind, each.section) for each in read.passages] == [
        ("paragraph", "INTRO"),
        ("title", "Title"),
        ("x", ""),
    ]
    assert document_from_json(read.to_dict()).passages == read.passages
    joined = {"passages": [{"text": "Iron.", "type": "paragraph", "section": "INTRO"}], "entities": []}
    assert document_from_json(joined).passages == (Passage(0, 5, "paragraph", "INTRO"),)


def test_sentences_of_the_caller_are_those_of_what_is_read():
    passages = (Passage(0, 5, "title"), Passage(6, 11, "ref"), Passage(12, 23, "paragraph"))
    spans = ((0, 5), (6, 11), (12, 23))
    document = marked_document("<C:D1 Iron>. <C:D2 Zinc>. It is <C:D1 iron>.", passages=passages, sentences=spans)
    assert SectionFilter().read(document).sentences == ((0, 5), (12, 23))
    assert SectionFilter(["all"]).read(document).sentences == spans
