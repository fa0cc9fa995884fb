"""Fine-tune a biodir checkpoint with the plain `transformers.Trainer`.

    python examples/finetune_with_trainer.py --model . --train my_train.pubtator --output_dir runs/with_trainer

All options of `TrainingArguments` are options here. An example is a document with all its pairs for a document-level
checkpoint, and a pair for a pairwise one. `train.py` can do more: dev scores at every level, a decoding bias found on
dev, batches under a token budget, exact resuming.
"""

from dataclasses import dataclass, field

from transformers import AutoTokenizer, BatchEncoding, HfArgumentParser, Trainer, TrainingArguments

from biodir.document_inputs_biodir import with_known_types
from biodir.formats.reading import read_documents
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.training.data import labelled_pairs, training_batch


@dataclass
class Inputs:
    """The checkpoint and the documents."""

    model: str = field(metadata={"help": "folder or Hub id of a biodir checkpoint"})
    train: str = field(metadata={"help": "documents with relations, in any format that biodir reads"})


def main(arguments: list[str] | None = None) -> None:
    """Train and save the model; the arguments are those of the command line."""
    parser = HfArgumentParser((Inputs, TrainingArguments))
    parser.set_defaults(remove_unused_columns=False)  # the examples have no columns
    inputs, settings = parser.parse_args_into_dataclasses(arguments)
    model = BioDirForRelationExtraction.from_pretrained(inputs.model)
    config = model.config
    tokenizer = AutoTokenizer.from_pretrained(inputs.model, config=config)
    processor = make_processor(tokenizer, config)
    documents = [
        with_known_types(document, config.entity_types, config.type_map) for document in read_documents(inputs.train)
    ]
    trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=list(labelled_pairs(documents, processor, config.labels)),
        # the trainer counts tokens in tensors, the processor gives numpy arrays
        data_collator=lambda examples: BatchEncoding(training_batch(examples, processor), tensor_type="pt"),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model()
    print(f"{settings.output_dir} holds the model; score it with `biodir evaluate GOLD --model {settings.output_dir}`")


if __name__ == "__main__":
    main()
