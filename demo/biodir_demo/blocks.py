"""The page: its components, and what happens when the reader does something."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import looks_like_pubtator
from biodir.errors_biodir import AnnotationError, BioDirError

from .answers import Answer, Finding, ask
from .downloads import downloads_html
from .filters import Filter
from .looks import NOVELTY_NAMES, entity_look, relation_look
from .marking import Mark, MarkedText, clean_text, selected_span
from .network import network_html
from .opening import (
    EXAMPLES,
    MAX_TEXT_CHARACTERS,
    PASTED,
    SUFFIXES,
    check_text,
    example,
    holds_annotations,
    open_file,
    pasted_document,
)
from .summary import message_html, options_of, summary_html, type_legend_html
from .table import table_html
from .text_view import text_html

INTRODUCTION = (
    '<header class="bd-masthead"><h1>biodir</h1><p>Which genes, diseases, chemicals and variants of a text are '
    "related, how, whether that is new, and which acts on which.</p></header>"
)
HOW_TO_MARK = (
    '<p class="bd-hint">Paste an abstract, select a name in it, press its type. '
    "Text in PubTator format is read as it stands.</p>"
)
CAUTION = (
    '<footer class="bd-footer">Predictions of a small model: read the evidence before you believe one. The examples '
    "were written for this page; what they report was made up.</footer>"
)
# The page's script puts text and selection into the first two inputs; the others are handed on.
SELECTION_SCRIPT = "(text, selection, ...others) => [...window.biodirSelection(), ...others]"
ANY_NOVELTY = "Any"
# Uploads are looked through so often, and deleted once they are so old.
UPLOAD_KEPT_S = 1500
# One event at a time of each group, in the order in which they came: a slow older one overwrites no newer one.
ANSWERING = {"concurrency_id": "answers", "concurrency_limit": 1}
MARKING = {"concurrency_id": "marks", "concurrency_limit": 1}
FILTERING = {"concurrency_id": "filters", "concurrency_limit": 1}
Extract = Callable[..., Any]


class Page:
    """The components of the page and their wiring; `build_page` makes one."""

    def __init__(self, extract: Extract) -> None:
        self.extract = extract
        self.answer = gr.State(None)
        self.marked = gr.State(MarkedText())
        self.documents = gr.State(())
        _html(INTRODUCTION)
        with gr.Tabs(elem_id="bd-inputs"):
            self._add_examples()
            self._add_marking()
            self._add_files()
        self.message = _html(elem_id="bd-message")
        with gr.Column(visible=False, elem_id="bd-results") as self.results:
            self._add_results()
        _html(CAUTION)
        self._wire()

    # Components.

    def _add_examples(self) -> None:
        with gr.Tab("Examples"), gr.Row(elem_classes="bd-examples"):
            self.examples = {
                name: gr.Button(f"{heading}\n{about}", elem_classes="bd-example", min_width=180)
                for name, (heading, about) in EXAMPLES.items()
            }

    def _add_marking(self) -> None:
        with gr.Tab("Mark a text"):
            _html(HOW_TO_MARK)
            self.source = gr.Textbox(
                lines=7, max_lines=16, show_label=False, placeholder="Title and abstract", elem_id="bd-source"
            )
            self.selection = gr.Textbox(visible="hidden", elem_id="bd-selection")
            with gr.Row(elem_classes="bd-types"):
                self.type_buttons = {
                    entity_type: gr.Button(
                        entity_look(entity_type).name,
                        size="sm",
                        min_width=90,
                        elem_classes=["bd-type", entity_look(entity_type).css_class],
                    )
                    for entity_type in self.extract.model.config.entity_types
                }
                self.unmark = gr.Button("Unmark", size="sm", min_width=80, elem_classes="bd-quiet")
                self.clear = gr.Button("Clear all", size="sm", min_width=80, elem_classes="bd-quiet")
            with gr.Row(elem_classes="bd-mark-options"):
                self.identifier = gr.Textbox(
                    label="Identifier (optional)", placeholder="such as D014859 or 1559", max_lines=1, scale=2
                )
                self.everywhere = gr.Checkbox(True, label="Mark all that read the same", scale=1, min_width=220)
            self.preview = _html(elem_id="bd-preview")
            self.find = gr.Button("Find relations", variant="primary", elem_id="bd-find")

    def _add_files(self) -> None:
        with gr.Tab("Open a file"):
            _html(
                '<p class="bd-hint">PubTator, BioC or JSON Lines with marked entities '
                f"({', '.join(SUFFIXES)}), up to 5 MB. Uploads are deleted within the hour.</p>"
            )
            self.file = gr.File(show_label=False, height=150, elem_id="bd-file")
            self.choice = gr.Dropdown(label="Document", visible=False, interactive=True, elem_id="bd-choice")

    def _add_results(self) -> None:
        self.summary = _html(elem_id="bd-summary")
        with gr.Row(elem_classes="bd-filters"):
            self.words = gr.Textbox(label="Search", placeholder="name, identifier", max_lines=1, min_width=150)
            self.relation_types = gr.Dropdown(label="Relation", multiselect=True, min_width=220, elem_id="bd-relations")
            self.novelty = gr.Dropdown(label="Novelty", choices=[ANY_NOVELTY], value=ANY_NOVELTY, min_width=110)
            self.min_score = gr.Slider(0, 1, 0, step=0.05, label="Least score", min_width=160, elem_id="bd-score")
            self.directed_only = gr.Checkbox(False, label="Directed only", min_width=130, elem_id="bd-directed")
        with gr.Row(equal_height=True, elem_classes="bd-views"):
            with gr.Column(min_width=320, scale=5, elem_classes="bd-panel"):
                self.text = _html(elem_id="bd-text")
            with gr.Column(min_width=320, scale=6, elem_classes="bd-panel"):
                self.network = _html(elem_id="bd-network")
        self.table = _html(elem_id="bd-table")
        self.downloads = _html(elem_id="bd-downloads")

    # Events.

    @property
    def _filters(self) -> list[Any]:
        return [self.words, self.relation_types, self.novelty, self.min_score, self.directed_only]

    @property
    def _views(self) -> list[Any]:
        return [self.summary, self.text, self.network, self.table, self.downloads]

    def _wire(self) -> None:
        answered = [self.message, self.results, self.answer, *self._filters, *self._views]
        waiting = {
            "show_progress": "minimal",
            "show_progress_on": self.message,
            "api_visibility": "private",
            **ANSWERING,
        }
        at_once = {"show_progress": "hidden", "api_visibility": "private"}
        for name, button in self.examples.items():
            button.click(self._example_handler(name), None, answered, **waiting)
        self.find.click(self.on_find, [self.source, self.marked], answered, **waiting)
        self.file.upload(self.on_file, self.file, [self.documents, self.choice, *answered], **waiting)
        self.file.clear(
            lambda: (gr.update(visible=False), ""), None, [self.choice, self.message], **at_once, **ANSWERING
        )
        self.choice.input(self.on_choice, [self.choice, self.documents], answered, **waiting)
        for component in self._filters:
            inputs = [self.answer, *self._filters]
            # The event `input` of a text field comes with typed characters alone, not with deleted or pasted ones.
            event = component.change if component is self.words else component.input
            event(self.on_filter, inputs, self._views, trigger_mode="always_last", **at_once, **FILTERING)
        self._wire_marking({**at_once, **MARKING})

    def _wire_marking(self, at_once: dict[str, Any]) -> None:
        outputs = [self.marked, self.preview, self.message]
        selection = [self.source, self.selection, self.marked]
        for entity_type, button in self.type_buttons.items():
            button.click(
                self._mark_handler(entity_type),
                [*selection, self.identifier, self.everywhere],
                [*outputs, self.identifier],
                js=SELECTION_SCRIPT,
                **at_once,
            )
        self.unmark.click(self.on_unmark, selection, outputs, js=SELECTION_SCRIPT, **at_once)
        self.clear.click(lambda marked: self._marked(MarkedText(marked.text)), self.marked, outputs, **at_once)
        self.source.change(self.on_edit, [self.source, self.marked], outputs, trigger_mode="always_last", **at_once)

    def _example_handler(self, name: str) -> Callable[[], list[Any]]:
        return lambda: self._answered(lambda: example(name))

    def _mark_handler(self, entity_type: str) -> Callable[..., tuple]:
        def on_mark(text: str, selection: str, marked: MarkedText, identifier: str, everywhere: bool) -> tuple:
            def with_mark(edited: MarkedText) -> MarkedText:
                mark = Mark(*selected_span(edited.text, selection), entity_type, identifier)
                return edited.with_mark(mark, everywhere)

            outputs = self._changed(text, marked, with_mark)
            is_marked = outputs[-1] == ""
            # The next name is another entity: an identifier that stayed would make the two one.
            return *outputs, "" if is_marked else gr.skip()

        return on_mark

    def on_unmark(self, text: str, selection: str, marked: MarkedText) -> tuple:
        """The marks without those at the selection or cursor."""
        return self._changed(text, marked, lambda edited: edited.without_marks(*selected_span(edited.text, selection)))

    def on_edit(self, text: str, marked: MarkedText) -> tuple:
        """The marks that the edited text still has."""
        if len(text) > MAX_TEXT_CHARACTERS and looks_like_pubtator(text):  # read as it stands, not marked
            return gr.skip(), "", ""
        return self._changed(text, marked, lambda edited: edited)

    def _changed(self, text: str, marked: MarkedText, change: Callable[[MarkedText], MarkedText]) -> tuple:
        """Marks, preview and message after a change of the marks on the edited text.

        On too long a text nothing is drawn, and the marks wait for a shorter one.
        """
        text = clean_text(text)
        try:
            check_text(text, PASTED)
        except BioDirError as error:
            return gr.skip(), "", message_html(error)
        marked = marked.with_text(text)
        try:
            return self._marked(change(marked))
        except BioDirError as error:
            return self._marked(marked, error)

    def _marked(self, marked: MarkedText, message: object = "") -> tuple[MarkedText, str, str]:
        preview = ""
        if marked.marks:
            document = marked.document()
            preview = f"{type_legend_html(document)}{text_html(document, ())}"
        return marked, preview, message_html(message)

    def on_find(self, text: str, marked: MarkedText) -> list[Any]:
        """The answer for the marked text, or for PubTator text that was pasted with annotations or left unmarked."""
        text = clean_text(text)
        if holds_annotations(text) or (looks_like_pubtator(text) and not marked.marks):
            return self._answered(lambda: pasted_document(text))

        def document() -> Document:
            check_text(text, PASTED)
            return marked.with_text(text).document()

        return self._answered(document)

    def on_file(self, path: str) -> list[Any]:
        """The answer for the first document of a file, and the choice among all of them."""
        try:
            documents = open_file(path)
        except BioDirError as error:
            return [(), gr.update(visible=False), *self._refused(error)]
        names = [(f"{index}. {document.id}", index) for index, document in enumerate(documents, start=1)]
        choice = gr.update(choices=names, value=1, visible=len(documents) > 1)
        return [documents, choice, *self._answered(lambda: documents[0])]

    def on_choice(self, number: int | None, documents: tuple) -> list[Any]:
        """The answer for another document of the file."""
        if number is None or not 1 <= number <= len(documents or ()):  # the page forgets a reader who was long away
            return self._refused(AnnotationError("The file is gone from this page. Open it again."))
        return self._answered(lambda: documents[number - 1])

    def on_filter(self, answer: Answer | None, *values: Any) -> list[str]:
        """All views of the relations that pass the filters."""
        if answer is None:
            return [gr.skip()] * len(self._views)
        return _views_of(answer, _filter_of(*values).kept(answer.findings))

    def _answered(self, document: Callable[[], Any]) -> list[Any]:
        try:
            answer = ask(self.extract, document())
        except BioDirError as error:
            return self._refused(error)
        shown = gr.update(visible=True)
        return ["", shown, answer, *_fresh_filters(answer), *_views_of(answer, answer.findings)]

    def _refused(self, error: BioDirError) -> list[Any]:
        """The message alone: an older answer under it would look like one to this input."""
        kept = [gr.skip()] * (len(self._filters) + len(self._views))
        return [message_html(error), gr.update(visible=False), None, *kept]


def build_page(extract: Extract) -> gr.Blocks:
    """The page over a `BioDirPipeline`."""
    with gr.Blocks(
        title="biodir", analytics_enabled=False, fill_width=True, delete_cache=(UPLOAD_KEPT_S, UPLOAD_KEPT_S)
    ) as blocks:
        Page(extract)
    return blocks


def _html(value: str = "", elem_id: str | None = None) -> gr.HTML:
    """A piece of HTML that only page.css dresses."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def _filter_of(words: str, relation_types: list[str], novelty: str, min_score: float, directed_only: bool) -> Filter:
    return Filter(
        relation_types=tuple(relation_types or ()),
        novelty=None if novelty == ANY_NOVELTY else novelty,
        directed_only=bool(directed_only),
        min_score=float(min_score or 0),
        words=words or "",
    )


def _fresh_filters(answer: Answer) -> list[Any]:
    """The filters with the choices that the answer offers, all of them open."""
    types = [(relation_look(name).name, name) for name in options_of(answer.findings, "relation")]
    novelties = [(NOVELTY_NAMES.get(name, name), name) for name in options_of(answer.findings, "novelty")]
    return [
        "",
        gr.update(choices=types, value=[]),
        gr.update(choices=[ANY_NOVELTY, *novelties], value=ANY_NOVELTY),
        0,
        False,
    ]


def _views_of(answer: Answer, findings: tuple[Finding, ...]) -> list[str]:
    document = answer.document
    return [
        summary_html(answer, findings),
        f'{type_legend_html(document)}<div class="bd-text-scroll">{text_html(document, findings)}</div>',
        network_html(document, findings),
        table_html(document, findings),
        downloads_html(answer, findings),
    ]
