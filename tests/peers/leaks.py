"""Looks for secrets in all that was written, in the forms in which they may be written."""

import base64
import glob
import io
import json
import os
from urllib.parse import quote, quote_plus

import zstandard


def forms(secret):
    """A secret as it is, as URLs and JSON have it, and inside of base64 at each of the three places it may begin."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote_plus(secret).encode(), json.dumps(secret)[1:-1].encode()}
    found.add(raw.hex().encode())
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first and last characters depend on what stands beside.
            whole = encode(bytes(shift) + raw)
            begins, ends = (0, 2, 3)[shift], len(whole.rstrip(b"=")) - (1 if (shift + len(raw)) % 3 else 0)
            found.add(whole[begins:ends])
    return {form for form in found if len(form) >= 6}


def plain(name, content):
    """The content, decompressed if it is compressed."""
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()
    return content


def below(folder):
    """Every file below a folder, by path."""
    found = {}
    for path in glob.glob(os.path.join(folder, "**"), recursive=True, include_hidden=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found[path] = plain(path, file.read())
    return found


class Written:
    """All that was written, by where."""

    def __init__(self):
        self.texts = {}

    def add(self, where, text):
        text = text.encode() if isinstance(text, str) else text
        self.texts[where] = self.texts.get(where, b"") + text

    def holds(self, secret):
        """Where a secret stands, in any form, with what stands around it."""
        places = []
        for where, text in self.texts.items():
            for form in forms(secret):
                at = text.find(form)
                if at >= 0:
                    around = text[max(0, at - 160) : at + len(form) + 40]
                    places.append(f"{where}: {around!r}")
        return places

    def size(self):
        return sum(len(text) for text in self.texts.values())
