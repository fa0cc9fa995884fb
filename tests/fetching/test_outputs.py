"""Fetched articles in files: formats, packing, what cannot be written, and what stays after a fault."""

import gzip
import json
from pathlib import Path

import pytest

from biodir.errors_biodir import AnnotationError, ErrorPolicy, SettingError
from biodir.fetching.articles import Article
from biodir.fetching.outputs import format_of, write_articles, write_missing
from biodir.formats.reading import read_documents
from helpers.pubtator_service import article, published_articles

ARTICLES = [
    Article("5", article(5), is_new=True),
    Article("9", None, "not in PubTator 3"),
    Article("6", article(6)),
]
BLOCK = "{0}|t|Aspirin {0}.\n{0}|a|It helps.\n{0}\t0\t7\tAspirin\tChemical\tMESH:D001241\n\n"
FIVE, SIX = json.dumps(article(5)), json.dumps(article(6))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pubtator", BLOCK.format(5) + BLOCK.format(6)),
        ("a.json", f'{{"PubTator3": [\n{FIVE},\n{SIX}\n]}}\n'),
        ("a.jsonl", f"{FIVE}\n{SIX}\n"),
    ],
)
def test_suffix_chooses_what_is_written_and_biodir_reads_it(name, expected, tmp_path):
    path = tmp_path / name
    counts = write_articles(ARTICLES, path, format_of(path))
    assert path.read_text(encoding="utf-8") == expected
    assert [(each.id, each.mentions[0].text) for each in read_documents(path)] == [("5", "Aspirin"), ("6", "Aspirin")]
    assert (counts.written, counts.new, counts.missing) == (2, 1, {"9": "not in PubTator 3"})
    packed = tmp_path / f"{name}.gz"
    write_articles(ARTICLES, packed, format_of(packed))
    assert gzip.decompress(packed.read_bytes()).decode() == expected
    assert list(read_documents(packed)) == list(read_documents(path))
    assert sorted(each.name for each in tmp_path.iterdir()) == [name, packed.name]


def test_no_articles_are_an_empty_collection(tmp_path):
    write_articles([], tmp_path / "a.json", "json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"PubTator3": []}


def test_unknown_suffix_is_refused():
    with pytest.raises(SettingError, match=r"a\.xml: unknown suffix '\.xml'; use one of \.pubtator, .*also with \.gz"):
        format_of(Path("a.xml"))


def test_article_that_contradicts_itself_is_an_error_or_left_out_as_the_policy_says(tmp_path):
    broken = article(7)
    broken["passages"][0]["annotations"][0]["text"] = "Iron"
    given = [*ARTICLES, Article("7", broken, is_new=True), Article("8", broken, is_new=True)]
    path = tmp_path / "a.pubtator"
    with pytest.raises(AnnotationError, match="article 7: document 7"):
        write_articles(given, path, "pubtator")
    assert list(tmp_path.iterdir()) == [], "no part of a file"
    policy = ErrorPolicy("skip-document")
    counts = write_articles(given, path, "pubtator", policy)
    assert counts.summary() == "articles: 2, of these from the cache: 1, missing: 1"
    assert policy.skipped_number("document") == 2
    assert write_articles(given, path, "pubtator", ErrorPolicy("skip-mention")).written == 4
    assert write_articles(given, tmp_path / "a.json", "json").written == 4


def test_scores_that_pubtator_cannot_hold_are_counted(tmp_path):
    related = article(5)
    role = {"identifier": "MESH:D001241", "type": "Chemical"}
    related["relations"] = [{"id": "R1", "infons": {"score": "0.9", "role1": role, "role2": role, "type": "Bind"}}]
    policy = ErrorPolicy()
    write_articles([Article("5", related)], tmp_path / "a.txt", "pubtator", policy)
    assert policy.summary() == ["relations of PubTator 3 written without their score, which BioC JSON keeps: 1"]
    assert "5\tBind\tMESH:D001241\tMESH:D001241\n" in (tmp_path / "a.txt").read_text()


def test_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("old")

    def articles():
        yield ARTICLES[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_articles(articles(), path, "jsonl")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_articles_are_listed_for_another_run(tmp_path):
    output = tmp_path / "a.json.gz"
    write_missing(output, {"9": "not in PubTator 3", "13": "HTTP 502 (Bad Gateway)"})
    listed = tmp_path / "a.json.gz.missing.txt"
    assert listed.read_text() == "9\t# not in PubTator 3\n13\t# HTTP 502 (Bad Gateway)\n"
    write_missing(output, {})
    assert not listed.exists()


@pytest.mark.corpus
def test_real_export_becomes_the_file_that_the_service_itself_writes(data_dir, tmp_path):
    """Types, identifiers and relations; the service's own PubTator has other texts for one of the articles."""
    folder = data_dir / "pubtator3"
    given = [Article(each["id"], each) for each in published_articles(folder)]
    write_articles(given, tmp_path / "a.pubtator", "pubtator", ErrorPolicy("skip-mention"))
    ours = {each.id: each for each in read_documents(tmp_path / "a.pubtator")}
    for name in ("pubtator3.37026113_240614.pubtator", "22429397_abstract_240916.pubtator"):
        (theirs,) = read_documents(folder / name)
        found = ours[theirs.id]
        assert found.text.strip() == theirs.text.strip()
        assert {(each.start_char, each.text) for each in found.mentions} >= {
            (each.start_char, each.text) for each in theirs.mentions
        }
        assert {(each.relation_type, each.pair) for each in theirs.relations} <= {
            (each.relation_type, each.pair) for each in found.relations
        }
