"""Turn an attachment's bytes into an image that any model can look at."""

import math
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from hubpipe.errors import MediaError
from hubpipe.models.base import Media

# The formats that GitHub shows; each further decoder is one more that strangers can feed.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
# A compressed image of a few kilobytes can unfold to gigabytes.
PIXELS = 50_000_000
# No model looks at more, and preparing costs time and memory by the pixel.
MOST_SIDE = 4_096
# Processors take a side of one or three pixels for the colours.
LEAST_SIDE = 32
# Processors that bring the shorter side to their size would make gigabytes of a strip.
MOST_RATIO = 8
BACKGROUND = "white"

NO_IMAGE = "no image that can be read (PNG, JPEG, GIF, WebP or BMP)"
MANY_PIXELS = f"over {PIXELS // 1_000_000} million pixels: attach a smaller image"
FAULTS = (OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError)


@dataclass(frozen=True)
class Look:
    """An RGB image as models like it, and how it lies on the original.

    `scale` is how many of its pixels one of the original's is; `width` and `height` are the original's, upright.
    """

    image: Image.Image
    scale: float
    width: int
    height: int

    def original(self, x: float, y: float) -> tuple[int, int]:
        """Give the original's pixel of a place in the image."""
        return _within(x / self.scale, self.width), _within(y / self.scale, self.height)


def look(media: Media) -> Look:
    """Decode an image: its first frame, upright, on white where it is transparent, of a size that models take.

    Raises MediaError for bytes that are no image, are broken, or would unfold to too many pixels.
    """
    image = _decoded(media.data)
    width, height = image.size
    scale = _scale(width, height)
    sized = image.resize(
        (max(1, round(width * scale)), max(1, round(height * scale))),
        Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BICUBIC,
    )
    return Look(_padded(sized), scale, width, height)


def _decoded(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise MediaError(MANY_PIXELS)
            return _rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as fault:
        raise MediaError(MANY_PIXELS) from fault
    except (UnidentifiedImageError, *FAULTS) as fault:
        raise MediaError(NO_IMAGE) from fault


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would cut 16 bits at 255 instead of bringing them to 8.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, BACKGROUND)
    return Image.alpha_composite(ground, layer).convert("RGB")


def _scale(width: int, height: int) -> float:
    longer = max(width, height)
    return min(MOST_SIDE / longer, 1.0) if longer >= LEAST_SIDE else float(math.ceil(LEAST_SIDE / longer))


def _padded(image: Image.Image) -> Image.Image:
    """Put a strip onto a ground that is not so narrow; its upper left corner stays."""
    least = max(LEAST_SIDE, math.ceil(max(image.size) / MOST_RATIO))
    if min(image.size) >= least:
        return image
    ground = Image.new("RGB", (max(image.width, least), max(image.height, least)), BACKGROUND)
    ground.paste(image, (0, 0))
    return ground


def _within(place: float, size: int) -> int:
    return min(max(round(place), 0), size)
