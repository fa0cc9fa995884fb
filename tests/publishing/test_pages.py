"""README.md and docs/evaluation.md have the scores of plain text of results/test.json."""

import json

import pytest

from biodir.publishing.errors import PublishError
from biodir.publishing.pages import END, EVALUATION, README, START, page_texts
from helpers.checkout import CHECKOUT

TEST = json.loads((CHECKOUT / "results" / "test.json").read_text(encoding="utf-8"))


def test_pages_have_the_scores_of_results():
    for name, text in page_texts(CHECKOUT, TEST).items():
        assert (CHECKOUT / name).read_text(encoding="utf-8") == text, "run python scripts/write_model_card.py"


def test_other_scores_change_only_what_is_between_the_marks(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in (README, EVALUATION):
        (tmp_path / name).write_text(f"before\n{START}\nold\n{END}\nafter\n")
    changed = json.loads(json.dumps(TEST))
    changed["mentions"]["f1"], changed["end_to_end"]["relation_type_direction"]["f1"] = 0.91234, 0.81234
    changed["mentions"]["by_type"]["CellLine"]["f1"] = 0.71234
    pages = page_texts(tmp_path, changed)
    for text in pages.values():
        assert text.startswith(f"before\n{START}\n")
        assert text.endswith(f"\n{END}\nafter\n")
        assert [part in text for part in ("old", "91.23", "81.23")] == [False, True, True]
    assert "| 71.23 |" in pages[EVALUATION]
    assert max(map(len, pages[README].splitlines())) <= 120


def test_page_without_the_marks_is_named(tmp_path):
    (tmp_path / README).write_text("# biodir\n")
    with pytest.raises(PublishError, match=r"README\.md: needs the line <!-- scripts/write_model_card"):
        page_texts(tmp_path, TEST)
