"""Imported checkpoints give the scores of the released code: of its own reference, and of a plain second program."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from biodir.document_biodir import Document
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference.loading import load_pipeline
from biodir.released.archive import ARCHIVE
from biodir.released.importing import import_released
from helpers.released import PlainModel, PlainTokenizer, plain_pairs, save_released

CHEMICAL, DISEASE, GENE, VARIANT = (
    "ChemicalEntity",
    "DiseaseOrPhenotypicFeature",
    "GeneOrGeneProduct",
    "SequenceVariant",
)
TOLERANCE = 1e-5


def document_of(*sentences: str, mentions=(), name="7") -> dict:
    """Return a document of sentences; a mention is its text, how often that came before, type and identifiers."""
    text, spans, entities = " ".join(sentences), [], []
    for sentence in sentences:
        start = spans[-1][1] + 1 if spans else 0
        spans.append([start, start + len(sentence)])
    for words, before, kind, *identifiers in mentions:
        at = -1
        for _ in range(before + 1):
            at = text.index(words, at + 1)
        entities.append({"start": at, "end": at + len(words), "text": words, "type": kind, "id": identifiers})
    return {"id": name, "text": text, "sentences": spans, "entities": entities}


ASPIRIN, PAIN = ("Aspirin", 0, CHEMICAL, "D1"), ("pain", 0, DISEASE, "D2")
DOCUMENTS = {
    "two that share a sentence": document_of("Aspirin causes pain.", "A filler.", mentions=[ASPIRIN, PAIN]),
    "two that never do": document_of("Aspirin is a filler.", "The pain of it.", mentions=[PAIN, ASPIRIN]),
    "mentions in another order than the text": document_of(
        "Gene ABC1 and gene XYZ2 bind.", "XYZ2 binds ABC1.",
        mentions=[("XYZ2", 0, GENE, "22"), ("ABC1", 0, GENE, "11"), ("ABC1", 1, GENE, "11"), ("XYZ2", 1, GENE, "22")],
    ),
    "a mention of both": document_of(
        "Genes ABC1/2 bind ABC1.", "ABC2 causes it.",
        mentions=[("ABC1/2", 0, GENE, "9", "10"), ("ABC1", 1, GENE, "9"), ("ABC2", 0, GENE, "10")],
    ),
    "two that are never apart": document_of("Genes ABC1/2 bind.", mentions=[("ABC1/2", 0, GENE, "9", "10")]),
    "nested, and inside a word": document_of(
        "Mutant ABC1-V600E, preABC1post and ABC1.",
        mentions=[("ABC1-V600E", 0, VARIANT, "v"), ("ABC1", 0, GENE, "1"), ("ABC1", 1, GENE, "1"),
                  ("V600", 0, GENE, "2")],
    ),
    "twice at one place": document_of(
        "ABC1 causes pain.",
        mentions=[("ABC1", 0, GENE, "1"), ("ABC1", 0, VARIANT, "v"), ("ABC1", 0, GENE, "1", "3"), PAIN],
    ),
    "an identifier of two types": document_of(
        "Aspirin causes aspirin pain.", mentions=[ASPIRIN, ("aspirin pain", 0, DISEASE, "D1", "D3")]
    ),
    "types that are in no pair": document_of(
        "Aspirin of a mouse causes pain.", mentions=[ASPIRIN, PAIN, ("mouse", 0, "OrganismTaxon", "D1", "10090")]
    ),
    "words and marks that the tokenizer lacks": document_of(
        "The \u03b2\u00e9-\u2265 gene, Aspirin\u00a0and e\u0301 \u4e00 pain of x\u03b2y.", mentions=[ASPIRIN, PAIN]
    ),
    "special tokens in the text": document_of(
        "Aspirin [SEP] is [REL] @ChemicalEntityTgt$ a.", "A pain[MASK].", mentions=[ASPIRIN, PAIN]
    ),
    "special tokens in a name": document_of(
        "Aspirin [REL] causes pain [SEP] b.",
        mentions=[("Aspirin [REL]", 0, CHEMICAL, "D1"), ("pain [SEP] b", 0, DISEASE, "D2")],
    ),
}  # fmt: skip


def text_of(tokens: int, last: str = "Aspirin causes pain.") -> dict:
    """Return a document whose rows have about so many tokens."""
    body = [" ".join(["filler"] * 10) + "." for _ in range(tokens // 12)]
    first, mentions = (
        "Aspirin causes pain.",
        [ASPIRIN, PAIN, ("Aspirin", 1, CHEMICAL, "D1"), ("pain", 1, DISEASE, "D2")],
    )
    rest = " ".join(["filler"] * (tokens % 12)) + "."
    return document_of(first, *body, rest, last, mentions=mentions if last else mentions[:2])


LONG = {f"{tokens} fillers": text_of(tokens) for tokens in (372, 376, 379, 380, 385, 390, 396, 800)}
CHECKPOINTS = {
    "two layers": {},
    "four layers": {"num_hidden_layers": 4, "hidden_size": 48, "num_attention_heads": 3, "seed": 2},
    "wide": {"hidden_size": 96, "intermediate_size": 64, "num_attention_heads": 2, "prompt_tokens": 5, "seed": 3},
    "single chunk": {"single_chunk": True, "seed": 4, "num_hidden_layers": 4},
}


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """The folder of a released checkpoint of `CHECKPOINTS`, and of what is imported from it, by name."""
    made: dict[str, Path] = {}

    def folders(name: str, one_chunk: bool = False) -> tuple[Path, Path]:
        if name not in made:
            made[name] = save_released(tmp_path_factory.mktemp("released") / "source", **CHECKPOINTS[name])
        target = made[name].parent / f"imported {one_chunk}"
        if not target.exists():
            import_released(made[name], target, one_chunk)
        return made[name], target

    return folders


def scores_of(extract, document) -> dict:
    """Return the identifiers and types of a pair, the source first -> the scores of all labels."""
    found = {}
    processor = extract._processor
    tokenized = processor.tokenize(extract.read_document(document))
    pairs = [features.pair for features in processor.features(tokenized)]
    for result, pair in zip(sorted_results(extract, document), sorted(pairs, key=_key), strict=True):
        entities = pair.entity1, pair.entity2
        key = tuple(each.identifier for each in entities), tuple(each.entity_type for each in entities)
        found[key] = [score for task in result["scores"].values() for score in task.values()]
    return found


def _key(pair) -> tuple:
    return tuple(sorted([pair.entity1.key, pair.entity2.key]))


def sorted_results(extract, document) -> list:
    results = extract(document, return_all_scores=True)
    entities = [[(each[side]["id"], each[side]["type"]) for side in ("subject", "object")] for each in results]
    return [result for _, result in sorted(zip(map(sorted, entities), results, strict=True), key=lambda pair: pair[0])]


@pytest.mark.parametrize("one_chunk", [False, True])
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_imported_checkpoint_gives_the_scores_of_the_plain_program(folder_of, name, one_chunk):
    source, target = folder_of(name, one_chunk)
    plain, extract, worst, pairs = PlainModel(source), load_pipeline(str(target), "cpu"), 0.0, 0
    documents = {**DOCUMENTS, **LONG} if name == "two layers" else {**dict([*DOCUMENTS.items()][:4]), **LONG}
    for document in documents.values():
        found = scores_of(extract, document)
        expected = plain_pairs(document, plain.tokenizer)
        assert {(pair.ids, pair.types) for pair in expected} <= found.keys()
        for pair in expected:
            scores = plain.scores(pair, one_chunk)
            differences = [abs(one - two) for one, two in zip(found[pair.ids, pair.types], scores, strict=True)]
            worst, pairs = max(worst, *differences), pairs + 1
    assert worst < TOLERANCE
    assert pairs > 10


@pytest.mark.parametrize("name", [*DOCUMENTS, *LONG])
def test_rows_are_those_of_the_plain_program_without_its_padding(folder_of, name):
    source, target = folder_of("two layers")
    plain, processor = PlainModel(source), load_pipeline(str(target), "cpu")._processor
    document = {**DOCUMENTS, **LONG}[name]
    expected = {(pair.ids, pair.types): plain.inputs(pair) for pair in plain_pairs(document, plain.tokenizer)}
    found = list(processor.features(processor.tokenize(Document.from_dict(document))))
    assert found
    assert len(found) == len(expected)
    for features in found:
        entities = features.pair.entity1, features.pair.entity2
        ids, mask = expected[tuple(each.identifier for each in entities), tuple(each.entity_type for each in entities)]
        assert [len(row) for row in features.rows] == mask.sum(dim=1).tolist()
        # The places of a row are its positions; from 504 on the model puts the soft prompt there.
        for row, places in zip(features.rows, ids.tolist(), strict=True):
            assert list(row[:504]) == (places + [0] * 8)[: len(row)][:504]
            assert set(row[504:]) <= {0}


def test_prompt_is_seen_only_in_rows_that_reach_the_last_places(folder_of):
    _, target = folder_of("two layers")
    extract = load_pipeline(str(target), "cpu")
    processor, model = extract._processor, extract.model
    seen = {}
    for name, document in LONG.items():
        (features,) = processor.features(processor.tokenize(Document.from_dict(document)))
        inputs = processor.collate([features])
        with torch.no_grad():
            before = model(**inputs).relation_logits
            model.soft_prompt.vectors.add_(1)
            seen[name] = not torch.equal(model(**inputs).relation_logits, before)
            model.soft_prompt.vectors.sub_(1)
        assert seen[name] == (len(features.rows[0]) > 504)
    assert set(seen.values()) == {False, True}


# BC5CDR.

CDR_TAGS = [f"@{kind}{role}{end}$" for kind in ("Chemical", "Disease") for role in ("Src", "Tgt") for end in ("", "/")]


def test_model_of_bc5cdr_has_one_task_and_the_prompt_of_other_pair_types(tmp_path):
    labels = {"relation": "None CID", "novelty": "None", "direction": "None"}
    source = save_released(tmp_path / "source", labels=labels, tags=CDR_TAGS)
    import_released(source, tmp_path / "out")
    plain, extract = PlainModel(source), load_pipeline(str(tmp_path / "out"), "cpu")
    question = "[CLS] What is the label of [REL] between {} and {} ?"
    tag_of = {CHEMICAL: "Chemical", DISEASE: "Disease"}
    for document in (DOCUMENTS["two that share a sentence"], LONG["390 fillers"]):
        (pair,) = plain_pairs(document, plain.tokenizer, question, tag_of, [(CHEMICAL, DISEASE)])
        pair.types = ("Chemical", "Disease")
        (scores,) = scores_of(extract, document).values()
        assert scores == pytest.approx(plain.scores(pair)[:2], abs=TOLERANCE)


# The reference.


@pytest.fixture(scope="session")
def released(data_dir, tmp_path_factory) -> tuple[Path, Path, dict]:
    """The folder that NCBI's code has scored documents with, what is imported from it, and these documents' scores."""
    shared = data_dir.parent / "released"
    if not (shared / "reference.json").is_file():
        pytest.skip(f"no reference at {shared}")
    folder = tmp_path_factory.mktemp("ncbi")
    for path in (*(shared / "checkpoint").iterdir(), data_dir / "vocab" / "pubmedbert" / "vocab.txt"):
        shutil.copyfile(path, folder / path.name)
    import_released(folder, folder.parent / "imported")
    return folder, folder.parent / "imported", json.loads((shared / "reference.json").read_text())["documents"]


def documents_of(data_dir, reference) -> list[dict]:
    documents = read_pubtator(data_dir / "bioredirect" / "bioredirect_test.pubtator")
    return [
        each.to_dict() | {"sentences": reference[each.id]["sentences"]} for each in documents if each.id in reference
    ]


@pytest.mark.corpus
def test_all_pairs_of_the_reference_have_the_scores_of_the_released_code(data_dir, released):
    _, target, reference = released
    extract, worst, pairs = load_pipeline(str(target), "cpu"), 0.0, 0
    for document in documents_of(data_dir, reference):
        found = scores_of(extract, document)
        assert len(found) == len(reference[document["id"]]["pairs"])
        for pair in reference[document["id"]]["pairs"]:
            scores = found[tuple(pair["ids"]), tuple(pair["types"])]
            worst = max(worst, *(abs(one - two) for one, two in zip(scores, pair["scores"], strict=True)))
            pairs += 1
    assert pairs == 1302
    assert worst < TOLERANCE


@pytest.mark.corpus
def test_rows_of_the_reference_are_those_of_the_plain_program(data_dir, released):
    source, target, reference = released
    plain, processor, rows = PlainModel(source), load_pipeline(str(target), "cpu")._processor, 0
    for document in documents_of(data_dir, reference):
        expected = {(pair.ids, pair.types): plain.inputs(pair) for pair in plain_pairs(document, plain.tokenizer)}
        for features in processor.features(processor.tokenize(Document.from_dict(document))):
            entities = features.pair.entity1, features.pair.entity2
            ids, mask = expected[
                tuple(each.identifier for each in entities), tuple(each.entity_type for each in entities)
            ]
            for row, places, seen in zip(features.rows, ids.tolist(), mask.sum(dim=1).tolist(), strict=True):
                assert (list(row[:504]), len(row)) == ((places + [0] * 8)[: len(row)][:504], seen)
                rows += 1
    assert rows == 3 * 1302


@pytest.mark.corpus
def test_tokens_of_all_sentences_of_a_corpus_are_those_of_the_plain_tokenizer(data_dir, released):
    source, target, _ = released
    plain, processor, tokens = PlainTokenizer(source), load_pipeline(str(target), "cpu")._processor, 0
    for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"):
        for sentence in processor.tokenize(document).sentences:
            words = plain.tokens(document.text[slice(*sentence.span)])
            assert list(sentence.token_ids) == plain.numbers(words)
            tokens += len(words)
    assert tokens > 20_000


def test_archive_is_needed_no_more_after_the_import(folder_of, tmp_path):
    source, _ = folder_of("two layers")
    import_released(source, tmp_path / "out")
    assert not any(name.endswith((ARCHIVE, ".bin")) for name in os.listdir(tmp_path / "out"))


def test_target_may_be_the_empty_working_directory(folder_of, tmp_path, monkeypatch):
    source, _ = folder_of("two layers")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    import_released(source, Path())
    assert (tmp_path / "out/config.json").is_file()
