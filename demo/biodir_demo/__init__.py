"""The rooms of the Gradio Space; `demo/app.py` starts it."""
