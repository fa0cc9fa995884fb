"""Requests to servers, for `biodir fetch` and `biodir llm`.

`answers` makes one request, `attempts` repeats it, `stored` keeps what came in files.
"""
