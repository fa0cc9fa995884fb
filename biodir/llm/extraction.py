"""A pipeline whose model is a chat server: documents to questions, answers to relations."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Any

from biodir.document_biodir import Document
from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_sections_biodir import SectionFilter
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import BioDirError, ErrorPolicy, SettingError
from biodir.labels_biodir import (
    DIRECTION_LABELS,
    ENTITY_TYPES,
    NOVELTY_LABELS,
    PAIR_TYPES,
    RELATION_LABELS,
    TASKS,
)
from biodir.llm.answers import Checked, checked
from biodir.llm.examples import ExampleChooser
from biodir.llm.prompts import Message, messages, repair_messages
from biodir.llm.questions import Question, Statement, Unit, questions_of
from biodir.llm.server import OF_CONTENT, ChatServer
from biodir.llm.workers import Workers
from biodir.pipeline_decoding_biodir import PairDecision
from biodir.pipeline_engine_biodir import PairFilter
from biodir.pipeline_extraction_biodir import RelationExtraction, log_notes, pair_filter_of, section_filter_of
from biodir.processing_chunks_biodir import closest_sentences
from biodir.processing_document_biodir import WindowPair
from biodir.web.answers import PassingFault, Refusal
from biodir.web.attempts import down

# Questions that fail one after another, after which the server is taken to be down or asked wrongly; and before it has
# answered any.
FAILURES_IN_A_ROW, FAILURES_AT_START = 5, 3
# What is counted beside the answers and tokens of the server.
OTHER_TEXT = "answers with text around the JSON"
SECOND, REPAIRED = "answers that a second question was needed for", "answers repaired by the second question"
UNUSABLE_PAIRS = "pairs without a usable answer"
LEFT_OUT = "relations left out"
# Parameters that need scores, which an answer has none of.
OF_SCORES = ("threshold", "min_direction_score", "top_k", "return_all_scores")


@dataclass(frozen=True)
class ModelSettings:
    """What the pipeline reads of the configuration of a model.

    >>> ModelSettings().tasks
    ('relation', 'novelty', 'direction')
    """

    tasks: Sequence[str] = TASKS
    entity_types: Sequence[str] = ENTITY_TYPES
    pair_types: Sequence[Sequence[str]] = PAIR_TYPES
    relation_labels: Sequence[str] = RELATION_LABELS
    novelty_labels: Sequence[str] = NOVELTY_LABELS
    direction_labels: Sequence[str] = DIRECTION_LABELS
    tagger_labels: Sequence[str] = ()
    type_map: Mapping[str, str | None] = field(default_factory=dict)


class AnswerError(BioDirError):
    """A document without a usable answer.

    >>> AnswerError("document 7: ...").reason
    'no usable answer'
    """

    default_reason = "no usable answer"


class _Call:
    """What the threads of one call share, so that what stops it stops no later one."""

    def __init__(self) -> None:
        self.stopping = Event()
        self._lock = Lock()
        self.cause: BaseException | None = None  # the error that stopped the call

    def stop(self, error: BaseException) -> BaseException:
        """Stop all threads; return the error that was first."""
        with self._lock:
            self.cause = cause = self.cause or error
        self.stopping.set()
        return cause


class LlmExtraction(RelationExtraction):
    """Relations as a chat server states them; call, filters and results are those of the other pipelines.

    Results have no scores: all are None. A document without a usable answer has an `AnswerError` in their place.

    Args:
        server: that is asked.
        unit: of an answer, "document" or "pair".
        reasons: whether an answer begins with its reasons.
        chooser: of examples; None for questions without.
        concurrency: questions at a time.
        parameters: see `BioDirPipeline`; those that need scores or a tagger are refused.

    Raises:
        SettingError: a parameter is not as described.

    >>> from pathlib import Path
    >>> from biodir.llm.server import ChatSettings
    >>> server = ChatServer(ChatSettings("http://127.0.0.1:9/v1", "any"), cache=Path("answers"))
    >>> LlmExtraction(server)([{"text": "Nothing is marked.", "entities": []}])
    [[]]
    """

    config = ModelSettings()

    def __init__(
        self,
        server: ChatServer,
        unit: Unit = "document",
        reasons: bool = False,
        chooser: ExampleChooser | None = None,
        concurrency: int = 4,
        **parameters: Any,
    ) -> None:
        self.server, self.unit, self.reasons, self.chooser = server, unit, reasons, chooser
        self.concurrency = concurrency
        self._lock = Lock()
        self._failures = 0
        self.first_of: dict[str, str] = {}  # what is counted as wrong -> the first such, with its document
        super().__init__(**parameters)

    @property
    def counts(self) -> Counter[str]:
        """What was counted so far."""
        return self.server.counts

    @property
    def fingerprint(self) -> str:
        """The model, by which a run resumes."""
        return f"{self.server.settings.model} at {self.server.settings.url}"

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        for name in OF_SCORES:
            if kwargs.get(name):
                raise SettingError(f"{name} is {kwargs[name]!r}, but answers of a server have no scores; leave it out")
        return super()._sanitize_parameters(**kwargs)

    def _results(
        self,
        documents: Iterable[Document],
        preprocess: Mapping[str, Any],
        postprocess: Mapping[str, Any],
        policy: ErrorPolicy,
    ) -> Iterator[Any]:
        """Yield the result of each document, in order; questions on several documents are on the way at a time."""
        pair_filter, section_filter = pair_filter_of(preprocess), section_filter_of(preprocess)
        found: set[str] = set()
        call = _Call()
        with Workers(self.concurrency) as workers:
            try:
                submit = partial(workers.submit, self._judged, call)
                for document, answers in self._asked(documents, pair_filter, section_filter, submit):
                    result = self._statements(document.id, answers)
                    if isinstance(result, list):
                        found.update(each.relation_type for each in result)
                        result = self.postprocess((document, _decided(document, result)), **postprocess)
                    yield result
            except BaseException as error:  # also if the caller wants no further result
                call.stop(error)  # threads that wait must not ask later
                raise
        log_notes(policy, pair_filter, section_filter, postprocess.get("relation_types"), found)

    def _asked(
        self,
        documents: Iterable[Document],
        pair_filter: PairFilter,
        section_filter: SectionFilter,
        submit: Callable[[Question, Sequence[Message]], "Future[Any]"],
    ) -> Iterator[tuple[Document, list[Checked | AnswerError]]]:
        """Yield each document with the answers on it, in order; threads judge the questions that are submitted."""
        waiting: deque[tuple[Document, list[Future[Any]]]] = deque()

        def answered() -> tuple[Document, list[Checked | AnswerError]]:
            document, futures = waiting.popleft()
            return document, [future.result() for future in futures]

        for document in documents:
            read = section_filter.read(document)
            pairs = list(pair_filter.select(candidate_pairs(read.entities(), self.config.pair_types)))
            futures = []
            for question in questions_of(read, pairs, self.unit, self.reasons):
                examples = self.chooser.examples(question) if self.chooser else []
                futures.append(submit(question, messages(question, examples)))
            waiting.append((document, futures))
            while sum(len(futures) for _, futures in waiting) > 2 * self.concurrency:
                yield answered()
        while waiting:
            yield answered()

    def _judged(self, call: _Call, question: Question, asked: Sequence[Message]) -> Checked | AnswerError:
        """Return what the server states on a question; what stops the call stops its other threads, too.

        All raise the error that was first, not that they were stopped.
        """
        cause = call.cause
        if cause is None:
            try:
                return self._answer(question, asked, call.stopping)
            except BaseException as error:
                cause = call.stop(error)
        raise cause

    def _answer(self, question: Question, asked: Sequence[Message], stopping: Event) -> Checked | AnswerError:
        """Return what the server states on a question; a fault that is not of the question stops the run."""
        place = f"document {question.document.id}"
        try:
            result = self._checked(question, asked, stopping)
        except Refusal as refusal:
            if refusal.status not in OF_CONTENT or self._fails_again():
                raise
            return AnswerError(f"{place}: {refusal}", "question that the server refuses")
        except PassingFault as fault:
            if not fault.may_be_of_content or self._fails_again():
                raise down(self.server.settings.url, fault) from fault
            return AnswerError(f"{place}: {fault}, at all attempts", "question that the server does not answer")
        with self._lock:
            self._failures = 0
        if result.is_usable:
            return result
        return AnswerError(f"{place}: the model gave no usable answer, also when asked again: {result.faults[0]}")

    def _checked(self, question: Question, asked: Sequence[Message], stopping: Event) -> Checked:
        """Return the answer; if something is wrong with it, that to a second question which names the faults."""
        schema = question.schema()
        text = self.server.ask(asked, schema, stopping)
        first = checked(text, question)
        self.server.count(OTHER_TEXT, first.has_other_text)
        if first.is_right:
            return first
        self.server.count(SECOND)
        try:
            repairing = repair_messages(asked, text, first.faults)
            second = checked(self.server.ask(repairing, schema, stopping), question)
        except Refusal as refusal:
            if refusal.status not in OF_CONTENT:
                raise
            return first  # such as a question that is too long with the answer
        self.server.count(REPAIRED, second.is_right)
        return second if second.is_usable else first

    def _fails_again(self) -> bool:
        """Count a question that failed; return whether it is one too many."""
        with self._lock:
            self._failures += 1
            return self._failures >= (FAILURES_IN_A_ROW if self.server.has_answered else FAILURES_AT_START)

    def _statements(self, name: str, answers: Sequence[Checked | AnswerError]) -> list[Statement] | AnswerError:
        """Return what all answers on a document with this id state, or an error if none is usable."""
        usable = [each for each in answers if isinstance(each, Checked)]
        failed = [each for each in answers if isinstance(each, AnswerError)]
        if failed and self.unit == "pair":
            self.server.count(UNUSABLE_PAIRS, len(failed))
            self.first_of.setdefault(UNUSABLE_PAIRS, str(failed[0]))
        if failed and not usable:
            return failed[0]
        for each in usable:
            for reason, detail in zip(each.wrong, each.details, strict=True):
                self.server.count(f"{LEFT_OUT}: {reason}")
                self.first_of.setdefault(f"{LEFT_OUT}: {reason}", f"document {name}: {detail}")
        return [statement for each in usable for statement in each.statements]

    def postprocess(self, model_outputs: tuple[Document, Sequence[tuple[Any, PairDecision]]], **parameters: Any) -> Any:
        """Return the result of a document as JSON-ready data, with None for the score."""
        result = super().postprocess(model_outputs, **parameters)
        for relation in result["relations"] if isinstance(result, dict) else result:
            relation["score"] = None
        return result


def _decided(document: Document, statements: Iterable[Statement]) -> list[tuple[WindowPair, PairDecision]]:
    """Return the statements as decisions without scores, with their evidence."""
    sentences = sentence_spans(document)
    decided = []
    for each in statements:
        evidence = closest_sentences(each.pair.entity1, each.pair.entity2, sentences)
        labels = (each.relation_type, each.novelty, each.direction)
        decision = PairDecision(each.pair, *labels, {}, None, None, None, is_related=True)
        decided.append((WindowPair(each.pair, (), evidence, cross_window=False), decision))
    return decided
