"""Starts the page: `python app.py`, or `make demo` in the checkout.

Environment:
    BIODIR_MODEL: folder or Hub id of the checkpoint; default in a checkout: the one at its top.
    PORT: port of the page, default 7860.
    HOST: address that the page listens at; default: only this machine, in a Space all addresses.
"""

import os

# Read by gradio when it is imported: no statistics are sent, and its makers' servers get no requests.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from biodir.allocator import keep_freed_memory
from biodir.inference.loading import load_pipeline
from biodir_demo.blocks import build_page
from biodir_demo.theme import page_head, page_theme


def main() -> None:
    """Load the checkpoint once, then serve the page until the program is stopped."""
    keep_freed_memory()
    page = build_page(load_pipeline(device=None))
    page.launch(
        server_name=os.environ.get("HOST") or ("0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"),
        server_port=int(os.environ.get("PORT") or 7860),
        share=False,
        ssr_mode=False,
        footer_links=[],
        max_file_size="20mb",
        theme=page_theme(),
        head=page_head(),
    )


if __name__ == "__main__":
    main()
