"""The page: its components, and what happens when the reader uses them."""

import time
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from biodir.document_biodir import Document
from biodir.document_inputs_biodir import names_file
from biodir.document_pubtator_biodir import looks_like_pubtator
from biodir.errors_biodir import AnnotationError, BioDirError, ParseError
from biodir.pipeline_biodir import BioDirPipeline

from .documents import (
    EXAMPLES,
    MAX_DOCUMENTS,
    MAX_TEXT_CHARACTERS,
    PASTED,
    SUFFIXES,
    check_count,
    example,
    example_text,
    holds_annotations,
    open_file,
    pasted_document,
)
from .downloads import downloads_html
from .marking import Mark, MarkedText, clean_text, found_marks, selected_span
from .network import network_html
from .predictions import ANY_NOVELTY, NumberedRelation, Prediction, options_of, passes, predict
from .styles import entity_style, novelty_name, relation_style
from .table import summary_html, table_html
from .text_view import text_html, type_legend_html

INTRODUCTION = (
    '<header class="bd-masthead"><h1>biodir</h1><p>Finds relations between the genes, diseases, chemicals and variants '
    "of a text: their type, their direction, and whether they are new.</p></header>"
)
HOW_TO_PASTE = (
    '<p class="bd-hint">Paste a title and abstract, and press the button: the entities are found, then their relations.'
    "</p>"
)
HOW_TO_MARK = (
    '<p class="bd-hint">Paste an abstract. Select a name in it, then press its type. Text in PubTator format needs no '
    "marks.</p>"
)
HOW_TO_CORRECT = (
    '<p class="bd-hint">Click an entity, or select a name in the text; then press its type, or Remove. Then find the '
    "relations again.</p>"
)
NOTHING_FOUND_YET = '<p class="bd-hint">The entities of the text appear here.</p>'
HOW_TO_OPEN = (
    f'<p class="bd-hint">Documents with or without marked entities ({", ".join(SUFFIXES)}), up to 5 MB. '
    f"Of a file with more than {MAX_DOCUMENTS} documents, the first {MAX_DOCUMENTS} are offered. "
    "Uploads are deleted within one hour.</p>"
)
CAUTION = (
    '<footer class="bd-footer">These are predictions of a small model. Read the evidence before you trust them. '
    "The examples were written for this page; their findings are invented.</footer>"
)
# The page's script puts text and selection into the first two inputs; the others stay.
SELECTION_SCRIPT = "(text, selection, ...others) => [...window.biodirSelection(), ...others]"
# Uploads are checked this often, and deleted at this age.
UPLOAD_KEPT_S = 1500
# One event of a group at a time, in the order in which they came: a slow old one does not overwrite a new one.
PREDICTING = {"concurrency_id": "predictions", "concurrency_limit": 1}
MARKING = {"concurrency_id": "marks", "concurrency_limit": 1}
FILTERING = {"concurrency_id": "filters", "concurrency_limit": 1}
# Events that are not part of a public interface, and that show no progress.
AT_ONCE = {"show_progress": "hidden", "api_visibility": "private"}


class Page:
    """The components of the page and their events; `build_page` makes one."""

    def __init__(self, extract: BioDirPipeline) -> None:
        self.extract = extract
        self.prediction = gr.State(None)
        self.marked = gr.State(MarkedText())
        self.found = gr.State(None)
        self.documents = gr.State(())
        _html(INTRODUCTION)
        with gr.Tabs(elem_id="bd-inputs"):
            with gr.Tab("Your text"):
                self._add_text()
            with gr.Tab("Examples"), gr.Row(elem_classes="bd-examples"):
                self.examples = {
                    name: gr.Button(f"{heading}\n{subject}", elem_classes="bd-example", min_width=180)
                    for name, (heading, subject) in EXAMPLES.items()
                }
            with gr.Tab("Open a file"):
                _html(HOW_TO_OPEN)
                self.file = gr.File(show_label=False, height=150, elem_id="bd-file")
                self.choice = gr.Dropdown(label="Document", visible=False, interactive=True, elem_id="bd-choice")
        self.message = _html(elem_id="bd-message")
        with gr.Column(visible=False, elem_id="bd-results") as self.results:
            self.summary = _html(elem_id="bd-summary")
            self.filters = _filter_components()
            self._add_views()
        _html(CAUTION)
        self._add_events()
        self._add_marking_events()

    def _add_text(self) -> None:
        """Add the text field with its button, and the marks; these are in sight where the reader must set them."""
        finds = self.extract.finds_entities
        _html(HOW_TO_PASTE if finds else HOW_TO_MARK)
        self.source = gr.Textbox(
            lines=7, max_lines=16, show_label=False, placeholder="Title and abstract", elem_id="bd-source"
        )
        self.selection = gr.Textbox(visible="hidden", elem_id="bd-selection")
        with gr.Row(elem_classes="bd-start"):
            self.find = gr.Button("Find relations", variant="primary", elem_id="bd-find")
            self.fill = gr.Button("Use an example text", size="sm", elem_classes="bd-quiet", elem_id="bd-fill")
        label = "Correct the entities" if finds else "Mark the entities"
        with gr.Accordion(label, open=not finds, elem_id="bd-correct"):
            if finds:
                _html(HOW_TO_CORRECT)
            self.preview = _html(NOTHING_FOUND_YET, elem_id="bd-preview")
            self._add_marking()

    def _add_marking(self) -> None:
        with gr.Row(elem_classes="bd-types"):
            self.type_buttons = {}
            for entity_type in self.extract.model.config.entity_types:
                style = entity_style(entity_type)
                classes = ["bd-type", style.css_class]
                self.type_buttons[entity_type] = gr.Button(style.name, size="sm", min_width=90, elem_classes=classes)
            self.unmark = gr.Button("Remove", size="sm", min_width=80, elem_classes="bd-quiet", elem_id="bd-remove")
            self.clear = gr.Button("Clear all", size="sm", min_width=80, elem_classes="bd-quiet")
        with gr.Row(elem_classes="bd-mark-options"):
            self.identifier = gr.Textbox(
                label="Identifier (optional)", placeholder="such as D014859 or 1559", max_lines=1, scale=2
            )
            self.everywhere = gr.Checkbox(True, label="The same word everywhere", scale=1, min_width=220)

    def _add_views(self) -> None:
        with gr.Row(equal_height=True, elem_classes="bd-views"):
            with gr.Column(min_width=320, scale=5, elem_classes="bd-panel"):
                text = _html(elem_id="bd-text")
            with gr.Column(min_width=320, scale=6, elem_classes="bd-panel"):
                network = _html(elem_id="bd-network")
        self.views = [self.summary, text, network, _html(elem_id="bd-table"), _html(elem_id="bd-downloads")]

    def _add_events(self) -> None:
        outputs = [self.message, self.results, self.prediction, *self.filters, *self.views]
        waiting = {**AT_ONCE, "show_progress": "minimal", "show_progress_on": self.message, **PREDICTING}
        for name, button in self.examples.items():
            button.click(partial(self.on_example, name), None, outputs, **waiting)
        finding = self.find.click(self.on_find, [self.source, self.marked], [*outputs, self.found], **waiting)
        shown = [self.marked, self.preview]
        finding.then(self.on_found, [self.source, self.marked, self.found], shown, **AT_ONCE, **MARKING)
        self.fill.click(example_text, None, self.source, **AT_ONCE, **MARKING)
        self.file.upload(self.on_file, self.file, [self.documents, self.choice, *outputs], **waiting)
        forgotten = (gr.update(visible=False), "")
        self.file.clear(lambda: forgotten, None, [self.choice, self.message], **AT_ONCE, **PREDICTING)
        self.choice.input(self.on_choice, [self.choice, self.documents], outputs, **waiting)
        inputs = [self.prediction, *self.filters]
        for component in self.filters:
            # The event `input` of a text field comes only with typed characters, not with deleted or pasted ones.
            event = component.change if isinstance(component, gr.Textbox) else component.input
            event(self.on_filter, inputs, self.views, trigger_mode="always_last", **AT_ONCE, **FILTERING)

    def _add_marking_events(self) -> None:
        outputs = [self.marked, self.preview, self.message]
        selection = [self.source, self.selection, self.marked]
        settings = {**AT_ONCE, **MARKING}
        for entity_type, button in self.type_buttons.items():
            inputs = [*selection, self.identifier, self.everywhere]
            mark = partial(self.on_mark, entity_type)
            button.click(mark, inputs, [*outputs, self.identifier], js=SELECTION_SCRIPT, **settings)
        inputs = [*selection, self.everywhere]
        self.unmark.click(self.on_unmark, inputs, outputs, js=SELECTION_SCRIPT, **settings)
        self.clear.click(lambda marked: _shown(MarkedText(marked.text)), self.marked, outputs, **settings)
        self.source.change(self.on_edit, [self.source, self.marked], outputs, trigger_mode="always_last", **settings)

    def on_mark(
        self, entity_type: str, text: str, selection: str, marked: MarkedText, identifier: str, everywhere: bool
    ) -> tuple:
        """Mark the selection; the identifier is cleared, since it would make the next name the same entity."""

        def with_mark(edited: MarkedText) -> MarkedText:
            mark = Mark(*selected_span(edited.text, selection), entity_type, identifier)
            return edited.with_mark(mark, everywhere)

        outputs = _changed(text, marked, with_mark)
        return *outputs, gr.skip() if outputs[-1] else ""

    def on_unmark(self, text: str, selection: str, marked: MarkedText, everywhere: bool = False) -> tuple:
        """Remove the marks at the selection or cursor."""

        def without_marks(edited: MarkedText) -> MarkedText:
            return edited.without_marks(*selected_span(edited.text, selection), everywhere)

        return _changed(text, marked, without_marks)

    def on_edit(self, text: str, marked: MarkedText) -> tuple:
        """Keep the marks that the edited text still has."""
        if len(text) > MAX_TEXT_CHARACTERS and looks_like_pubtator(text):  # needs no marks, and may be longer
            return gr.skip(), "", ""
        return _changed(text, marked, lambda edited: edited)

    def on_example(self, name: str) -> list[Any]:
        """Show the prediction for an example."""
        return self._predicted(lambda: example(name))

    def on_find(self, text: str, marked: MarkedText) -> list[Any]:
        """Show the prediction for the text with its marks, or for PubTator text with annotations or without marks.

        Where the text lacks entities, they are found first; what the reader set stays. The last output is the text with
        what was found.
        """
        text = clean_text(text)
        if holds_annotations(text) or (looks_like_pubtator(text) and not marked.entity_marks):
            return [*self._predicted(lambda: pasted_document(text)), None]
        edited = marked.with_text(text)
        found: MarkedText | None = None

        def document() -> Document:
            nonlocal found
            check_count(PASTED, "characters", len(text))
            if names_file(text):
                raise ParseError(f"{text.strip()[:80]!r} is the name of a file; paste what is in it, or open it above")
            if not (self.extract.finds_entities and edited.lacks_entities and text.strip()):
                return edited.document()
            (tagged,) = self.extract.with_entities([Document(PASTED, text)])
            found = edited.with_found(found_marks(tagged))
            return found.document()

        outputs = self._predicted(document)
        return [*outputs, found]

    def on_found(self, text: str, marked: MarkedText, found: MarkedText | None) -> tuple:
        """Mark what was found, unless the reader has edited the text since then."""
        edited = marked.with_text(clean_text(text))
        if found is None or found.text != edited.text:
            return gr.skip(), gr.skip()
        return _shown(edited.with_found(mark for mark in found.marks if not mark.is_set))[:2]

    def on_file(self, path: str) -> list[Any]:
        """Show the prediction for the first document of a file, and offer the others."""
        try:
            documents = open_file(path, self.extract.finds_entities)
        except BioDirError as error:
            return [(), gr.update(visible=False), *self._refused(error)]
        names = [(f"{index}. {document.id}", index) for index, document in enumerate(documents, start=1)]
        choice = gr.update(choices=names, value=1, visible=len(documents) > 1)
        return [documents, choice, *self._predicted(lambda: documents[0])]

    def on_choice(self, number: int | None, documents: tuple) -> list[Any]:
        """Show the prediction for another document of the file."""
        if number is None or not 1 <= number <= len(documents or ()):  # the server forgets a reader who was long away
            return self._refused(AnnotationError("The file is no longer on this page. Open it again."))
        return self._predicted(lambda: documents[number - 1])

    def on_filter(self, prediction: Prediction | None, *values: Any) -> list[Any]:
        """Show the relations that pass the filters in all views."""
        if prediction is None:
            return [gr.skip()] * len(self.views)
        return _views_html(prediction, tuple(each for each in prediction.relations if passes(each.result, *values)))

    def _predicted(self, document: Callable[[], Document]) -> list[Any]:
        started = time.perf_counter()
        try:
            prediction = predict(self.extract, document(), started)
        except BioDirError as error:
            return self._refused(error)
        views = _views_html(prediction, prediction.relations)
        return ["", gr.update(visible=True), prediction, *_open_filters(prediction), *views]

    def _refused(self, error: BioDirError) -> list[Any]:
        """Show only the message: an older prediction below it would seem to belong to this input."""
        unchanged = [gr.skip()] * (len(self.filters) + len(self.views))
        return [message_html(error), gr.update(visible=False), None, *unchanged]


def build_page(extract: BioDirPipeline) -> gr.Blocks:
    """Return the page over a `BioDirPipeline`."""
    uploads = (UPLOAD_KEPT_S, UPLOAD_KEPT_S)
    with gr.Blocks(title="biodir", analytics_enabled=False, fill_width=True, delete_cache=uploads) as blocks:
        Page(extract)
    return blocks


def _html(value: str = "", elem_id: str | None = None) -> gr.HTML:
    """Return a piece of HTML that has only the styles of page.css."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def message_html(message: object) -> str:
    """Return a message that screen readers read out at once; an empty message gives an empty string."""
    text = str(message)
    return f'<div class="bd-message" role="alert">{escape(text)}</div>' if text else ""


def _filter_components() -> list[Any]:
    """Return the components of the filters, in the order of `passes`."""
    with gr.Row(elem_classes="bd-filters"):
        return [
            gr.Textbox(label="Search", placeholder="name, identifier", max_lines=1, min_width=150),
            gr.Dropdown(label="Relation", multiselect=True, min_width=220, elem_id="bd-relations"),
            gr.Dropdown(label="Novelty", choices=[ANY_NOVELTY], value=ANY_NOVELTY, min_width=110),
            gr.Slider(0, 1, 0, step=0.05, label="Minimum score", min_width=160, elem_id="bd-score"),
            gr.Checkbox(False, label="Directed only", min_width=130, elem_id="bd-directed"),
        ]


def _open_filters(prediction: Prediction) -> list[Any]:
    """Return the filters with the choices of the prediction, all of them open."""
    types = [(relation_style(name).name, name) for name in options_of(prediction.relations, "relation")]
    novelties = [(novelty_name(name), name) for name in options_of(prediction.relations, "novelty")]
    any_novelty = gr.update(choices=[ANY_NOVELTY, *novelties], value=ANY_NOVELTY)
    return ["", gr.update(choices=types, value=[]), any_novelty, 0, False]


def _views_html(prediction: Prediction, relations: tuple[NumberedRelation, ...]) -> list[str]:
    document = prediction.document
    return [
        summary_html(prediction, relations),
        f'{type_legend_html(document)}<div class="bd-text-scroll">{text_html(document, relations)}</div>',
        network_html(document, relations),
        table_html(document, relations),
        downloads_html(prediction, relations),
    ]


def _changed(text: str, marked: MarkedText, change: Callable[[MarkedText], MarkedText]) -> tuple:
    """Return marks, preview and message after a change of the marks on the edited text.

    Of a text that is too long nothing is drawn; the marks wait for a shorter one.
    """
    text = clean_text(text)
    try:
        check_count(PASTED, "characters", len(text))
    except BioDirError as error:
        return gr.skip(), "", message_html(error)
    marked = marked.with_text(text)
    try:
        return _shown(change(marked))
    except BioDirError as error:
        return _shown(marked, error)


def _shown(marked: MarkedText, message: object = "") -> tuple[MarkedText, str, str]:
    """Return the marks, the preview of them, and the message."""
    if not marked.entity_marks:
        return marked, NOTHING_FOUND_YET, message_html(message)
    document = marked.document()
    return marked, f"{type_legend_html(document)}{text_html(document, ())}", message_html(message)
