"""Which processor a configuration gets, and that processing loads neither torch nor transformers."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from biodir import format_pubtator, parse_pubtator
from biodir.configuration_biodir import BioDirConfig
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import DocumentProcessor
from biodir.processing_pairwise_biodir import PairwiseProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document, word_piece_tokenizer

PROGRAM = """
import json
import sys
from types import SimpleNamespace

import biodir
import biodir.pipeline_decoding_biodir
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import DocumentProcessor
from tokenizers import Tokenizer

given = json.load(sys.stdin)
tokenizer = SimpleNamespace(backend_tokenizer=Tokenizer.from_str(given["tokenizer"]), **given["ids"])
processor = make_processor(tokenizer, SimpleNamespace(**given["config"]))
(document,) = biodir.parse_pubtator(given["text"].split("\\n"))
batch = processor.collate(list(processor.features(processor.tokenize(document))))
inputs = {name: values.tolist() for name, values in batch.items()}
loaded = sorted({"torch", "transformers"} & set(sys.modules))
print(json.dumps({"document": document.id, "inputs": inputs, "loaded": loaded}))
"""

each_form = pytest.mark.parametrize(
    ("form", "kind"), [("pairwise", PairwiseProcessor), ("document", DocumentProcessor)]
)


@each_form
def test_configuration_names_the_processor(form, kind):
    processor = make_processor(word_piece_tokenizer(), BioDirConfig(pair_encoding=form, max_tokens=300))
    assert type(processor) is kind
    assert processor.settings.max_tokens == 300


@each_form
def test_documents_become_the_same_inputs_where_torch_and_transformers_are_not_loaded(form, kind):
    tokenizer, config = word_piece_tokenizer(), BioDirConfig(pair_encoding=form, max_tokens=300)
    marked = "<C:C1 Aspirin> inhibits <G:G1 COX2>. <D:D1 Pain> causes it; <C:C1 aspirin> binds <G:G2 HER2>."
    text = format_pubtator(marked_document(marked))
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("cls", "sep", "pad", "unk")}
    given = {
        "tokenizer": tokenizer.backend_tokenizer.to_str(),
        "ids": ids,
        "config": {"pair_encoding": form, **asdict(ProcessingSettings.from_config(config))},
        "text": text,
    }
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, cwd=CHECKOUT)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    processor = make_processor(tokenizer, config)
    assert type(processor) is kind
    (document,) = parse_pubtator(text.split("\n"))
    batch = processor.collate(list(processor.features(processor.tokenize(document))))
    assert len(batch["pair_type_ids"]) == 6
    assert found["inputs"] == {name: values.tolist() for name, values in batch.items()}
    assert (found["document"], found["loaded"]) == (document.id, [])
