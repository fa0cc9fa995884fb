"""What the readers of files share: a file that cannot be opened, and bad documents that are passed over and counted."""

import pytest

from biodir import Document, ParseError
from biodir.formats.lenient import kept, opened

ONE, TWO = Document("1", "Iron"), Document("2", "Zinc")


def bad():
    """An attempt that fails."""
    raise ParseError("in.txt:2: bad")


def test_bad_documents_are_passed_over_and_counted(caplog):
    skipped = []
    documents = kept([lambda: ONE, bad, bad, lambda: TWO], "in.txt", "skip", skipped.append)
    assert list(documents) == [ONE, TWO]
    assert [str(error) for error in skipped] == ["in.txt:2: bad"] * 2
    assert caplog.messages == [
        *["left out a document: in.txt:2: bad"] * 2,
        "in.txt: documents left out because of errors: 2",
    ]


def test_first_bad_document_is_raised_behind_the_good_ones():
    documents = kept([lambda: ONE, bad, lambda: TWO], "in.txt")
    assert next(documents) == ONE
    with pytest.raises(ParseError, match="bad"):
        next(documents)


def test_nothing_is_said_where_all_are_good(caplog):
    assert list(kept([lambda: ONE], "in.txt", "skip")) == [ONE]
    assert caplog.messages == []


def test_error_of_the_file_is_never_passed_over():
    def attempts():
        yield lambda: ONE
        raise ParseError("in.txt: cut off")

    documents = kept(attempts(), "in.txt", "skip")
    assert next(documents) == ONE
    with pytest.raises(ParseError, match="cut off"):
        next(documents)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParseError, match=r"absent: cannot be read \(No such file or directory\); check the path"):
        opened(tmp_path / "absent")
