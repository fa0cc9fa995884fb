"""The cache: one file an article, complete or not there."""

import os
import time

import pytest

from biodir.errors_biodir import SettingError
from biodir.fetching.cache import SEARCH_AGE_S, Cache

ARTICLE = {"id": "12345", "passages": [{"text": "\u03b1 \ud800"}]}


def test_article_is_kept_apart_by_kind_and_service(tmp_path):
    cache = Cache.of_service("http://a/api/", tmp_path)
    cache.keep("12345", ARTICLE)
    assert cache.article("12345") == ARTICLE
    assert cache.article("12345", full=True) is None
    assert Cache.of_service("http://a/api", tmp_path).article("12345") == ARTICLE
    assert Cache.of_service("http://a/other", tmp_path).article("12345") is None
    cache.keep("PMC9", ARTICLE)
    assert cache.path("PMC9") == cache.path("PMC9", full=True)
    files = [path.relative_to(cache.folder).as_posix() for path in sorted(cache.folder.rglob("*")) if path.is_file()]
    assert files == ["abstract/45/12345.json.gz", "full/C9/PMC9.json.gz"]


@pytest.mark.parametrize("damage", [b"", b"text", b'"text"', None])
def test_damaged_file_counts_as_none(damage, tmp_path):
    cache = Cache.of_service("http://a", tmp_path)
    cache.keep("12345", ARTICLE)
    path = cache.path("12345")
    path.write_bytes(path.read_bytes()[:-20] if damage is None else damage)
    assert cache.article("12345") is None


def test_results_of_a_search_are_kept_for_a_day(tmp_path):
    cache = Cache.of_service("http://a", tmp_path)
    results = {"pmids": ["1"], "total": 1, "pages": 1}
    cache.keep_search_page("EGFR", 1, results)
    assert cache.search_page("EGFR", 1) == results
    assert (cache.search_page("EGFR", 2), cache.search_page("egfr", 1)) == (None, None)
    (path,) = (cache.folder / "search").rglob("*.gz")
    old = time.time() - SEARCH_AGE_S - 1
    os.utime(path, (old, old))
    assert cache.search_page("EGFR", 1) is None


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match=r"file.*cannot be made .*; name another folder as cache"):
        Cache.of_service("http://a", tmp_path / "file")
