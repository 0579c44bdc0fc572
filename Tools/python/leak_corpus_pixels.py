"""Pictures of the leak corpus: phantoms with words burned in, in many interpretations, overlays and icons."""

import io
import random
from pathlib import Path

import numpy
from leak_corpus_planting import fill
from PIL import Image, ImageDraw, ImageFont
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, RLELossless

FONTS = Path("/usr/share/fonts/truetype/dejavu")
FACES = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
    "serif": "DejaVuSerif.ttf",
}
MARGIN = 3


def phantom(specimen, rows, columns, salt=0):
    """Gray between 20 and 120 of 255: a disc with soft noise, darker towards the edges."""
    generator = numpy.random.default_rng(random.Random(f"{specimen.words.seed} {specimen.name} {salt}").getrandbits(63))
    y, x = numpy.ogrid[:rows, :columns]
    distance = numpy.hypot((y - rows / 2) / rows, (x - columns / 2) / columns)
    gray = numpy.where(distance < 0.36, 105 - 90 * distance, 28.0)
    return gray + generator.normal(0, 4, (rows, columns))


def burn(specimen, gray, template, x, y, size=16, face="sans", ink=245, where="pixels", frame=0, hard="", turned=False):
    """Writes words into the picture and lists them with their box (left, top, right, bottom; the last two excluded)."""
    text, strings = fill(template, specimen)
    font = ImageFont.truetype(str(FONTS / FACES[face]), size)
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (int(right) + 2, int(bottom) + 2))
    ImageDraw.Draw(canvas).text((0, 0), text, font=font, fill=255)
    canvas = canvas.crop((int(left), int(top), int(right) + 2, int(bottom) + 2))
    if turned:
        canvas = canvas.transpose(Image.Transpose.ROTATE_90)
    mask = numpy.asarray(canvas, dtype=numpy.float64) / 255
    height, width = mask.shape
    assert y + height <= gray.shape[0] and x + width <= gray.shape[1], f"{specimen.name}: {text} is cut off"
    part = gray[y : y + height, x : x + width]
    part[...] = part * (1 - mask) + ink * mask
    specimen.pictures.append(
        {
            "where": where,
            "frame": frame,
            "box": [max(x - MARGIN, 0), max(y - MARGIN, 0), x + width + MARGIN, y + height + MARGIN],
            "text": text,
            "strings": strings,
            "font": f"{face} {size}",
            "hard": hard,
        }
    )
    return gray


def bytes_of(gray):
    return numpy.clip(numpy.rint(gray), 0, 255).astype(numpy.uint8)


def gray_pixels(node, frames, bits=8, stored=None, photometric="MONOCHROME2", signed=False, number_of_frames=None):
    """Image Pixel attributes and native Pixel Data of gray frames whose brightness is 0...255."""
    stored = stored or bits
    pixels = numpy.stack([bytes_of(frame) for frame in frames]).astype(numpy.int64)
    if photometric == "MONOCHROME1":
        pixels = 255 - pixels
    if stored > 8:
        pixels = pixels * (((1 << stored) - 1) // 255)
    if signed:
        pixels -= 1 << (stored - 1)
    describe(node, pixels.shape[1], pixels.shape[2], 1, photometric, bits, stored, signed)
    if number_of_frames or len(frames) > 1:
        node.keep(NumberOfFrames=str(len(frames)))
    values = pixels & ((1 << stored) - 1) if stored < bits else pixels
    put_pixels(node, values.astype({8: "<u1", 16: "<u2", 32: "<u4"}[bits], casting="unsafe").tobytes(), bits)


def describe(node, rows, columns, samples, photometric, bits, stored, signed=False):
    node.keep(SamplesPerPixel=samples, PhotometricInterpretation=photometric, Rows=rows, Columns=columns)
    node.keep(BitsAllocated=bits, BitsStored=stored, HighBit=stored - 1, PixelRepresentation=int(signed))


def put_pixels(node, data, bits):
    node.dataset.PixelData = data + b"\0" * (len(data) % 2)
    node.dataset["PixelData"].VR = "OW" if bits > 8 else "OB"


def color_pixels(node, frames, photometric="RGB", planar=0, number_of_frames=None):
    """Frames in colour; gray phantoms get a slight tint, so that the three channels differ."""
    planes = []
    for frame in frames:
        gray = bytes_of(frame)
        rgb = numpy.stack([gray, gray, numpy.clip(gray.astype(int) + 6, 0, 255).astype(numpy.uint8)], -1)
        if photometric.startswith("YBR"):
            rgb = numpy.asarray(Image.fromarray(rgb).convert("YCbCr"))
        planes.append(numpy.moveaxis(rgb, -1, 0) if planar else rgb)
    rows, columns = bytes_of(frames[0]).shape
    describe(node, rows, columns, 3, photometric, 8, 8)
    node.keep(PlanarConfiguration=planar)
    if number_of_frames or len(frames) > 1:
        node.keep(NumberOfFrames=str(len(frames)))
    put_pixels(node, numpy.stack(planes).tobytes(), 8)


def palette_pixels(node, gray):
    """PALETTE COLOR of 8 bits with a table of 256 entries of 16 bits, in disorder: index 255 - brightness."""
    rows, columns = gray.shape
    describe(node, rows, columns, 1, "PALETTE COLOR", 8, 8)
    table = (255 - numpy.arange(256)).astype("<u2") * 257
    for color in ("Red", "Green", "Blue"):
        node.set(**{f"{color}PaletteColorLookupTableDescriptor": [256, 0, 16]})
        node.dataset[f"{color}PaletteColorLookupTableDescriptor"].VR = "US"
        node.set(**{f"{color}PaletteColorLookupTableData": table.tobytes()})
    put_pixels(node, (255 - bytes_of(gray)).tobytes(), 8)


def compress_rle(specimen):
    """Run-length encodes the frames with the package's own encoder."""
    specimen.dataset.file_meta = file_meta_for(specimen)
    specimen.dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    specimen.transfer_syntax = RLELossless


def file_meta_for(specimen):
    from pydicom.dataset import FileMetaDataset

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = specimen.transfer_syntax
    return meta


def compress_lossless(specimen, transfer_syntax):
    """JPEG 2000 or JPEG-LS, as far as the installed packages encode it."""
    specimen.dataset.file_meta = file_meta_for(specimen)
    specimen.dataset.compress(transfer_syntax, generate_instance_uid=False)
    specimen.transfer_syntax = transfer_syntax


def jpeg_pixels(node, frames, comment=None):
    """Lossy JPEG frames; a comment goes into each as a COM segment, as some capture software writes them."""
    rows, columns = frames[0].shape
    streams = []
    for frame in frames:
        stream = io.BytesIO()
        Image.fromarray(bytes_of(frame)).save(stream, "JPEG", quality=92)
        data = stream.getvalue()
        if comment:
            text = comment.encode()
            data = data[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + data[2:]
        streams.append(data)
    describe(node, rows, columns, 1, "MONOCHROME2", 8, 8)
    if len(frames) > 1:
        node.keep(NumberOfFrames=str(len(frames)))
    node.set(LossyImageCompression="01", LossyImageCompressionRatio="10", LossyImageCompressionMethod="ISO_10918_1")
    node.dataset.PixelData = encapsulate(streams, has_bot=True)
    node.dataset["PixelData"].VR = "OB"
    node.dataset["PixelData"].is_undefined_length = True
    node.specimen.transfer_syntax = JPEGBaseline8Bit


def overlay(node, group, template, rows=64, columns=256, size=24):
    """An overlay plane of one bit per pixel with words in it."""
    gray = burn(node.specimen, numpy.zeros((rows, columns)), template, 6, 8, size, "bold", 255, f"overlay {group:04X}")
    plane = numpy.packbits((gray > 127).reshape(-1), bitorder="little").tobytes()
    plane += b"\0" * (len(plane) % 2)
    dataset = node.dataset
    dataset.add_new((group, 0x0010), "US", rows)
    dataset.add_new((group, 0x0011), "US", columns)
    dataset.add_new((group, 0x0040), "CS", "G")
    dataset.add_new((group, 0x0050), "SS", [1, 1])
    dataset.add_new((group, 0x0100), "US", 1)
    dataset.add_new((group, 0x0102), "US", 0)
    dataset.add_new((group, 0x3000), "OW", plane)


def embedded_overlay(node, group, template, bit=12, size=24):
    """An overlay in the unused high bits of the pixels, as scanners of the nineties stored it."""
    dataset = node.dataset
    rows, columns = dataset.Rows, dataset.Columns
    gray = burn(node.specimen, numpy.zeros((rows, columns)), template, 6, 8, size, "bold", 255, "high bits")
    pixels = numpy.frombuffer(dataset.PixelData, "<u2").reshape(rows, columns)
    dataset.PixelData = (pixels | ((gray > 127).astype("<u2") << bit)).astype("<u2").tobytes()
    dataset.add_new((group, 0x0010), "US", rows)
    dataset.add_new((group, 0x0011), "US", columns)
    dataset.add_new((group, 0x0040), "CS", "G")
    dataset.add_new((group, 0x0050), "SS", [1, 1])
    dataset.add_new((group, 0x0100), "US", 16)
    dataset.add_new((group, 0x0102), "US", bit)


def icon(node, template, rows=64, columns=128, size=14):
    """An Icon Image Sequence with words burned into the icon."""
    item = node.item("IconImageSequence")
    gray = burn(
        node.specimen, numpy.full((rows, columns), 20.0), template, 4, 20, size, "bold", 250, f"icon {item.path}"
    )
    item.set(SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=rows, Columns=columns)
    item.set(BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0)
    item.set(PixelData=bytes_of(gray).tobytes())
    item.dataset["PixelData"].VR = "OB"
