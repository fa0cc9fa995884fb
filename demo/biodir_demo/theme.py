"""What the page looks like and does in the browser: theme, style sheet, script; all of it served by the page itself."""

from pathlib import Path

import gradio as gr

HERE = Path(__file__).resolve().parent
STYLE_SHEET = HERE / "page.css"
SCRIPT = HERE / "page.js"
# Fonts of the reader's system: nothing is fetched from elsewhere.
SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "Consolas", "Liberation Mono", "monospace")


def page_theme() -> gr.themes.Base:
    """A quiet theme whose colours are the variables of page.css, which know light and dark."""
    theme = gr.themes.Base(
        font=SANS, font_mono=MONO, radius_size=gr.themes.sizes.radius_md, text_size=gr.themes.sizes.text_md
    )
    settings = {
        "body_background_fill": "var(--bd-paper)",
        "body_text_color": "var(--bd-ink)",
        "body_text_color_subdued": "var(--bd-muted)",
        "background_fill_primary": "var(--bd-card)",
        "background_fill_secondary": "var(--bd-paper)",
        "block_background_fill": "var(--bd-card)",
        "block_border_color": "var(--bd-line)",
        "block_label_text_color": "var(--bd-muted)",
        "block_label_background_fill": "var(--bd-card)",
        "block_title_text_color": "var(--bd-muted)",
        "block_info_text_color": "var(--bd-muted)",
        "border_color_primary": "var(--bd-line)",
        "border_color_accent": "var(--bd-accent)",
        "color_accent": "var(--bd-accent)",
        "color_accent_soft": "var(--bd-hover)",
        "input_background_fill": "var(--bd-card)",
        "input_border_color": "var(--bd-line)",
        "input_border_color_focus": "var(--bd-accent)",
        "input_placeholder_color": "var(--bd-muted)",
        "button_primary_background_fill": "var(--bd-accent)",
        "button_primary_background_fill_hover": "var(--bd-accent-strong)",
        "button_primary_text_color": "var(--bd-on-accent)",
        "button_secondary_background_fill": "var(--bd-card)",
        "button_secondary_background_fill_hover": "var(--bd-hover)",
        "button_secondary_text_color": "var(--bd-ink)",
        "button_secondary_border_color": "var(--bd-line)",
        "checkbox_background_color_selected": "var(--bd-accent)",
        "checkbox_border_color_selected": "var(--bd-accent)",
        "checkbox_label_background_fill": "transparent",
        "checkbox_label_background_fill_selected": "var(--bd-hover)",
        "checkbox_label_text_color_selected": "var(--bd-ink)",
        "slider_color": "var(--bd-accent)",
        "link_text_color": "var(--bd-accent)",
    }
    known = {name for name in vars(theme) if not name.startswith("_")}
    dark = {f"{name}_dark": value for name, value in settings.items() if f"{name}_dark" in known}
    return theme.set(**settings, **dark)


def page_head() -> str:
    """Style sheet and script for the head of the page; gradio would rewrite a style sheet that it is given."""
    style, script = (path.read_text(encoding="utf-8") for path in (STYLE_SHEET, SCRIPT))
    return f"<style>{style}</style><script>{script}</script>"
