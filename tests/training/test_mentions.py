"""What the tagger learns from: labels that words may have, files that annotate some types, and runs of train.py."""

import json
import lzma

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import train
from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import BioDirError, SettingError
from biodir.evaluation.scores import Counts
from biodir.labels_biodir import CHEMICAL, ENTITY_TYPES, GENE, bio_labels
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_biodir import mention_finder
from biodir.pipeline_tagging_biodir import _mentions
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from biodir.training.corpora import TrainingCorpus
from biodir.training.mention_corpora import mention_corpora
from biodir.training.mentions import (
    NO_TYPE,
    MentionCorpus,
    labelled_words,
    mention_counts,
    mention_steps,
    sentences_of,
    words_to_learn,
)
from biodir.training.scopes import Judgement, Scope
from biodir.training.settings import TrainingSettings
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint, save_encoder

LABELS = bio_labels([GENE, CHEMICAL])


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("mentions"), tagger_labels=bio_labels(ENTITY_TYPES)))


@pytest.fixture(scope="module")
def processor(pipeline):
    return TaggerProcessor(pipeline.tokenizer, ProcessingSettings.from_config(pipeline.model.config))


def document_of(text, *found, name="1"):
    """Return a document in which words have types: ("gene", GENE) is the first such word."""
    mentions = [Mention(text.index(word), text.index(word) + len(word), word, kind) for word, kind in found]
    return Document(name, text, tuple(mentions))


def allowed(processor, document, annotated):
    targets = labelled_words(document, annotated, processor, LABELS).targets
    return [{LABELS[number] for number in np.flatnonzero(row)} for row in targets]


def test_words_of_a_complete_corpus_have_one_label(processor):
    document = document_of("Gene alpha binds drug.", ("Gene alpha", GENE), ("drug", CHEMICAL))
    assert allowed(processor, document, {GENE, CHEMICAL}) == [
        *({f"B-{GENE}"}, {f"I-{GENE}"}, {"O"}, {f"B-{CHEMICAL}"}, {"O"})
    ]


def test_words_may_be_of_types_that_the_corpus_does_not_annotate(processor):
    document = document_of("gene binds drug", ("drug", CHEMICAL))
    free = {"O", f"B-{GENE}", f"I-{GENE}"}
    assert allowed(processor, document, {CHEMICAL}) == [free, free, {f"B-{CHEMICAL}"}]


def test_mention_of_a_type_that_is_not_complete_is_learned_and_no_more(processor):
    document = document_of("gene binds drug", ("gene", GENE))
    assert allowed(processor, document, set()) == [{f"B-{GENE}"}, set(LABELS), set(LABELS)]


def test_words_of_unknown_types_and_cut_words_may_have_any_label(processor):
    document = document_of("gene binds drugs", ("gene", "?"), ("drug", CHEMICAL))
    assert allowed(processor, document, {GENE, CHEMICAL}) == [set(LABELS), {"O"}, set(LABELS)]


def test_of_mentions_that_share_words_the_longest_holds(processor):
    document = document_of("gene drug binds", ("drug", CHEMICAL), ("gene drug", GENE))
    assert allowed(processor, document, {GENE, CHEMICAL}) == [{f"B-{GENE}"}, {f"I-{GENE}"}, {"O"}]


def test_targets_are_decoded_to_the_mentions_that_they_were_made_of(processor):
    document = document_of("Gene alpha-9 (drug) and gene.", ("Gene alpha-9", GENE), ("drug", CHEMICAL))
    words = labelled_words(document, {GENE, CHEMICAL}, processor, LABELS)
    scores = np.where(words.targets, 0.0, -20.0)
    found = [(mention.text, mention.entity_type) for mention in _mentions(document, words.features, scores, LABELS)]
    assert found == [("Gene alpha-9", GENE), ("drug", CHEMICAL)]


def test_sentences_keep_their_mentions():
    document = document_of("Gene binds. A drug (x) is new.", ("Gene", GENE), ("drug", CHEMICAL))
    found = [(each.text, [mention.text for mention in each.mentions]) for each in sentences_of(document)]
    assert found == [("Gene binds.", ["Gene"]), ("A drug (x) is new.", ["drug"])]
    assert sentences_of(document_of("One gene.", ("gene", GENE))) == []


def test_share_of_the_texts_is_shown_sentence_by_sentence(pipeline, processor):
    text = "One gene. Two drugs. A third of them."
    corpus = MentionCorpus("x", (document_of(text, ("gene", GENE)),) * 200, (frozenset({GENE}),) * 200)
    labelled = words_to_learn([corpus], pipeline.tokenizer, pipeline.model.config, log=len)
    words = len(labelled[0].features.words)
    for share in (0.0, 0.5, 1.0):
        shown = [each for step in mention_steps(labelled, processor, 60, 1, share) for each in step]
        assert sum(len(each.features.words) for each in shown) == 200 * words
        assert (len(shown) - 200) / 400 == pytest.approx(share, abs=0.15)
        assert sum(each.targets[:, 1].sum() for each in shown) == 200


def test_steps_hold_every_text_once_under_the_budget(processor):
    documents = [document_of("gene " * (1 + number), name=str(number)) for number in range(20)]
    labelled = [labelled_words(document, {GENE}, processor, LABELS) for document in documents]
    steps = mention_steps(labelled, processor, 60, seed=1)
    assert sorted(id(each) for step in steps for each in step) == sorted(map(id, labelled))
    assert all(sum(each.features.tokens for each in step) <= 60 for step in steps)
    assert mention_steps(labelled, processor, 60, seed=2) != steps


# Files.


def row(name, text, kinds, *spans, **others):
    entities = [{"start": start, "end": end, "type": kind} for start, end, kind in spans]
    return json.dumps({"id": name, "text": text, "entities": entities, "annotated_types": kinds, **others})


SENTENCE = "Iron binds it, and this is said in so many words that no other article has them all."


def settings_of(tmp_path, **given):
    values = {"train": ["x"], "encoder": "x", "output_dir": str(tmp_path / "run"), "tasks": ["mentions"], **given}
    return TrainingSettings(**values)


def test_files_teach_the_types_that_their_documents_name(tmp_path):
    path, dev = tmp_path / "chemicals.jsonl.xz", tmp_path / "dev.pubtator"
    rows = [
        row("corpus:1", "iron binds", [CHEMICAL], (0, 4, CHEMICAL), pmid="11"),
        row(2, "gene. binds", [GENE], (6, 11, None), pmid=None, title_end=5),
        row("corpus:5", "iron", None, pmid=15, unit="section"),
        row("corpus:3", "iron", [CHEMICAL], pmid="13"),
        row("corpus:4", SENTENCE, [CHEMICAL], (0, 4, CHEMICAL)),
    ]
    path.write_bytes(lzma.compress("\n".join(rows).encode()))
    dev.write_text(f"13|t|iron\n13|a|{SENTENCE}\n")
    settings = settings_of(tmp_path, mention_train=[str(path)], dev=str(dev))
    logged = []
    [corpus] = mention_corpora(settings, [], BioDirConfig(), logged.append)
    assert [document.id for document in corpus.documents] == ["11", "2", "corpus:5"]
    assert corpus.annotated == (frozenset({CHEMICAL}), frozenset({GENE}), frozenset())
    assert [mention.entity_type for document in corpus.documents for mention in document.mentions] == [CHEMICAL, "?"]
    assert [(part.start_char, part.kind) for part in corpus.documents[1].passages] == [(0, "title"), (5, "abstract")]
    assert logged == [f"{path}: 2 documents left out, held out for evaluation or in a corpus before"]


def test_files_that_name_no_types_teach_all_that_they_have(tmp_path):
    path = tmp_path / "some.pubtator"
    path.write_text("1|t|iron\n1|a|\n1\t0\t4\tiron\tChemical\tD1\n\n2|t|gene\n2|a|\n2\t0\t4\tgene\tGene\t7\n")
    [corpus] = mention_corpora(settings_of(tmp_path, mention_train=[str(path)]), [], BioDirConfig())
    assert corpus.annotated == (frozenset({CHEMICAL, GENE}),) * 2


def test_corpora_of_the_list_teach_the_types_that_they_have(tmp_path):
    some = document_of("iron binds", ("iron", CHEMICAL))
    corpora = [TrainingCorpus("train", (some,)), TrainingCorpus("chemicals", (some,), name="chemicals")]
    train, listed = mention_corpora(settings_of(tmp_path), corpora, BioDirConfig())
    assert (train.annotated, listed.annotated) == ((frozenset(ENTITY_TYPES),), (frozenset({CHEMICAL}),))


@pytest.mark.parametrize(
    ("unit", "kinds", "expected"),
    [("abstract", [], ["1", "2"]), ("abstract", [GENE], ["2"]), ("section", [GENE], ["s2"])],
)
def test_document_is_learned_from_once_unless_no_type_is_annotated_before(tmp_path, unit, kinds, expected):
    path = tmp_path / "some.jsonl"
    rows = [row(name, "iron", [CHEMICAL], (0, 4, CHEMICAL), pmid=name[1:], unit=unit) for name in ("s1", "s2")]
    path.write_text("\n".join(rows))
    before = Document("1" if unit == "abstract" else "s1", "iron")
    judgement = Judgement(entity_types=frozenset(kinds))
    corpus = TrainingCorpus("before", (before,), scope=Scope({before.id: judgement}))
    _, found = mention_corpora(settings_of(tmp_path, mention_train=[str(path)]), [corpus], BioDirConfig())
    assert [document.id for document in found.documents] == expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (row("a:1", "iron", [CHEMICAL], pmid="11", unit="section"), ["a:2"]),  # another section of the article
        (row("a:2", "iron", [CHEMICAL], pmid="11", unit="section"), None),
        (row("a:2", "iron", [], pmid="11", unit="section"), ["a:2"]),
        (row("a:2", "iron", ["Cell"], pmid="11", unit="section"), ["a:2"]),
    ],
)
def test_later_file_teaches_what_an_earlier_one_does_not_annotate(tmp_path, first, expected):
    paths = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    lines = (first, row("a:2", "iron", [CHEMICAL], (0, 4, CHEMICAL), pmid="11", unit="section"))
    for path, line in zip(paths, lines, strict=True):
        path.write_text(line)
    settings = settings_of(tmp_path, mention_train=list(map(str, paths)))
    if expected is None:
        with pytest.raises(SettingError, match=r"second\.jsonl: no document to learn mentions from is left"):
            mention_corpora(settings, [], BioDirConfig())
        return
    _, second = mention_corpora(settings, [], BioDirConfig())
    assert [document.id for document in second.documents] == expected


def test_mentions_of_types_that_the_model_lacks_are_none_to_score(tmp_path):
    path = tmp_path / "cells.jsonl"
    path.write_text(row("1", "cell", ["Cell"], (0, 4, "Cell")))
    [corpus] = mention_corpora(settings_of(tmp_path, mention_train=[str(path)]), [], BioDirConfig())
    assert not corpus.has_any


def test_types_that_the_model_lacks_are_named_with_their_numbers(tmp_path):
    path, logged = tmp_path / "some.jsonl", []
    lines = [row("1", "iron", ["Chemicl", GENE], (0, 4, "Metal")), row("2", "iron", ["Chemicl"], (0, 4, None))]
    path.write_text("\n".join(lines))
    mention_corpora(settings_of(tmp_path, mention_train=[str(path)]), [], BioDirConfig(), logged.append)
    assert logged == [
        f"{path}: mentions of entity types that the model lacks: 'Metal' (1); nothing is learned of these",
        f"{path}: annotated_types of documents name entity types that the model lacks: 'Chemicl' (2; did you "
        "mean 'ChemicalEntity'?); nothing is learned of these",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row("1", "iron", [CHEMICAL], (0, 9, CHEMICAL)), r"entities\[0\]: ends at 9"),
        (row("1", "iron", CHEMICAL), "annotated_types is 'ChemicalEntity'; write a list"),
        (json.dumps({"id": "1", "text": "iron", "annotated_types": []}), "no document with id, text, entities"),
        ("{", "no document with id, text, entities"),
    ],
)
def test_rows_with_an_error_are_named(tmp_path, line, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(row("0", "iron", [CHEMICAL]) + "\n" + line + "\n")
    with pytest.raises(BioDirError, match=message) as caught:
        mention_corpora(settings_of(tmp_path, mention_train=[str(path)]), [], BioDirConfig())
    assert f"{path}:2: " in str(caught.value)


# Runs.

TEXTS = ("aspirin and the gene", "the gene of aspirin", "labels of aspirin", "what gene")


@pytest.fixture
def corpus(tmp_path):
    lines = []
    for number, text in enumerate(TEXTS * 2):
        lines += [f"{number}|t|{text}", f"{number}|a|"]
        for word, kind, name in (("aspirin", CHEMICAL, "D1"), ("gene", GENE, "7")):
            if word in text:
                start = text.index(word)
                lines.append(f"{number}\t{start}\t{start + len(word)}\t{word}\t{kind}\t{name}")
        if "aspirin" in text and "gene" in text:
            lines.append(f"{number}\tBind\tD1\t7\tNovel")
        lines.append("")
    path = tmp_path / "train.pubtator"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def encoder(tmp_path):
    """An encoder that passes on the words: random layers of usual width would drown them."""
    save_encoder(tmp_path / "encoder")
    path = tmp_path / "encoder" / "model.safetensors"
    weights = load_file(path)
    save_file(
        {name: value * (0.1 if ".layer." in name and value.ndim > 1 else 1) for name, value in weights.items()}, path
    )
    return path.parent


def options(corpus, encoder, output, *further):
    given = ["--train", corpus, "--encoder", encoder, "--output_dir", output, "--pair_encoding", "document"]
    sizes = ["--max_tokens", "64", "--max_mention_tokens", "8", "--window_overlap_tokens", "8"]
    rates = ["--encoder_learning_rate", "0.0001", "--head_learning_rate", "0.03", "--tokens_per_step", "16"]
    return [str(each) for each in (*given, *sizes, *rates, *further)]


def test_tagger_learns_by_itself_and_resumes(corpus, encoder, tmp_path):
    arguments = options(corpus, encoder, tmp_path / "run", "--tasks", "mentions")
    arguments += ["--num_train_epochs", "10"]
    assert train.main([*arguments, "--stop_after_epoch", "3"]) == 0
    assert train.main([*arguments, "--resume_from_checkpoint"]) == 0
    pipeline = open_pipeline(tmp_path / "run")
    assert pipeline.model.config.tasks == ()
    [found] = mention_finder(pipeline.model, pipeline.tokenizer).find([Document("9", "what gene and aspirin")])
    assert [(each.text, each.entity_type) for each in found.mentions] == [
        ("gene", GENE),
        ("aspirin", CHEMICAL),
    ]


def test_frozen_relations_keep_every_weight(corpus, tmp_path):
    found = {"none_bias": 0.25, "score_scaling": {"relation": [0.5, -1.0]}, "calibrated_on": ["ab"]}
    folder = save_checkpoint(tmp_path, pair_encoding="document", **found)
    further = ("--tasks", "mentions", "--tagger_layers", "1", "--freeze_relations")
    assert train.main(options(corpus, folder, tmp_path / "run", *further, "--num_train_epochs", "2")) == 0
    before = BioDirForRelationExtraction.from_pretrained(folder)
    after = BioDirForRelationExtraction.from_pretrained(tmp_path / "run")
    weights = after.state_dict()
    assert all((weights[name] == values).all() for name, values in before.state_dict().items())
    assert {name: getattr(after.config, name) for name in found} == found
    new = {name for name in weights if name.startswith("tagger.")}
    assert set(weights) == new | set(before.state_dict())
    assert (weights["tagger.layers.0.attention.self.query.weight"]
            != before.state_dict()["encoder.encoder.layer.1.attention.self.query.weight"]).any()  # fmt: skip


def test_tagger_of_a_checkpoint_is_kept_with_its_layers_or_left_out_with_a_warning(corpus, tmp_path, caplog):
    settings = {"tagger_labels": bio_labels(ENTITY_TYPES), "tagger_layers": 1}
    folder = save_checkpoint(tmp_path, pair_encoding="document", **settings)
    arguments = ("--num_train_epochs", "1", "--head_learning_rate", "0", "--encoder_learning_rate", "0")
    arguments += ("--soft_prompt_tokens", "2")
    kept = ("--tasks", "relation", "novelty", "direction", "mentions", *arguments)
    assert train.main(options(corpus, folder, tmp_path / "kept", *kept)) == 0
    before, after = (load_file(path / "model.safetensors") for path in (folder, tmp_path / "kept"))
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)
    assert "tagger" not in caplog.text
    assert train.main(options(corpus, folder, tmp_path / "without", *arguments)) == 0
    assert BioDirConfig.from_pretrained(tmp_path / "without").tagger_labels == []
    assert "its tagger is left out; name mentions among the tasks to keep it" in caplog.text


def test_tagger_gets_more_layers_of_its_own_and_starts_as_it_was(corpus, tmp_path, caplog):
    settings = {"tagger_labels": bio_labels(ENTITY_TYPES), "tagger_layers": 1}
    folder = save_checkpoint(tmp_path, pair_encoding="document", **settings)
    rates = ("--num_train_epochs", "1", "--head_learning_rate", "0", "--encoder_learning_rate", "0")
    frozen = ("--tasks", "mentions", "--freeze_relations", *rates)
    assert train.main(options(corpus, folder, tmp_path / "two", *frozen, "--tagger_layers", "2")) == 0
    assert "re-initialized" not in caplog.text
    logits = []
    for path in (folder, tmp_path / "two"):
        pipeline = open_pipeline(path)
        processor = TaggerProcessor(pipeline.tokenizer, ProcessingSettings.from_config(pipeline.model.config))
        inputs = processor.collate([processor.features(Document("1", "the gene raises aspirin"))])
        logits.append(pipeline.model(**inputs).mention_logits)
    assert pipeline.model.config.tagger_layers == 2
    torch.testing.assert_close(*logits, rtol=0, atol=1e-6)
    assert train.main(options(corpus, tmp_path / "two", tmp_path / "one", *frozen, "--tagger_layers", "1")) == 0
    assert "has no fitting tagger; re-initialized" in caplog.text


def test_all_heads_learn_together_and_dev_chooses_by_mentions(corpus, encoder, tmp_path, capsys):
    lines = corpus.read_text().splitlines()
    dev = tmp_path / "dev.pubtator"
    dev.write_text("\n".join(f"9{line}" if line else line for line in lines))
    further = ("--tasks", "relation", "novelty", "mentions", "--dev", str(dev), "--metric_for_best_model", "mentions")
    arguments = options(corpus, encoder, tmp_path / "run", *further, "--num_train_epochs", "10")
    assert train.main([*arguments, "--task_weights", "novelty=0.5", "--ema_decay", "0.5"]) == 0
    record = json.loads((tmp_path / "run" / "training.json").read_text())
    scores = [epoch["dev"]["mentions"]["f1"] for epoch in record["epochs"]]
    assert record["best_epoch"] == 1 + int(np.argmax(scores))
    assert max(scores) == 1.0
    assert "entity_pair" in record["epochs"][0]["dev"]
    pipeline = open_pipeline(tmp_path / "run")
    assert pipeline.model.config.tasks == ("relation", "novelty")
    unknown = document_of("the gene", ("gene", NO_TYPE))
    for document, annotated, counts in (
        (Document("1", "the gene"), GENE, Counts(fp=1)),
        (document_of("the gene", ("gene", GENE)), GENE, Counts(tp=1)),
        (document_of("the gene", ("gene", GENE)), CHEMICAL, Counts()),
        (unknown, GENE, Counts()),
    ):
        scored = MentionCorpus("dev", (document,), (frozenset([annotated]),))
        assert mention_counts(pipeline.model, pipeline.tokenizer, scored) == counts
    assert "mentions of 8 documents" in capsys.readouterr().out


def test_own_labels_are_those_of_the_data(corpus, encoder, tmp_path):
    corpus.write_text(corpus.read_text().replace(GENE, "Planet"))
    further = ("--tasks", "mentions", "--labels", "data", "--num_train_epochs", "1")
    assert train.main(options(corpus, encoder, tmp_path / "run", *further)) == 0
    assert BioDirConfig.from_pretrained(tmp_path / "run").tagger_labels == bio_labels([CHEMICAL, "Planet"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tasks": ["relation"], "mention_train": ["x"]}, "mentions is none of the tasks"),
        ({"tasks": ["relation", "mentions"], "freeze_relations": True}, "freeze_relations"),
        ({"freeze_relations": True, "tagger_layers": 0}, "give it layers of its own"),
        ({"tasks": ["mentions", "planets"]}, "choose any of"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path, given, message):
    with pytest.raises(SettingError, match=message):
        settings_of(tmp_path, **given)
