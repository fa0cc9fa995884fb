"""Run the steps of the Dockerfile without a container, start what they made, and send it a request.

    python scripts/check_image.py FOLDER [--onnx GRAPHS]

FOLDER takes the place of the root: /opt/biodir becomes FOLDER/opt/biodir. The base image is the Python that runs this
program; so the size that is printed is that of what the steps add to it. Users, health checks and the isolation of a
container are not checked.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CHECKOUT = Path(__file__).resolve().parent.parent
TEXT = "Metformin lowered TNF and improved hepatic steatosis in mice."


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Yield name and arguments of each instruction; none is longer than a line."""
    for line in dockerfile.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest


def words(arguments: str) -> list[str]:
    """Return the words of an instruction, which may be written as JSON."""
    return json.loads(arguments) if arguments.startswith("[") else shlex.split(arguments)


def allowed(context: Path, ignored: str) -> list[Path]:
    """Return what the build sees at the top of the context: what .dockerignore, which begins with *, takes back."""
    patterns = [line.removeprefix("!") for line in ignored.splitlines() if line.startswith("!")]
    return sorted({path for pattern in patterns for path in context.glob(pattern)})


@dataclass
class Image:
    """What the steps have made so far.

    Args:
        root: folder in place of the root.
        graphs: in place of `onnx` of the context.
        variables: set by ENV.
        command: ENTRYPOINT and CMD.
    """

    root: Path
    graphs: Path
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    def placed(self, text: str) -> str:
        """Return the text with the paths of the image in the folder."""
        return re.sub(r"(?<![\w.])/(?=(?:opt|source)\b)", f"{self.root}/", text)

    def environment(self) -> dict[str, str]:
        """Return the environment of a step."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BIODIR"))}
        return {**kept, **self.variables}

    def step(self, name: str, arguments: str) -> None:
        """Run an instruction."""
        if name == "RUN":
            subprocess.run(["bash", "-c", self.placed(arguments)], check=True, env=self.environment())
        elif name == "ENV":
            key, _, value = arguments.partition("=")
            self.variables[key] = self.placed(value).replace("$PATH", os.environ["PATH"])
        elif name in ("ENTRYPOINT", "CMD"):
            self.command += words(arguments)
        elif name == "COPY" and not arguments.startswith("--from"):  # stages share the folder
            source, target = words(arguments)
            self._copy(source, Path(self.placed(target)))

    def _copy(self, source: str, target: Path) -> None:
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        if source == "onnx":
            shutil.copytree(self.graphs, target, dirs_exist_ok=True)
            return
        target.mkdir(parents=True, exist_ok=True)
        for path in allowed(CHECKOUT, (CHECKOUT / ".dockerignore").read_text("utf-8")):
            if path.is_dir():
                shutil.copytree(path, target / path.name, symlinks=True, ignore=skipped)
            else:
                shutil.copy(path, target / path.name)


def size_mib(folder: Path) -> float:
    """Return MiB of the files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 2**20


def ask(image: Image) -> Mapping[str, float]:
    """Start the image's command on a free port, send it a text, end it; return seconds and sizes."""
    command = [part if part != "8000" else "0" for part in image.command]
    program = image.root / "opt/biodir/bin" / command[0]
    started_s = time.monotonic()
    process = subprocess.Popen([program, *command[1:]], env=image.environment(), stderr=subprocess.PIPE, text=True)
    try:
        port = _port(process)
        ready_s = time.monotonic() - started_s
        url = f"http://127.0.0.1:{port}"
        answer = httpx.post(f"{url}/v1/text", content=TEXT.encode(), headers={"Content-Type": "text/plain"}, timeout=60)
        entities = answer.raise_for_status().json()["entities"]
        metrics = httpx.get(f"{url}/metrics").text
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    if status or not entities:
        sys.exit(f"check_image: status {status}, {len(entities)} entities")
    memory = re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)
    return {"seconds to start": round(ready_s, 2), "memory, MiB": round(float(memory[1]) / 2**20) if memory else 0}


def _port(process: "subprocess.Popen[str]") -> str:
    """Return the port that the server names in its log."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://0\.0\.0\.0:(\d+)", line):
            return found[1]
        print(line, end="", file=sys.stderr)
    sys.exit("check_image: the server did not start")


def main(arguments: list[str]) -> None:
    """Run the steps and print what they made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--onnx", type=Path, default=CHECKOUT / "onnx")
    given = parser.parse_args(arguments)
    image = Image(given.folder.resolve(), given.onnx)
    for name, rest in instructions((CHECKOUT / "Dockerfile").read_text("utf-8")):
        image.step(name, rest)
    packages = {path.name for path in (image.root / "opt/biodir").glob("lib/python*/site-packages/*")}
    if found := packages & {"torch", "transformers"}:
        sys.exit(f"check_image: {', '.join(sorted(found))} is in the image")
    figures = ask(image)
    sizes = {name: round(size_mib(image.root / "opt" / name)) for name in ("biodir", "model")}
    print(json.dumps({"MiB added to the base image": sizes, **figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
