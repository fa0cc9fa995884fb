"""The columns of the CSV and TSV tables that `biodir predict` writes, by which readers know these tables."""

import re

from biodir.document_results_biodir import SCORES

COLUMNS = (
    *("document", "subject_id", "subject_type", "subject", "relation", "object_id", "object_type", "object"),
    *("directed", "novelty", *SCORES, "evidence", "sections"),
)


def begins_as_result_table(text: str) -> bool:
    """Return whether the text begins with the header of such a table, also as other programs save it.

    >>> begins_as_result_table(",".join(COLUMNS) + "\\n7,"), begins_as_result_table("7|t|Iron")
    (True, False)
    """
    header = re.split("[\r\n]", text.lstrip(), maxsplit=1)[0]
    return tuple(cell.strip(' "') for cell in re.split("[,;\t]", header)) == COLUMNS
