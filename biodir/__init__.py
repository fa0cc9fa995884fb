"""Directed relations of biomedical documents: which marked entities are related, how, and which one acts on which.

A `Document` goes in, relations come out:

    from biodir import read_pubtator
    from biodir.inference.loading import load_pipeline

    extract = load_pipeline("folder of a checkpoint")
    for document in read_pubtator("abstracts.pubtator"):
        print(document.id, extract(document))

The names of this page need nothing but the standard library, so that reading a corpus does not load torch. The others
are imported from their modules.

## Predict

- `biodir.pipeline_biodir`: the pipeline, its parameters and its results.
- `biodir.inference.loading`: opens a checkpoint with the installed code.
- `biodir.inference.predict`: files of documents in, files of relations out.
- `biodir.inference.backends`: what computes the encoder, such as ONNX Runtime.

## Read and write

- `biodir.formats.reading`: the documents of a file in any format that biodir reads.
- `biodir.document_pubtator_biodir`: PubTator, both ways.
- `biodir.formats.graphml`: relations as a graph.

## Evaluate

- `biodir.evaluation.report`: everything that is known of predictions, as data.
- `biodir.evaluation.scores`: what is right, wrong and missed, at every level.
- `biodir.evaluation.thresholds`: the thresholds that serve documents best.

## Train

- `biodir.modeling_biodir`: the model; `BioDirForRelationExtraction.from_encoder` starts one.
- `biodir.configuration_biodir`: everything that a checkpoint must remember.
- `biodir.training.settings`: every setting of `train.py`.
- `biodir.training.data`: what a model learns from, as batches.

## From a document to what the model is given

- `biodir.document_candidates_biodir`: which pairs are asked about.
- `biodir.processing_tokens_biodir`: a pair as rows of tokens of its own, the paper's form.
- `biodir.processing_document_biodir`: one pass over the text for all pairs.
- `biodir.pipeline_engine_biodir`: batches across documents, answers in their order.
- `biodir.pipeline_decoding_biodir`: scores to relations.

## Data sets and the Hub

- `biodir.dataset_script`: the corpora as data sets for the library `datasets`.
- `biodir.publishing`: what goes to the Hub, its check and its upload.
"""

__version__ = "0.1.0"

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation
from biodir.document_pubtator_biodir import (
    format_pubtator,
    parse_document,
    parse_pubtator,
    read_pubtator,
    write_pubtator,
)
from biodir.errors_biodir import AnnotationError, BioDirError, CheckpointError, ParseError, SettingError

__all__ = [
    "AnnotationError",
    "BioDirError",
    "CheckpointError",
    "Document",
    "Entity",
    "Mention",
    "ParseError",
    "Passage",
    "Relation",
    "SettingError",
    "__version__",
    "format_pubtator",
    "parse_document",
    "parse_pubtator",
    "read_pubtator",
    "write_pubtator",
]
