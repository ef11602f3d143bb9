"""Photos come in as anybody's bytes and are kept as ours: decoded, made smaller, written anew.

What is kept holds pixels and nothing else: no position of the phone, no second file behind the
picture, no script. The only file that knows the imaging library.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

BYTES_AT_MOST: Final = 8 * 1024 * 1024
# A phone's camera makes 12 to 50 million pixels. More is a bomb, or of no use as evidence.
PIXELS_AT_MOST: Final = 60_000_000
SIDE_AT_MOST: Final = 1280
_QUALITY: Final = 80
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class BadPhoto(ValueError):
    """The bytes are no photo that is kept; the argument is a code."""


def clean_photo(content: bytes) -> bytes:
    """Return the photo as a new JPEG of at most SIDE_AT_MOST pixels a side.

    Raises BadPhoto: `too_large`, `not_a_photo` (by its first bytes, whatever it is called),
    `too_many_pixels` or `damaged`.
    """
    if len(content) > BYTES_AT_MOST:
        raise BadPhoto("too_large")
    if not (content.startswith(_MAGIC) or (content[:4], content[8:12]) == (b"RIFF", b"WEBP")):
        raise BadPhoto("not_a_photo")
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as photo:
            # The header says how large it is, before a pixel is unpacked.
            if photo.width * photo.height > PIXELS_AT_MOST:
                raise BadPhoto("too_many_pixels")
            if getattr(photo, "n_frames", 1) != 1:
                raise BadPhoto("not_a_photo")
            photo.draft("RGB", (SIDE_AT_MOST, SIDE_AT_MOST))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
    except BadPhoto:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPhoto("too_many_pixels") from error
    except (OSError, SyntaxError, ValueError, struct.error, EOFError) as error:
        raise BadPhoto("damaged") from error
    upright.thumbnail((SIDE_AT_MOST, SIDE_AT_MOST))
    # A new picture: what the old one carried beside its pixels stays behind.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    written = BytesIO()
    plain.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
