"""Turn an attachment's bytes into what they are: an image, a sound, or a reason why they are not read."""

from io import BytesIO

# Formats that GitHub shows, and no more: each further decoder is one more that strangers can feed.
IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
SOUND_FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3")
# How these begin; an MP3 without a title begins with the eleven ones of its first frame.
SOUND_HEADS = (b"RIFF", b"fLaC", b"OggS", b"ID3", *(bytes((0xFF, second)) for second in range(0xE0, 0x100)))
# A compressed image of a few kilobytes can unfold to gigabytes.
PIXELS = 50_000_000

NO_MEDIA = "{files}: no image (PNG, JPEG, GIF, WebP, BMP) and no sound (WAV, FLAC, Ogg, MP3) that can be read"
VIDEO = "{files}: hubpipe watches no videos; attach an image or a sound"
DRAWING = "{files}: SVG is code, which hubpipe does not draw; attach a PNG"
MANY_PIXELS = f"{{files}}: over {PIXELS // 1_000_000} million pixels; attach a smaller image"


class NotReadError(Exception):
    """An attachment is not read; its text is the reason, with {files} where the attachment's name goes."""


def kind_of(data: bytes) -> str:
    """Tell by the bytes alone whether they are `images` or `audio`.

    Raises NotReadError for everything else, and for an image too large or too broken to decode.
    """
    if _is_image(data):
        return "images"
    if _is_sound(data):
        return "audio"
    raise NotReadError(_other(data))


def _is_image(data: bytes) -> bool:
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data), formats=IMAGE_FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise NotReadError(MANY_PIXELS)
            image.load()
    except Image.DecompressionBombError as fault:
        raise NotReadError(MANY_PIXELS) from fault
    except UnidentifiedImageError:
        return False
    except (OSError, SyntaxError, ValueError, EOFError) as fault:
        raise NotReadError(NO_MEDIA) from fault
    return True


def _is_sound(data: bytes) -> bool:
    import soundfile

    if not data.startswith(SOUND_HEADS):
        return False
    try:
        return str(soundfile.info(BytesIO(data)).format) in SOUND_FORMATS
    except soundfile.SoundFileError:
        return False


def _other(data: bytes) -> str:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[4:8] == b"ftyp" or data.startswith(b"\x1aE\xdf\xa3"):
        return VIDEO
    return DRAWING if head.startswith((b"<svg", b"<?xml")) and b"<svg" in data else NO_MEDIA
