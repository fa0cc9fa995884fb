"""The finished parts of an output: files in a folder beside it, from which a stopped run resumes.

A folder ``OUT.parts`` has a manifest that says which run it is of, and a file for each part that is finished. Each file
appears at once and complete, so that whatever stops the program, the parts before it hold. The first line of a part is
its record; its texts follow.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from biodir.errors_biodir import SettingError
from biodir.files import file_sha256, open_atomic, with_texts, write_json
from biodir.pipeline_extraction_biodir import LIST_PARAMETERS
from biodir.pipeline_parameters_biodir import as_list

MANIFEST, LOCK, PART = "manifest.json", "lock", "part-"
# What a run says of the size of its parts.
PART_SIZE = "part_documents"


@dataclass(frozen=True)
class PartRecord:
    """What is in a part.

    Args:
        documents: their number, with those that failed.
        relations: the number of those that are written.
        left_out: relations of which the format has no place for a part.
        notes: lines that the pipeline logged about the documents.
        failed: reason and message for each document that the pipeline could not relate, and that is left out.
        counts: what the pipeline counts of its own, such as requests to a server.
        repeated: relations that are not written, since the format holds one of each two identifiers.
        linked: what the lexicon counts: how mentions were linked, or why not, with their number.

    >>> PartRecord(documents=2, relations=5)
    PartRecord(documents=2, relations=5, left_out=0, notes=(), failed=(), counts={}, repeated=0, linked={})
    """

    documents: int
    relations: int
    left_out: int = 0
    notes: Sequence[str] = field(default=())
    failed: Sequence[Sequence[str]] = field(default=())
    counts: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    linked: Mapping[str, int] = field(default_factory=dict)


class Parts:
    """The parts of an output; see `open_parts`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_parts(Path(folder, "out.jsonl"), {"threshold": 0.5}) as parts:
    ...     parts.add(0, PartRecord(1, 0), "{}")
    ...     [part.read() for part in parts.files()]
    [b'{}']
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = {}
        for path in folder.glob(f"{PART}*"):
            if path.suffix:  # half written
                continue
            with path.open("rb") as file:
                self._records[int(path.name.removeprefix(PART))] = PartRecord(**json.loads(file.readline()))

    def __contains__(self, number: int) -> bool:
        return number in self._records

    @property
    def records(self) -> list[PartRecord]:
        """What is in the finished parts, in the order of their documents."""
        return [self._records[number] for number in sorted(self._records)]

    @property
    def documents(self) -> int:
        """The number of finished documents."""
        return sum(record.documents for record in self.records)

    @property
    def has_gap(self) -> bool:
        """Whether one is missing before a finished one, as an engine leaves them that computes several at a time."""
        return sorted(self._records) != list(range(len(self._records)))

    def documents_of(self, number: int) -> int:
        """Return the number of documents of a finished part."""
        return self._records[number].documents

    def add(self, number: int, record: PartRecord, text: str) -> None:
        """Write a part, atomically."""
        write_part(self.folder, number, record, text)
        self._records[number] = record

    def add_written(self, number: int, record: PartRecord) -> None:
        """Take a part that another process has written.

        Raises:
            SettingError: it is not there.
        """
        if not _path(self.folder, number).is_file():
            raise SettingError(
                f"{self.folder}: a part that a worker has written is not there; name an output in a folder that all "
                "machines share"
            )
        self._records[number] = record

    def files(self) -> Iterator[BinaryIO]:
        """Yield each part as an open file, after its record."""
        for number in sorted(self._records):
            with _path(self.folder, number).open("rb") as file:
                file.readline()
                yield file

    def clear(self) -> None:
        """Remove the manifest, then the parts, so that no manifest is left with a part of its parts."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for path in self.folder.glob(f"{PART}*"):
            path.unlink()
        self._records = {}


def write_part(folder: Path, number: int, record: PartRecord, text: str) -> None:
    """Write a part, atomically, with the texts of its documents."""
    with open_atomic(_path(folder, number)) as file:
        file.write(json.dumps(asdict(record)) + "\n")
        file.write(text)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{PART}{number:08}"


def parts_folder(output: Path) -> Path:
    """Return the folder with the parts of an output."""
    return output.with_name(f"{output.name}.parts")


@contextmanager
def open_parts(output: Path, run: Mapping[str, Any], can_resume: bool = True) -> Iterator[Parts]:
    """Open the parts of an output for one program; when all has gone well, the folder is removed.

    Args:
        output: the file that the parts are of.
        run: what must be equal in a run that resumes, as JSON: settings, inputs, model. `PART_SIZE` may differ, unless
            a part is missing before a finished one: only its size then says which documents are its.
        can_resume: False if the inputs cannot be read again, so that finished parts are dropped.

    Raises:
        SettingError: the folder has finished documents of another run, or another program writes to it.
    """
    folder = parts_folder(output)
    folder.mkdir(exist_ok=True)
    is_complete = is_empty = False
    try:
        with FileLock(folder / LOCK, timeout=0):
            parts = _begun(folder, json.loads(json.dumps(run)), can_resume)
            try:
                yield parts
                is_complete = True
            finally:
                is_empty = not parts.records
                if is_complete or is_empty:
                    parts.clear()
    except Timeout as error:
        raise SettingError(f"{folder}: another run writes {output}; wait for its end, or stop it") from error
    finally:
        if is_complete or is_empty:
            shutil.rmtree(folder)


def _begun(folder: Path, run: Mapping[str, Any], can_resume: bool) -> Parts:
    manifest = folder / MANIFEST
    parts = Parts(folder)
    before = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else None
    if before is not None and not parts.has_gap:
        before.update((name, value) for name, value in run.items() if name == PART_SIZE)
    if before == run and can_resume:
        write_json(manifest, run)
        return parts
    if before is not None and before != run and parts.records:
        raise SettingError(
            f"{folder} holds {parts.documents} finished documents of another run ({_difference(before, run)}); give "
            "the same command and files to resume it, name another output, or remove the folder to start over"
        )
    parts.clear()
    write_json(manifest, run)
    return parts


def _difference(before: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return the first thing in which two runs differ."""
    for name in (*before, *run):
        old, new = before.get(name), run.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changed = [key for key in (*old, *new) if old.get(key) != new.get(key)]
            return f"{name} {changed[0]!r} was {old.get(changed[0])!r}, now {new.get(changed[0])!r}"
        return f"{name} was {old!r}, now {new!r}"
    return "in the order of its inputs"


def input_fingerprints(inputs: Sequence[Path]) -> list[tuple[str, str | None]]:
    """Return the name of each file that is read with the SHA-256 of its content; None for a pipe, read only once."""
    return [(os.fspath(path), file_sha256(path) if path.is_file() else None) for path in with_texts(inputs)]


def kept_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call of the pipeline as each part takes them again, and as a manifest can hold them.

    >>> kept_parameters({"entity_ids": iter(["1956"]), "relation_types": {"Bind", "Association"}})
    {'entity_ids': ['1956'], 'relation_types': ['Association', 'Bind']}
    """
    kept = {}
    for name, value in parameters.items():
        if name in LIST_PARAMETERS and value is not None:
            values = [sorted(each) if isinstance(each, Set) else each for each in as_list(name, value)]
            kept[name] = sorted(values, key=str) if isinstance(value, Set) else values
        else:
            kept[name] = value.item() if hasattr(value, "item") else value  # a number of numpy
    return kept


def pipeline_fingerprint(extract: Any) -> str:
    """Return a text that is another one for another model."""
    return getattr(extract, "fingerprint", None) or model_fingerprint(extract.model, extract.tokenizer)


def model_fingerprint(model: Any, tokenizer: Any) -> str:
    """Return a SHA-256 of the weights, the configuration and the tokenizer of a model in memory."""
    import torch  # here, because readers of parts need none

    digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    settings = {key: value for key, value in model.config.to_dict().items() if not key.startswith("_")}
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
