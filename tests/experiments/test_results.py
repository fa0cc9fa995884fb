"""The table of results and its Markdown."""

import pandas as pd

from experiments.results import add_rows, read_table, results_page
from experiments.run import CHECKOUT

ROW = {
    "question": "q",
    "size": "small",
    "variant": "none",
    "seed": 1,
    "split": "dev",
    "measure": "relation_type",
    "encoder": "bert",
    "commit": "0123456789 abcdef0123-dirty",
    "precision": 0.1 + 0.2,
    "recall": 0.5,
    "f1": 0.375,
    "minutes": 1.5,
    "steps": 40,
}


def table_lines(page: str) -> list[str]:
    """Return the lines of the tables of a page."""
    return [line for line in page.splitlines() if line.startswith("|")]


def test_rows_of_the_same_trial_split_and_measure_are_replaced_in_their_place(tmp_path):
    path = tmp_path / "results.csv"
    add_rows(path, [ROW, {**ROW, "seed": 2}])
    add_rows(path, [{**ROW, "f1": 0.5}, {**ROW, "size": "paper"}])
    table = read_table(path)
    assert list(zip(table["size"], table.seed, table.f1, strict=True)) == [
        *(("small", 1, 0.5), ("small", 2, 0.375), ("paper", 1, 0.375))
    ]


def test_figures_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "results.csv"
    add_rows(path, [{**ROW, "variant": "None"}])
    first = path.read_text()
    add_rows(path, [])
    (row,) = read_table(path).to_dict("records")
    assert path.read_text() == first
    assert (row["variant"], row["precision"], row["steps"]) == ("None", 0.1 + 0.2, 40)


def test_page_has_the_mean_and_the_sample_deviation_over_seeds(tmp_path):
    path = tmp_path / "results.csv"
    other = {**ROW, "measure": "novelty of gold pairs", "f1": None, "share": 0.75}
    add_rows(path, [{**ROW, "variant": "a|b"}, {**ROW, "variant": "a|b", "seed": 2, "f1": 0.125}, other])
    assert table_lines(path.with_suffix(".md").read_text()) == [
        "| variant | split | seeds | + type | novelty of gold pairs | minutes | commit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| a&#124;b | dev | 1, 2 | 25.00 ± 17.68 |  | 1.5 | 0123456 abcdef0-dirty |",
        "| none | dev | 1 |  | 75.00 | 1.5 | 0123456 abcdef0-dirty |",
    ]


def test_page_of_the_project_is_that_of_its_table():
    table = read_table(CHECKOUT / "experiments" / "results.csv")
    assert (CHECKOUT / "experiments" / "results.md").read_text(encoding="utf-8") == results_page(table)
    assert table.f1.combine_first(table["share"]).between(0, 1).all()
    assert pd.api.types.is_integer_dtype(table.seed)
