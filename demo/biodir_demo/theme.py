"""Theme, style sheet and script of the page, all of them served by the page itself."""

import gradio as gr

from .templates import FOLDER

# Fonts of the reader's system: nothing is loaded from elsewhere.
SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "Consolas", "Liberation Mono", "monospace")
# Colour of page.css, which knows light and dark -> the settings of gradio's theme that take it.
COLOURS = {
    "paper": "body_background_fill background_fill_secondary",
    "card": "background_fill_primary block_background_fill block_label_background_fill input_background_fill "
    "button_secondary_background_fill",
    "ink": "body_text_color button_secondary_text_color checkbox_label_text_color_selected",
    "muted": "body_text_color_subdued block_label_text_color block_title_text_color block_info_text_color "
    "input_placeholder_color",
    "line": "block_border_color border_color_primary input_border_color button_secondary_border_color",
    "hover": "color_accent_soft button_secondary_background_fill_hover checkbox_label_background_fill_selected",
    "accent": "border_color_accent color_accent input_border_color_focus button_primary_background_fill "
    "checkbox_background_color_selected checkbox_border_color_selected slider_color link_text_color",
    "accent-strong": "button_primary_background_fill_hover",
    "on-accent": "button_primary_text_color",
}


def page_theme() -> gr.themes.Base:
    """Return a quiet theme in the colours of page.css."""
    sizes = {"radius_size": gr.themes.sizes.radius_md, "text_size": gr.themes.sizes.text_md}
    theme = gr.themes.Base(font=SANS, font_mono=MONO, **sizes)
    settings = {name: f"var(--bd-{colour})" for colour, names in COLOURS.items() for name in names.split()}
    settings["checkbox_label_background_fill"] = "transparent"
    dark = {f"{name}_dark": value for name, value in settings.items() if hasattr(theme, f"{name}_dark")}
    return theme.set(**settings, **dark)


def page_head() -> str:
    """Return style sheet and script for the head of the page; gradio rewrites a style sheet that it is given."""
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return f"<style>{style}</style><script>{script}</script>"
