"""Fine-tunes a biodir checkpoint with the plain `transformers.Trainer`.

    python examples/finetune_with_trainer.py --model . --train my_train.pubtator --output runs/with_trainer

The trainer needs to know two things of biodir: what it learns from, the labelled pairs of each document, and how these
become a batch. Everything else is the trainer's own. `train.py` knows more: dev scores at every level, a decoding bias
found on dev, batches under a token budget, exact resuming.
"""

import argparse

from transformers import AutoTokenizer, Trainer, TrainingArguments

from biodir.document_inputs_biodir import with_known_types
from biodir.formats.reading import read_documents
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.training.data import labelled_pairs, training_batch


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    model = BioDirForRelationExtraction.from_pretrained(options.model)
    config = model.config
    tokenizer = AutoTokenizer.from_pretrained(options.model, config=config)
    encoder = make_processor(tokenizer, config)
    documents = [
        with_known_types(document, config.entity_types, config.type_map) for document in read_documents(options.train)
    ]
    # With a pooled checkpoint an example is a document with all its pairs, with a solid one it is a pair.
    examples = list(labelled_pairs(documents, encoder, config.labels))
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=options.output,
            num_train_epochs=options.epochs,
            per_device_train_batch_size=options.batch_size,
            learning_rate=options.rate,
            warmup_steps=0.1,
            max_grad_norm=1.0,
            logging_steps=10,
            save_strategy="epoch",
            save_total_limit=1,
            remove_unused_columns=False,  # the examples are no columns
            report_to="none",
        ),
        train_dataset=examples,
        data_collator=lambda chosen: training_batch(chosen, encoder),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model(options.output)
    print(f"{options.output} holds the model; score it with `biodir evaluate GOLD --model {options.output}`")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="folder or Hub id of a biodir checkpoint")
    parser.add_argument("--train", required=True, help="documents with relations, in any format that biodir reads")
    parser.add_argument("--output", required=True, help="folder for the model")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--batch-size", type=int, default=4, help="documents (pooled) or pairs (solid)")
    parser.add_argument("--rate", type=float, default=5e-5)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
