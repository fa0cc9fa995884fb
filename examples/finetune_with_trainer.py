"""Fine-tune a biodir checkpoint with the plain `transformers.Trainer`.

    python examples/finetune_with_trainer.py --model . --train my_train.pubtator --output_dir runs/with_trainer

All options of `TrainingArguments` are options here. An example is a document with all its pairs for a document-level
checkpoint, and a pair for a pairwise one. `train.py` can do more: dev scores at every level, a decoding bias found on
dev, batches under a token budget, exact resuming.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import BatchEncoding, HfArgumentParser, Trainer, TrainingArguments

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import STRICT, BioDirError, CheckpointError, SettingError, located
from biodir.inference.loading import load_pipeline
from biodir.processing_biodir import make_processor
from biodir.training.checkpoints import check_no_file, traces_in
from biodir.training.data import LabelledPairs, labelled_pairs, training_batch
from biodir.training.reading import known_documents, read_corpus

REMEDY = "rename the types in the file, or train with `train.py`, which maps them"


@dataclass
class Inputs:
    """The checkpoint and the documents."""

    model: str = field(metadata={"help": "folder or Hub id of a biodir checkpoint"})
    train: str = field(metadata={"help": "documents with relations, in any format that biodir reads"})


def main(arguments: list[str] | None = None) -> None:
    """Train and save the model by the command line; bad input ends the program with a line that names it."""
    parser = HfArgumentParser((Inputs, TrainingArguments))
    parser.set_defaults(remove_unused_columns=False)  # the examples have no columns
    inputs, settings = parser.parse_args_into_dataclasses(arguments)
    try:
        check_output(settings)
        loaded = load_pipeline(inputs.model, device="cpu")  # to where it learns the trainer moves it
        model, tokenizer = loaded.model, loaded.tokenizer
        processor = make_processor(tokenizer, model.config)
        examples = examples_of(inputs.train, processor, model.config)
    except BioDirError as error:
        raise SystemExit(f"finetune_with_trainer.py: error: {error}") from error
    trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=examples,
        # the trainer counts tokens in tensors, the processor gives numpy arrays
        data_collator=lambda examples: BatchEncoding(training_batch(examples, processor), tensor_type="pt"),
        processing_class=tokenizer,
    )
    trainer.train(resume_from_checkpoint=settings.resume_from_checkpoint)
    trainer.save_model()
    print(f"{settings.output_dir} holds the model; score it with `biodir evaluate GOLD --model {settings.output_dir}`")


def check_output(settings: TrainingArguments) -> None:
    """Check that the folder holds no model yet, unless a run is resumed in it.

    Raises:
        CheckpointError: it does, or it is a file.
    """
    folder = Path(settings.output_dir)
    check_no_file(folder, "--output_dir")
    traces = traces_in(folder)
    if traces and not settings.resume_from_checkpoint:
        raise CheckpointError(f"{folder} holds a model already ({', '.join(traces)}); name another --output_dir")


def examples_of(path: str, processor: Any, config: BioDirConfig) -> list[LabelledPairs]:
    """Return what the documents of a file teach.

    Raises:
        BioDirError: the file cannot be read, the model does not know its types, or there is no pair to learn from.
    """
    documents = known_documents(path, read_corpus(path, STRICT), config, STRICT, remedy=REMEDY)
    with located(path):
        examples = list(labelled_pairs(documents, processor, config.labels))
    if not examples or not config.tasks:
        raise SettingError(
            f"{path}: no pair of entities to learn from; name a file with entities, and a model with relations (heads "
            f"of this one: {', '.join(config.tasks) or 'none'})"
        )
    return examples


if __name__ == "__main__":
    main()
