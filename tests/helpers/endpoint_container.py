"""Serves a repository as the container of Inference Endpoints does; a program that has no biodir.

    python -I endpoint_container.py FOLDER PORT_FILE

After huggingface-inference-toolkit, `webservice_starlette` and `utils`: handler.py is loaded by its path, with the
folder first on the import path; the handler is made once with the folder and called with the body of each request, one
at a time, in another thread than the one that made it; a body without `inputs` is refused; the query of the address
becomes `parameters`; every exception is answered with 400 and {"error": str(error)}.
"""

import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

ONE_AT_A_TIME = threading.Lock()


def loaded_handler(folder: str):
    """Return the handler of the repository."""
    spec = importlib.util.spec_from_file_location("handler", Path(folder) / "handler.py")
    sys.path.insert(0, folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = module
    spec.loader.exec_module(module)
    return module.EndpointHandler(folder)


def query_parameters(query: str) -> dict:
    """Return the query with digits as numbers, and true and false as truth values."""
    words = {"true": True, "false": False}
    return {name: int(value) if value.isnumeric() else words.get(value, value) for name, value in parse_qsl(query)}


def answer(handler, query: str, body: bytes) -> tuple[int, bytes]:
    """Return status and body of the answer to a request."""
    try:
        data = json.loads(body)
        if "inputs" not in data and "instances" not in data:
            raise ValueError(f"Body needs to provide a inputs key, received: {body.decode()}")
        if query and "parameters" not in data:
            data["parameters"] = query_parameters(query)
        with ONE_AT_A_TIME:
            found = handler(data)
        return 200, json.dumps(found, allow_nan=False).encode()
    except Exception as error:  # as the container does
        return 400, json.dumps({"error": str(error)}).encode()


def main(folder: str, port_file: str) -> None:
    """Serve until the process ends."""
    sys.modules["biodir"] = None  # importing it fails from here on
    handler = loaded_handler(folder)

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(handler, urlsplit(self.path).query, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    Path(f"{port_file}.part").write_text(str(server.server_port))
    Path(f"{port_file}.part").rename(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
