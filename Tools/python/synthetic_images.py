"""Builds synthetic DICOM instances: the same bytes for the same seed, no patient behind any of them."""

import hashlib
import io
import struct

import numpy
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

IMPLEMENTATION_CLASS_UID = "2.25.281474976710656001"


def uid(*labels):
    """A UID below 2.25 that depends on the labels alone."""
    digest = hashlib.sha256("/".join(str(label) for label in labels).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def generator(*labels):
    """A random generator that depends on the labels alone."""
    digest = hashlib.sha256("/".join(str(label) for label in labels).encode()).digest()
    return numpy.random.default_rng(int.from_bytes(digest[:8], "big"))


def identified(sop_class_uid, set_name, study, series=1, instance=1, name=None):
    """A Data Set with the attributes that every composite instance needs."""
    dataset = Dataset()
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = uid(set_name, study, series, instance)
    dataset.StudyDate = f"202401{study % 28 + 1:02d}"
    dataset.StudyTime = f"{study % 24:02d}3000"
    dataset.AccessionNumber = f"A{study:06d}"
    dataset.Modality = "OT"
    dataset.Manufacturer = "Synthetic"
    dataset.ReferringPhysicianName = "Referrer^Rita"
    dataset.StudyDescription = f"Synthetic {set_name}"
    dataset.PatientName = name or f"Synthetic^Patient {study:04d}"
    dataset.PatientID = f"{set_name.upper()}-{study:05d}"
    dataset.PatientBirthDate = f"19{study % 80 + 10:02d}0615"
    dataset.PatientSex = "FMO"[study % 3]
    dataset.StudyInstanceUID = uid(set_name, study)
    dataset.SeriesInstanceUID = uid(set_name, study, series)
    dataset.StudyID = str(study)
    dataset.SeriesNumber = str(series)
    dataset.InstanceNumber = str(instance)
    return dataset


def describe_pixels(dataset, rows, columns, bits, frames=None):
    """Adds the Image Pixel attributes of unsigned gray pixels."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    if frames is not None:
        dataset.NumberOfFrames = str(frames)
    dataset.Rows = rows
    dataset.Columns = columns
    dataset.BitsAllocated = bits
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0


def part10(dataset, transfer_syntax_uid):
    """The bytes of a DICOM file with this Data Set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax_uid
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def ct_instance(study, instance, set_name="ct", size=512):
    """A CT slice: a disc with noise, 16 bits."""
    dataset = identified(CTImageStorage, set_name, study, 1, instance)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality = "CT"
    dataset.SliceThickness = "1.0"
    dataset.KVP = "120"
    dataset.ImagePositionPatient = ["-250", "-250", str(instance)]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = ["0.9765625", "0.9765625"]
    dataset.RescaleIntercept = "-1024"
    dataset.RescaleSlope = "1"
    dataset.FrameOfReferenceUID = uid(set_name, study, "frame of reference")
    describe_pixels(dataset, size, size, 16)
    y, x = numpy.ogrid[:size, :size]
    disc = ((x - size / 2) ** 2 + (y - size / 2) ** 2 < (size * 0.4) ** 2) * 1064
    noise = generator(set_name, study, instance).normal(0, 20, (size, size))
    dataset.PixelData = numpy.clip(disc + noise + 40, 0, 4095).astype("<u2").tobytes()
    return part10(dataset, ExplicitVRLittleEndian)


class NativeMultiframe:
    """A native multi-frame object that is written frame by frame, whatever its size."""

    def __init__(self, frames=2048, size=512, set_name="multiframe"):
        self.frames = frames
        self.size = size
        self.noise = generator(set_name).integers(0, 4096, size * size, dtype="<u2")
        dataset = identified(MultiFrameGrayscaleWordSecondaryCaptureImageStorage, set_name, 1)
        dataset.BurnedInAnnotation = "NO"
        describe_pixels(dataset, size, size, 16, frames)
        self.study_instance_uid = dataset.StudyInstanceUID
        self.series_instance_uid = dataset.SeriesInstanceUID
        self.sop_class_uid = dataset.SOPClassUID
        self.sop_instance_uid = dataset.SOPInstanceUID
        header = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * size * size * 2)
        self.head = part10(dataset, ExplicitVRLittleEndian) + header

    def frame(self, number):
        """The pixels of one frame, 1-based: noise that moves, with the number in the first four bytes."""
        pixels = numpy.roll(self.noise, number * 977)
        pixels[:2] = numpy.frombuffer(struct.pack("<I", number), dtype="<u2")
        return pixels.tobytes()

    def chunks(self):
        """The bytes of the DICOM file, piece by piece."""
        yield self.head
        for number in range(1, self.frames + 1):
            yield self.frame(number)

    def write(self, path):
        with open(path, "wb") as file:
            for chunk in self.chunks():
                file.write(chunk)


def jpeg_frames(count=12, size=256):
    """Baseline JPEG frames that differ from each other."""
    noise = generator("jpeg").integers(0, 32, (size, size), dtype=numpy.uint8)
    y, x = numpy.mgrid[:size, :size]
    for number in range(count):
        pixels = ((x + y * 2 + number * 16) % 224).astype(numpy.uint8) + noise
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=90)
        yield stream.getvalue()


def jpeg_multiframes():
    """Pairs of file name and bytes: the ways in which frames of encapsulated Pixel Data can be found."""
    frames = list(jpeg_frames())
    variants = {
        "basic-offset-table": lambda dataset: encapsulate(frames, has_bot=True),
        "no-offset-table": lambda dataset: encapsulate(frames, has_bot=False),
        "fragments": lambda dataset: encapsulate(frames, fragments_per_frame=3, has_bot=True),
        "fragments-no-offset-table": lambda dataset: encapsulate(frames, fragments_per_frame=3, has_bot=False),
        "extended-offset-table": extended(frames),
    }
    for number, (name, pixel_data) in enumerate(variants.items(), start=1):
        dataset = identified(MultiFrameGrayscaleByteSecondaryCaptureImageStorage, "jpeg-multiframe", 1, 1, number)
        dataset.SeriesDescription = name
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
        describe_pixels(dataset, 256, 256, 8, len(frames))
        dataset.PixelData = pixel_data(dataset)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        yield f"{name}.dcm", part10(dataset, JPEGBaseline8Bit)


def extended(frames):
    """Encapsulation with an Extended Offset Table, which lies in two attributes of the Data Set."""

    def pixel_data(dataset):
        data, offsets, lengths = encapsulate_extended(frames)
        dataset.ExtendedOffsetTable = offsets
        dataset.ExtendedOffsetTableLengths = lengths
        return data

    return pixel_data


def code(value, meaning):
    """An item with a code."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "DCM"
    item.CodeMeaning = meaning
    return item


def small_image(number, name=None, character_set=None, big_endian=False):
    """A small image with nested sequences and private attributes."""
    dataset = identified(SecondaryCaptureImageStorage, "encodings", number, name=name)
    if character_set:
        dataset.SpecificCharacterSet = character_set
    dataset.ConversionType = "WSD"
    step = code("113014", "Study")
    step.ContextGroupExtensionFlag = "N"
    purpose = Dataset()
    purpose.ReferencedSOPClassUID = CTImageStorage
    purpose.ReferencedSOPInstanceUID = uid("encodings", "reference")
    purpose.PurposeOfReferenceCodeSequence = Sequence([step, code("121311", "Localizer")])
    dataset.SourceImageSequence = Sequence([purpose])
    dataset.RequestAttributesSequence = Sequence([])
    private = dataset.private_block(0x0011, "SYNTHETIC TEST", create=True)
    private.add_new(0x01, "LO", "private text")
    private.add_new(0x02, "SQ", Sequence([code("1", "private item")]))
    private.add_new(0x03, "OB", bytes(range(256)))
    describe_pixels(dataset, 32, 32, 16)
    pixels = generator("encodings", number).integers(0, 65536, 32 * 32).astype(">u2" if big_endian else "<u2")
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def undefined_lengths(dataset):
    """Marks all sequences and items of a Data Set to be written with undefined length."""
    waiting = [dataset]
    while waiting:
        for element in waiting.pop():
            if element.VR == "SQ":
                element.is_undefined_length = True
                for item in element.value:
                    item.is_undefined_length_sequence_item = True
                    waiting.append(item)
    return dataset


def wrong_group_length(file):
    """The file with a File Meta Information Group Length that is 4 bytes short."""
    position = 132 + 8
    (length,) = struct.unpack_from("<I", file, position)
    return file[:position] + struct.pack("<I", length - 4) + file[position + 4 :]


def without_group_length(file):
    """The file without the (0002,0000) element, 12 bytes long."""
    return file[:132] + file[144:]


def encodings():
    """Pairs of file name and bytes: one small image in each encoding, and in the ways that real files go wrong."""
    explicit = ExplicitVRLittleEndian
    yield "implicit-little-endian.dcm", part10(small_image(1), ImplicitVRLittleEndian)
    yield "explicit-little-endian.dcm", part10(small_image(2), explicit)
    yield "explicit-big-endian.dcm", part10(small_image(3, big_endian=True), ExplicitVRBigEndian)
    yield "deflated.dcm", part10(small_image(4), DeflatedExplicitVRLittleEndian)
    yield "undefined-lengths.dcm", part10(undefined_lengths(small_image(5)), explicit)
    yield "undefined-lengths-implicit.dcm", part10(undefined_lengths(small_image(6)), ImplicitVRLittleEndian)
    yield "utf-8.dcm", part10(small_image(7, "Ångström^Zoë=山田^太郎=やまだ^たろう", "ISO_IR 192"), explicit)
    yield "latin-1.dcm", part10(small_image(8, "Müller^Jörg", "ISO_IR 100"), explicit)
    yield "no-preamble.dcm", part10(small_image(9), explicit)[132:]
    yield "wrong-group-length.dcm", wrong_group_length(part10(small_image(10), explicit))
    yield "no-group-length.dcm", without_group_length(part10(small_image(11), explicit))
    yield "no-file-meta.dcm", bare(small_image(12))


def bare(dataset):
    """The Data Set alone in Implicit VR Little Endian, as very old files have it."""
    stream = io.BytesIO()
    dcmwrite(stream, dataset, implicit_vr=True, little_endian=True)
    return stream.getvalue()
