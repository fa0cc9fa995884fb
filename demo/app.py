"""Starts the page: `python app.py`, or `make demo` in the checkout.

Environment:
    BIODIR_MODEL: folder or Hub id of the checkpoint; in a checkout, the one that lies there by default.
    PORT: where the page is served, 7860 by default.
    HOST: the address that it listens at; by default this machine alone, in a Space all of them.
"""

import os

# Read by gradio when it is imported: no statistics go anywhere, and nothing is asked of its makers' servers.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from biodir.allocator import keep_freed_memory
from biodir.inference.loading import load_pipeline
from biodir_demo.blocks import build_page
from biodir_demo.theme import page_head, page_theme

MAX_UPLOAD = "20mb"


def main() -> None:
    """Loads the checkpoint once, then serves the page until it is stopped."""
    keep_freed_memory()
    in_space = "SPACE_ID" in os.environ
    page = build_page(load_pipeline(device=None))
    page.launch(
        server_name=os.environ.get("HOST") or ("0.0.0.0" if in_space else "127.0.0.1"),
        server_port=int(os.environ.get("PORT") or 7860),
        share=False,
        ssr_mode=False,
        footer_links=[],
        max_file_size=MAX_UPLOAD,
        theme=page_theme(),
        head=page_head(),
    )


if __name__ == "__main__":
    main()
