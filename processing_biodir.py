"""Processing: documents in, the model's inputs out. Knows neither torch nor transformers.

A processor tokenizes a document, makes the features of its candidate pairs, and collates features to numpy arrays.
The form of the checkpoint, `pair_encoding`, decides which of the processors does it.
"""

from typing import Any

from .processing_document_biodir import DocumentFeatures, DocumentProcessor, WindowPair
from .processing_pairwise_biodir import PairwiseFeatures, PairwiseProcessor
from .processing_released_biodir import ReleasedProcessor
from .processing_tokens_biodir import ProcessingSettings

Processor = PairwiseProcessor | DocumentProcessor
Features = PairwiseFeatures | DocumentFeatures
# A candidate pair with its evidence, as the features of either form hold it.
ScoredPair = PairwiseFeatures | WindowPair


def make_processor(tokenizer: Any, config: Any) -> Processor:
    """Return the processor for the form of a checkpoint.

    Args:
        tokenizer: that of the checkpoint, see `BaseProcessor`.
        config: a `BioDirConfig`, from whichever copy of its class.

    Raises:
        CheckpointError: the tokenizer lacks a token.
        SettingError: `max_tokens` leaves no room for the text.
    """
    settings = ProcessingSettings.from_config(config)
    if config.pair_encoding == "document" or not config.tasks:  # a tagger by itself scores no pair, in either form
        return DocumentProcessor(tokenizer, settings)
    if config.pair_encoding == "released":
        return ReleasedProcessor(tokenizer, settings)
    return PairwiseProcessor(tokenizer, settings)
