"""The parts of the demo page; `demo/app.py` starts it."""
