"""The abstracts that a language model wrote: complete annotations, and none of the texts that scores are made on."""

import json
import re
from collections import Counter

import pytest

from biodir.document_biodir import Document
from biodir.formats.reading import read_documents
from biodir.training.corpus_list import CorpusEntry
from biodir.training.held_out import HeldOut
from biodir.training.judged_documents import judged_document
from helpers.checkout import CHECKOUT

PATH = CHECKOUT / "recipes" / "written_abstracts.jsonl"


@pytest.fixture(scope="module")
def lines() -> list[dict]:
    return list(map(json.loads, PATH.read_text(encoding="utf-8").splitlines()))


def test_documentation_counts_them(lines):
    text = " ".join((CHECKOUT / "docs" / "training.md").read_text().split())
    counts, relations = Counter(), Counter()
    for line in lines:
        counts[line["split"]] += 1
        relations[line["split"]] += len(line["relations"])
    assert f"has {len(lines)} abstracts with {relations.total():,} relations" in text
    assert f"{counts['test']} of them with {relations['test']} relations are of the split `test`" in text


def test_all_relations_can_be_learned_from(lines):
    assert len({line["id"] for line in lines}) == len({line["text"] for line in lines}) == len(lines)
    for line in lines:
        judged = judged_document(line, CorpusEntry(PATH.name))
        assert len(judged.document.relations) == len(line["relations"])
        assert not judged.judgement.undirected


def test_a_name_is_marked_everywhere_as_one_entity(lines):
    for line in lines:
        text, spans = line["text"], {(each["start"], each["end"]): each["id"] for each in line["entities"]}
        names = {text[start:end]: identifier for (start, end), identifier in spans.items()}
        assert all(names[text[start:end]] == identifier for (start, end), identifier in spans.items())
        marked = {place for start, end in spans for place in range(start, end)}
        for name in names:
            found = re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
            assert all(each.start() in marked for each in found), (line["id"], name)


@pytest.mark.corpus
def test_no_sentence_of_a_document_for_scores_is_in_them(lines, data_dir):
    held = HeldOut()
    for path in [*data_dir.glob("bioredirect/*.pubtator"), data_dir / "bc5cdr" / "CDR_DevelopmentSet.PubTator.txt"]:
        for document in read_documents(path):
            held.add(document)
    assert not [line["id"] for line in lines if held.has(Document(line["id"], line["text"]), None)]
