"""The policy by which readers treat documents with an error."""

from functools import partial

import pytest

from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError, SettingError, located


def attempts(*results):
    """An attempt for each result; an error is raised."""

    def attempt(result):
        if isinstance(result, Exception):
            raise result
        return result

    return [(f"in.txt:{number}", partial(attempt, result)) for number, result in enumerate(results, start=1)]


BAD = ParseError("in.txt:2: bad")


def test_strict_policy_raises_after_the_documents_before_the_bad_one():
    documents = STRICT.documents(attempts("a", BAD, "c"), "in.txt")
    assert next(documents) == "a"
    with pytest.raises(ParseError, match=r"^in\.txt:2: bad$"):
        next(documents)
    assert STRICT.skipped == []


def test_lenient_policy_skips_counts_and_logs_for_each_file(caplog):
    reported = []
    policy = ErrorPolicy("skip", on_skip=reported.append)
    assert list(policy.documents(attempts("a", BAD, "c", BAD), "in.txt")) == ["a", "c"]
    assert list(policy.documents(attempts("d"), "other.txt")) == ["d"]
    assert policy.skipped == reported == [BAD, BAD]
    assert caplog.messages == [
        *["skipped a document: in.txt:2: bad"] * 2,
        "in.txt: documents skipped because of errors: 2",
    ]


def test_error_of_the_check_is_one_of_its_document():
    def refuse_b(document):
        if document == "b":
            raise AnnotationError("no b")

    policy = ErrorPolicy("skip", check=refuse_b)
    assert list(policy.documents(attempts("a", "b", "c"), "in.txt")) == ["a", "c"]
    assert [str(error) for error in policy.skipped] == ["in.txt:2: no b"]
    with pytest.raises(AnnotationError, match=r"^in\.txt:2: no b$"):
        list(ErrorPolicy(check=refuse_b).documents(attempts("a", "b"), "in.txt"))


def test_error_of_the_file_is_raised_under_every_policy():
    def broken():
        yield from attempts("a")
        raise BAD

    for errors in ("raise", "skip-document"):
        with pytest.raises(ParseError):
            list(ErrorPolicy(errors).documents(broken(), "in.txt"))


def test_mistake_in_our_code_is_not_skipped():
    with pytest.raises(KeyError):
        list(ErrorPolicy("skip-document").documents(attempts(KeyError("x")), "in.txt"))


@pytest.mark.parametrize("errors", ["ignore", "", None])
def test_other_setting_is_an_error(errors):
    with pytest.raises(SettingError, match=r"^errors is .*; it is 'raise' or 'skip'$"):
        ErrorPolicy(errors)


def test_place_goes_before_the_message_and_the_kind_stays():
    with pytest.raises(AnnotationError, match=r"^here: bad$"), located("here"):
        raise AnnotationError("bad")
