"""Pictures with text burned in, and where each letter is: to measure what is found of it.

    python Tools/python/make_burned_in_text.py DIR [--seed N]

makes DICOM files of ultrasound, CT-like and X-ray-like grounds with texts of several fonts and sizes (8 to 40 pixels), of 8
and 16 bits, in grey and colour, native and compressed with loss, and files without text; and `truth.json`. It needs the
fonts of Debian's fonts-dejavu and fonts-urw-base35.

    python Tools/python/make_burned_in_text.py --evaluate DIR RESULTS

compares what `OMP_THREAD_LIMIT=1 cassette-bench text DIR/*.dcm > RESULTS` has found: a text counts as removed when 98 %
of the pixels of its letters are black, as touched when 60 % are.
"""

import argparse
import collections
import io
import itertools
import json
import pathlib
import random

import numpy
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

FONTS = {
    "sans": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "mono-bold": "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
    "serif": "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
    "helvetica": "/usr/share/fonts/opentype/urw-base35/NimbusSans-Regular.otf",
}
SIZES = [8, 10, 12, 16, 24, 40]
TEXTS = [
    "MUELLER^HANS", "DOE JANE", "1957-03-14", "PID 4711-0815", "ST. MARY HOSPITAL", "12.03.1957", "Garcia Lopez",
    "ACC 20260114", "Nguyen Thi", "DOB 01/02/1933", "Schmidt, Anna", "MRN: 00917355",
]
GROUNDS = ["ultrasound", "ultrasound-margin", "slice", "projection", "page"]


def noise(generator, width, height, step):
    coarse = generator.random((height // step + 2, width // step + 2)).astype(numpy.float32)
    return numpy.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))


def ground(kind, generator):
    if kind.startswith("ultrasound"):
        width, height = 800, 600
        y, x = numpy.mgrid[0:height, 0:width]
        distance = numpy.hypot(x - width / 2, y + height * 0.1)
        angle = numpy.arctan2(x - width / 2, y + height * 0.1)
        sector = (numpy.abs(angle) < 0.6) & (distance < height) & (distance > height * 0.25)
        speckle = noise(generator, width, height, 16) * generator.rayleigh(0.5, (height, width)) * 150
        return numpy.where(sector, speckle, 0)
    if kind == "slice":
        width = height = 512
        y, x = numpy.mgrid[0:height, 0:width]
        place = ((x - 256) / 205) ** 2 + ((y - 256) / 180) ** 2
        body = numpy.where(place < 1, 110 + noise(generator, width, height, 32) * 60, 5)
        body = numpy.where((place < 1) & (place > 0.92), 230, body)
        return body + generator.normal(0, 10, (height, width))
    if kind == "page":
        return numpy.full((600, 800), 245.0)
    width, height = 1000, 1200
    return 40 + noise(generator, width, height, 170) * 190 + generator.normal(0, 6, (height, width))


def place(texts, font, picture, kind, chooser):
    """Draws the texts; returns (text, box, mask of its letters) of each."""
    drawn = []
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    for text in texts:
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        if right > width - 8:
            continue
        for _ in range(60):
            x = chooser.randrange(2, width - right - 4)
            y = chooser.randrange(2, height - bottom - 4)
            if kind == "ultrasound-margin":
                x, y = min(x, max(2, 120 - right // 2)), chooser.randrange(2, 120)
            box = (x + left, y + top, x + right, y + bottom)
            if all(box[2] + 12 < other[0] or other[2] + 12 < box[0] or box[3] + 8 < other[1] or other[3] + 8 < box[1]
                   for _, other, _ in drawn):
                break
        else:
            continue
        mean = numpy.asarray(picture.convert("L"))[box[1]:box[3], box[0]:box[2]].mean()
        bright = 255 if mean < 150 else 0
        color = bright if picture.mode == "L" else ((255, 255, 80) if bright else (10, 10, 120))
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).text((x, y), text, font=font, fill=255)
        draw.text((x, y), text, font=font, fill=color)
        drawn.append((text, box, numpy.asarray(mask)[box[1]:box[3], box[0]:box[2]] > 110))
    return drawn


def data_set(picture, form, path):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = JPEGBaseline8Bit if form == "jpeg" else ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID = meta.MediaStorageSOPClassUID
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    made.Modality = "OT"
    made.Columns, made.Rows = picture.size
    color = picture.mode == "RGB"
    made.SamplesPerPixel = 3 if color else 1
    made.PhotometricInterpretation = ("YBR_FULL_422" if form == "jpeg" else "RGB") if color else "MONOCHROME2"
    if color:
        made.PlanarConfiguration = 0
    samples = numpy.asarray(picture)
    deep = form == "16-bit" and not color
    made.BitsAllocated, made.BitsStored, made.HighBit = (16, 12, 11) if deep else (8, 8, 7)
    made.PixelRepresentation = 0
    if deep:
        made.WindowCenter, made.WindowWidth = "2048", "4095"
        made.PixelData = (samples.astype(numpy.uint16) * 16).tobytes()
    elif form == "jpeg":
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=80)
        made.PixelData = encapsulate([stream.getvalue()])
        made["PixelData"].VR = "OB"
        made.LossyImageCompression = "01"
    else:
        data = samples.tobytes()
        made.PixelData = data + b"\0" * (len(data) % 2)
    return made


def make(directory, seed):
    directory.mkdir(parents=True, exist_ok=True)
    truth = {}
    forms = itertools.cycle(["8-bit", "16-bit", "jpeg", "color", "jpeg-color"])
    for number, (kind, size, name) in enumerate(itertools.product(GROUNDS, [0, *SIZES], FONTS)):
        if size == 0 and name not in ("sans", "serif"):
            continue
        form = next(forms)
        generator = numpy.random.default_rng(seed + number)
        chooser = random.Random(seed + number)
        levels = numpy.clip(ground(kind, generator), 0, 255).astype(numpy.uint8)
        picture = Image.fromarray(levels)
        if "color" in form:
            picture = picture.convert("RGB")
        font = ImageFont.truetype(FONTS[name], size or 10)
        drawn = place(chooser.sample(TEXTS, 4) if size else [], font, picture, kind, chooser)
        path = directory / f"{number:03}.dcm"
        data_set(picture, form.split("-")[0] if form.startswith("jpeg") else form, path).save_as(
            path, enforce_file_format=True)
        truth[path.name] = {
            "ground": kind, "size": size, "font": name, "form": form, "width": picture.size[0], "height": picture.size[1],
            "texts": [{"text": text, "box": [int(side) for side in box],
                       "letters": numpy.packbits(mask).tobytes().hex()} for text, box, mask in drawn],
        }
    (directory / "truth.json").write_text(json.dumps(truth))
    print(f"{len(truth)} files, {sum(len(entry['texts']) for entry in truth.values())} texts")


def evaluate(directory, results):
    truth = json.loads((directory / "truth.json").read_text())
    by = {key: collections.defaultdict(list) for key in ("size", "ground", "font", "form")}
    everything, seconds, spoiled, excluded, clean = [], [], [], 0, []
    for line in results.read_text().splitlines():
        result = json.loads(line)
        entry = truth[pathlib.Path(result["file"]).name]
        black = numpy.zeros((entry["height"], entry["width"]), bool)
        for x, y, width, height in result["masks"]:
            black[y:y + height, x:x + width] = True
        excluded += bool(result["excluded"])
        seconds.append(result["seconds"])
        wanted = numpy.zeros_like(black)
        for text in entry["texts"]:
            left, top, right, bottom = text["box"]
            wanted[max(0, top - 14):bottom + 14, max(0, left - 30):right + 30] = True
            count = (bottom - top) * (right - left)
            letters = numpy.unpackbits(numpy.frombuffer(bytes.fromhex(text["letters"]), numpy.uint8))[:count]
            letters = letters.reshape(bottom - top, right - left).astype(bool)
            share = (black[top:bottom, left:right] & letters).sum() / max(1, letters.sum())
            safe = share >= 0.98 or bool(result["excluded"])
            everything.append((share >= 0.98, share >= 0.6, safe))
            for key, table in by.items():
                table[entry[key]].append((share >= 0.98, share >= 0.6, safe))
        spoiled.append((black & ~wanted).mean())
        if not entry["texts"]:
            clean.append((len(result["masks"]), bool(result["excluded"])))

    def shares(rows):
        return " ".join(f"{sum(column) / max(1, len(rows)):.3f}" for column in zip(*rows))

    print("removed, touched, removed or excluded")
    print(f"all ({len(everything)} texts): {shares(everything)}")
    for key, table in by.items():
        for value, rows in table.items():
            print(f"  {key} {value}: {shares(rows)}")
    print(f"{excluded} of {len(seconds)} excluded; pixels blacked out without text: {numpy.mean(spoiled):.4%} on average")
    print(f"without text: {sum(bool(count) for count, _ in clean)} of {len(clean)} have masks, "
          f"{sum(stays for _, stays in clean)} excluded")
    print(f"seconds for a frame: {numpy.mean(seconds):.2f} mean, {numpy.median(seconds):.2f} median, {max(seconds):.2f} most")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--evaluate", action="store_true")
    arguments = parser.parse_args()
    if arguments.evaluate:
        evaluate(arguments.directory, arguments.results)
    else:
        make(arguments.directory, arguments.seed)


if __name__ == "__main__":
    main()
