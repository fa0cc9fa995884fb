"""The rows of tokens that `pretrain_encoder.py` learns from: they are made of text and documents, and kept on disk."""

import argparse
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from biodir.errors_biodir import ErrorPolicy, ParseError, SettingError, plural
from biodir.files import open_input, text_lines
from biodir.training.corpora import documents_of
from biodir.training.corpus_list import CorpusEntry
from biodir.training.provenance import data_fingerprints

# A token of a row: its id, whether a word or a mention starts at it, and whether it is part of a mention.
TOKEN = np.dtype([("input_ids", np.int32), ("is_start", bool), ("is_mention", bool)])


def token_rows(options: argparse.Namespace, tokenizer: Any) -> np.ndarray:
    """Return the rows of all texts, from the cache in the output folder where an earlier start left them.

    Each is [CLS], then text with [SEP] after each line or document: (rows, row_tokens) of `TOKEN`.

    Raises:
        ParseError: a file cannot be read, or a line of it.
        SettingError: the text has fewer than two rows: one to learn from, and one held out; or a file of
            `--exclude` names no document, or one that cannot be read.
    """
    files = data_fingerprints([*options.text, *options.exclude])
    source = json.dumps([files, options.row_tokens, sorted(tokenizer.get_vocab().items())])
    cache = options.output / f"rows-{hashlib.sha256(source.encode()).hexdigest()[:16]}.npy"
    if not cache.is_file():
        excluded = {name for path in options.exclude for name in _names(path)}
        parts = [part for path in options.text for part in _tokens(path, tokenizer, excluded)]
        stream = np.concatenate([np.zeros(0, TOKEN), *parts])
        width = options.row_tokens - 1
        if len(stream) < 2 * width:
            raise SettingError(
                f"--text {' '.join(map(str, options.text))}: {len(stream)} tokens are read, but two rows take "
                f"{2 * width}; give more text or lower --row-tokens"
            )
        rows = np.zeros((len(stream) // width, options.row_tokens), TOKEN)
        rows["input_ids"][:, 0] = tokenizer.cls_token_id
        rows[:, 1:] = stream[: len(rows) * width].reshape(-1, width)
        half_written = cache.with_suffix(".part.npy")
        np.save(half_written, rows)
        half_written.replace(cache)
        share = stream["is_mention"].mean()
        print(f"{len(rows)} rows of {options.row_tokens} tokens, {share:.1%} of them in mentions", flush=True)
    return np.load(cache)


def _names(path: Path) -> set[str]:
    """Return the ids and PMIDs of the documents of a file in any format.

    Raises:
        ParseError: the file cannot be read.
        SettingError: it names no document, or one that cannot be read.
    """
    policy = ErrorPolicy("skip-mention", relations=False)
    documents = list(documents_of(CorpusEntry(str(path)), policy))
    unread = policy.skipped_number("document")
    if unread:
        raise SettingError(
            f"--exclude {path}: {plural(unread, 'document')} cannot be read, so their text would be learned from; mend "
            "the file"
        )
    found = {name for each in documents for name in (each.document.id, each.pmid) if name}
    if not found:
        raise SettingError(f"--exclude {path}: no document can be read in it, so none is left out; check its format")
    return found


def _tokens(path: Path, tokenizer: Any, excluded: set[str]) -> Iterator[np.ndarray]:
    """Yield the tokens of each line or document, [SEP] last: (tokens,) of `TOKEN`."""
    documents = list(_documents(path, excluded))
    for first in range(0, len(documents), 1000):
        batch = documents[first : first + 1000]
        encoded = tokenizer([text for text, _ in batch], add_special_tokens=False)
        for (_, spans), encoding in zip(batch, encoded.encodings, strict=True):
            words = np.array([-1 if word is None else word for word in encoding.word_ids], dtype=np.int64)
            tokens = np.zeros(len(words) + 1, TOKEN)
            tokens["input_ids"] = [*encoding.ids, tokenizer.sep_token_id]
            tokens["is_start"][:-1] = np.diff(words, prepend=-1) != 0
            start_chars = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
            for start, end in spans:
                inside = np.flatnonzero((start_chars >= start) & (start_chars < end))
                tokens["is_mention"][inside] = True
                tokens["is_start"][inside[1:]] = False
            yield tokens


def _documents(path: Path, excluded: set[str]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Yield the text and the mentions of each line or document that is not excluded."""
    with open_input(path) as file:
        for number, line in enumerate(text_lines(file), start=1):
            if ".jsonl" not in path.name:
                if re.search(r"\w", line):
                    yield _encodable(line.strip(), f"{path}:{number}"), []
            elif line.strip():
                names, text, spans = _document(line, f"{path}:{number}")
                if not names & excluded:
                    yield text, spans


def _document(line: str, place: str) -> tuple[set[str], str, list[tuple[int, int]]]:
    """Return the ids, the text and the mentions of a line of JSON.

    Raises:
        ParseError: it is no JSON, or no document with `text`, and `entities` with `start` and `end` where it has some.
    """
    try:
        document = json.loads(line)
        names = {str(document.get("pmid")), str(document.get("id"))}
        spans = [(int(each["start"]), int(each["end"])) for each in document.get("entities") or ()]
        return names, _encodable(document["text"], place), spans
    except json.JSONDecodeError as error:
        raise ParseError(f"{place}: is no JSON ({error}); write a document a line") from error
    except ParseError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ParseError(
            f"{place}: is no document ({type(error).__name__}: {error}); write an object with a string `text`, and "
            "`start` and `end` of each of its `entities`"
        ) from error


def _encodable(text: str, place: str) -> str:
    """Return the text.

    Raises:
        ParseError: it cannot be written as UTF-8, so that no tokenizer reads it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(f"{place}: is not UTF-8 at character {error.start}; convert the file") from error
    return text
