"""Secondary captures of the leak corpus: words in many fonts and sizes, black on white, turned, pale."""

import numpy
from leak_corpus_header import composite
from leak_corpus_images import SC
from leak_corpus_pixels import burn, color_pixels, compress_rle, gray_pixels, icon, phantom

SC_TEXTS = [
    ("{last}, {first}", 12, "sans"),
    ("{upper_last}", 14, "mono"),
    ("MRN {pid}", 16, "serif"),
    ("{birth_dotted}", 20, "bold"),
    ("{upper_first}", 28, "sans"),
    ("{birth_middle}", 18, "mono"),
    ("{last} {first}", 36, "serif"),
]


def screen_capture(specimen):
    """A capture of a workstation: the same patient in seven fonts and sizes."""
    node = composite(specimen, SC, "OT", 30)
    node.set(ConversionType="WSD", ImageType=["DERIVED", "SECONDARY"], BurnedInAnnotation="NO")
    gray = phantom(specimen, 420, 560)
    y = 10
    for template, size, face in SC_TEXTS:
        burn(specimen, gray, template, 16, y, size, face)
        y += int(size * 1.6) + 14
    color_pixels(node, [gray])
    icon(node, "{upper_last}")


def screen_capture_paper(specimen):
    """Black on white, as scanned letters are."""
    node = composite(specimen, SC, "OT", 26)
    node.set(ConversionType="SD", ImageType=["DERIVED", "SECONDARY"])
    gray = numpy.full((300, 620), 246.0)
    for number, (template, size) in enumerate(
        [
            ("Dear Dr. {referring}", 18),
            ("your patient {first} {last}", 20),
            ("born {birth_long}", 18),
            ("phone {phone_us}", 18),
            ("{hospital}, {city}", 18),
        ]
    ):
        burn(specimen, gray, template, 24, 20 + 50 * number, size, "serif", ink=12)
    gray_pixels(node, [gray], 8)


def screen_capture_hard(specimen):
    """Text that readers find hard: turned, pale and very small. Reported, not required."""
    node = composite(specimen, SC, "OT", 26)
    node.set(ConversionType="WSD", ImageType=["DERIVED", "SECONDARY"])
    gray = phantom(specimen, 320, 420)
    burn(specimen, gray, "{maiden}", 12, 40, 22, "sans", hard="turned by 90 degrees", turned=True)
    gray[10:60, 100:400] = 90
    burn(specimen, gray, "{alias}", 110, 18, 22, "sans", ink=112, hard="pale")
    gray[280:310, 100:400] = 30
    burn(specimen, gray, "{last}, {first}", 120, 288, 8, "sans", hard="very small")
    gray_pixels(node, [gray], 8)


def screen_capture_multiframe(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.7.4", "OT", 26)
    node.set(ConversionType="WSD", ImageType=["DERIVED", "SECONDARY"], BurnedInAnnotation="YES", FrameTime="100")
    node.set(LossyImageCompression="00", FrameIncrementPointer=0x00181063)
    frames = [phantom(specimen, 200, 320, number) for number in range(3)]
    burn(specimen, frames[1], "{last}", 20, 20, 26, "sans", frame=1)
    burn(specimen, frames[2], "{pid}", 20, 120, 30, "mono", frame=2)
    color_pixels(node, frames)
    compress_rle(specimen)


def word_capture_multiframe(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.7.3", "OT", 26)
    node.set(ConversionType="WSD", ImageType=["DERIVED", "SECONDARY"], BurnedInAnnotation="NO", FrameTime="100")
    node.set(RescaleIntercept="0", RescaleSlope="1", RescaleType="US", PresentationLUTShape="IDENTITY")
    node.set(LossyImageCompression="00", FrameIncrementPointer=0x00181063)
    frames = [phantom(specimen, 160, 300, number) for number in range(2)]
    burn(specimen, frames[0], "{upper_last}", 16, 60, 30, "bold", frame=0)
    gray_pixels(node, frames, 16, 16)
