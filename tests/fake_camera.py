"""What a browser's fake camera films: a code that is held a little unsteadily, or a plain wall."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import qrcode
from PIL import Image

WIDTH: Final = 640
HEIGHT: Final = 480
SIDE: Final = 340
FRAMES: Final = 20


def film(file: Path, code: str | None = None) -> None:
    """Write a film of single JPEGs, which Chromium plays in place of a camera."""
    frames = [Image.new("L", (WIDTH, HEIGHT), 90 + number) for number in range(FRAMES)]
    if code is not None:
        drawn = qrcode.QRCode(box_size=8, border=4)
        drawn.add_data(code)
        picture = drawn.make_image().get_image().convert("L").resize((SIDE, SIDE))
        for number, frame in enumerate(frames):
            frame.paste(picture, (100 + number * 3, 60 + number))
    with file.open("wb") as reel:
        for frame in frames:
            written = BytesIO()
            frame.convert("RGB").save(written, "JPEG", quality=85)
            reel.write(written.getvalue())


def arguments(file: Path) -> list[str]:
    """Return the arguments with which Chromium films `file` without asking anybody."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    ]
