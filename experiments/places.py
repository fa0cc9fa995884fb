"""Where data, encoder and runs lie on this machine; everything else knows them as $DATA, $ENCODER and $RUNS."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from biodir.errors_biodir import SettingError

CHECKOUT = Path(__file__).resolve().parent.parent
FINGERPRINT_DIGITS = 12
PLACEHOLDER = re.compile(r"\$(?:DATA|ENCODER|RUNS)\b")


@dataclass(frozen=True)
class Places:
    """The folders of this machine, and the encoder as train.py takes it: a folder or a Hub id."""

    data: Path
    encoder: str
    runs: Path

    @property
    def variables(self) -> dict[str, str]:
        """Placeholder -> what stands for it here."""
        return {
            "$DATA": str(self.data.resolve()),
            "$ENCODER": str(Path(self.encoder).resolve()) if Path(self.encoder).is_dir() else self.encoder,
            "$RUNS": str(self.runs.resolve()),
        }

    def expanded(self, text: str) -> str:
        """The text with the paths of this machine."""
        variables = self.variables
        return PLACEHOLDER.sub(lambda found: variables[found[0]], text)

    def path(self, text: str) -> Path:
        """The file or folder here that the text with placeholders means."""
        return Path(self.expanded(text))

    def hidden(self, text: str) -> str:
        """The text with placeholders for the paths of this machine, fit to be published."""
        name_of = {value: name for name, value in self.variables.items()}
        name_of |= {f"{CHECKOUT}/": "", str(Path.home()): "~"}
        # The longest first, since one folder may lie in another. A Hub id may be a word, so whole words alone count.
        longest_first = sorted(name_of, key=len, reverse=True)
        return re.sub("|".join(map(_whole, longest_first)), lambda found: name_of[found[0]], text)


def _whole(value: str) -> str:
    """A pattern of the path, or Hub id, where it is no part of a longer name."""
    before = r"(?<![\w.-])" if value.startswith("/") else r"(?<![\w./-])"
    return before + re.escape(value) + ("" if value.endswith("/") else r"(?![\w-]|\.\w)")


@dataclass(frozen=True)
class EncoderIdentity:
    """What an encoder is called in a table, and what tells it from others that are called the same."""

    name: str
    fingerprint: str
    size: str = ""

    @property
    def description(self) -> str:
        parts = [self.name, self.size, f"weights {self.fingerprint}" if self.fingerprint != self.name else ""]
        return ", ".join(part for part in parts if part)


def encoder_identity(encoder: str, name: str | None = None) -> EncoderIdentity:
    """The identity of a folder's encoder, by its configuration and weights; a Hub id stands for itself.

    Raises:
        SettingError: the folder holds no encoder.
    """
    folder = Path(encoder)
    if not folder.is_dir():
        return EncoderIdentity(name or encoder, encoder)
    files = [folder / "config.json", *sorted(folder.glob("*.safetensors"))]
    if not files[0].is_file() or len(files) == 1:
        raise SettingError(f"{folder}: holds no config.json with .safetensors weights; name the folder of an encoder")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    config = json.loads(files[0].read_text(encoding="utf-8"))
    config = config.get("encoder_config") or config
    kind, layers, width = (config.get(key) for key in ("model_type", "num_hidden_layers", "hidden_size"))
    size = f"{kind}, {layers} layers of {width}" if layers and width else ""
    return EncoderIdentity(name or folder.resolve().name, digest.hexdigest()[:FINGERPRINT_DIGITS], size)
