"""Extraction of directed relations from biomedical documents.

The pipeline takes documents with marked entities, or plain texts, in which it finds them. It returns which entities
are related, the type of each relation, its novelty, its subject and object, scores, and the sentences that support it:

    from biodir import read_pubtator
    from biodir.inference.loading import load_pipeline

    extract = load_pipeline("folder of a checkpoint")
    for document in read_pubtator("abstracts.pubtator"):
        print(document.id, extract(document))

The names in `biodir` itself need only the standard library, so that reading a corpus does not import torch. Import
other names from their modules.

## Predict

- `biodir.pipeline_biodir`: the pipeline, its parameters and its results.
- `biodir.pipeline_entities_biodir`, `biodir.pipeline_tagging_biodir`: the entities of plain texts.
- `biodir.pipeline_engine_biodir`, `biodir.pipeline_decoding_biodir`: batches across documents; scores to relations.
- `biodir.inference.loading`: loads a checkpoint with the installed code.
- `biodir.inference.predict`: files of documents to files of relations.
- `biodir.inference.backends`: libraries that compute the encoder, such as ONNX Runtime.

## Documents and formats

- `biodir.document_biodir`: documents with mentions, entities and relations.
- `biodir.document_candidates_biodir`: the candidate pairs of a document.
- `biodir.formats.reading`: the documents of a file in any format.
- `biodir.document_pubtator_biodir`, `biodir.formats.pubtator_writer`: PubTator to documents, and documents to PubTator.
- `biodir.formats.graphml`: relations as a graph.
- `biodir.lexicon.lexicon`: identifiers for names, from the vocabularies of the field.

## Documents to model inputs

- `biodir.processing_biodir`: the processor of a configuration.
- `biodir.processing_pairwise_biodir`: one input for each candidate pair, as in the paper.
- `biodir.processing_document_biodir`: one input for all candidate pairs of a document.

## Model and training

- `biodir.configuration_biodir`: the configuration that is saved with a checkpoint.
- `biodir.modeling_biodir`: the model.
- `biodir.training.initialization`: a new model from a pretrained encoder.
- `biodir.training.settings`: every setting of `train.py`.
- `biodir.training.data`: batches of labelled pairs.

## Evaluation

- `biodir.evaluation.report`: all measures of predictions, as data.
- `biodir.evaluation.scores`: precision, recall and F1 at each of the five levels.
- `biodir.evaluation.thresholds`: thresholds that fit given documents best.

## Data sets and the Hub

- `biodir.dataset_script`: the corpora as data sets for the library `datasets`.
- `biodir.publishing`: assembly, check and upload of Hub repositories.
"""

__version__ = "0.1.0"

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation
from biodir.document_pubtator_biodir import parse_document, parse_pubtator
from biodir.errors_biodir import AnnotationError, BioDirError, CheckpointError, ErrorPolicy, ParseError, SettingError
from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import format_pubtator, write_pubtator

__all__ = [
    "AnnotationError",
    "BioDirError",
    "CheckpointError",
    "Document",
    "Entity",
    "ErrorPolicy",
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
