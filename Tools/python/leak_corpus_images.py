"""Image objects of the leak corpus: one function per kind, each fills a specimen."""

import numpy
from leak_corpus_header import (
    composite,
    originals,
    padded,
    private_elements,
    references,
    safe_private,
    sequences,
    signatures,
    words_swapped,
)
from leak_corpus_pixels import (
    burn,
    color_pixels,
    compress_lossless,
    compress_rle,
    embedded_overlay,
    gray_pixels,
    jpeg_pixels,
    overlay,
    palette_pixels,
    phantom,
)
from pydicom.tag import Tag

SC = "1.2.840.10008.5.1.4.1.1.7"
AXIAL = ["1", "0", "0", "0", "1", "0"]


def plane(node, slice_number=0, spacing="0.78125"):
    """Where a slice lies: must survive."""
    node.keep(ImagePositionPatient=["-100.5", "-100.5", str(-40 + 5 * slice_number)], ImageOrientationPatient=AXIAL)
    node.keep(PixelSpacing=[spacing, spacing], SliceThickness="5")


def ct(specimen, slice_number=0, share=30, **more):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.2", "CT", share, "frame")
    node.set(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], AcquisitionNumber="1", KVP="120", PatientPosition="HFS")
    plane(node, slice_number)
    node.keep(RescaleIntercept="-1024", RescaleSlope="1", RescaleType="HU", WindowCenter="40", WindowWidth="400")
    node.keep(ConvolutionKernel="B30f")
    gray_pixels(node, [phantom(specimen, 64, 64, slice_number)], 16, 12)
    return node


def ct_with_everything_nested(specimen):
    node = ct(specimen)
    sequences(node)
    originals(node)
    signatures(node)
    private_elements(node)


def ct_old(specimen):
    """An overlay in the high bits of the pixels and text in the unused space behind them."""
    node = ct(specimen, 3)
    node.set(Rows=96, Columns=352)
    gray_pixels(node, [phantom(specimen, 96, 352)], 16, 12)
    embedded_overlay(node, 0x6000, "{upper_last} {pid}")
    specimen.survivors = [entry for entry in specimen.survivors if entry["values"] != ["64"]]
    node.keep(Rows=96, Columns=352)


def ct_excess(specimen):
    node = ct(specimen, 4)
    from leak_corpus_planting import fill

    text, strings = fill("{last}^{first} {pid} behind the last frame", specimen)
    node.dataset.PixelData += padded(text)
    specimen.record("7FE00010", "OW", "padding", strings, "behind the last frame, inside Pixel Data")
    specimen.faults_on_purpose.append("Pixel Data is longer than its frames")


def functional_groups(node, frames, frame_type_sequence, rescale_type="US"):
    """Shared and per-frame functional groups with dates, comments and references that identify."""
    node.ensure(AcquisitionDateTime="{exam}{exam_time}", ContentDate="{exam}", ContentTime="{exam_time}")
    node.ensure(DeviceSerialNumber="{serial}").set(AcquisitionContextSequence=[])
    node.specimen.faults_on_purpose.append("functional groups of acquisition details are left out")
    shared = node.item("SharedFunctionalGroupsSequence")
    shared.item("PlaneOrientationSequence").keep(ImageOrientationPatient=AXIAL)
    shared.item("PixelMeasuresSequence").keep(PixelSpacing=["0.9", "0.9"], SliceThickness="2")
    anatomy = shared.item("FrameAnatomySequence").set(FrameLaterality="U")
    anatomy.code("AnatomicRegionSequence", "51185008", "SCT", "Chest", keep=True)
    for frame in range(frames):
        group = node.item("PerFrameFunctionalGroupsSequence")
        content = group.item("FrameContentSequence").set(
            FrameAcquisitionNumber=frame + 1, DimensionIndexValues=[frame + 1]
        )
        content.plant("FrameAcquisitionDateTime", "{exam}{exam_time}").plant(
            "FrameReferenceDateTime", "{exam}{exam_time}"
        )
        content.plant("FrameComments", f"{{last}} frame {frame} {{word}}").set(FrameAcquisitionDuration=20.0)
        content.set(StackID="1", InStackPositionNumber=frame + 1)
        group.item("PlanePositionSequence").keep(ImagePositionPatient=["0", "0", str(2 * frame)])
        kind = group.item(frame_type_sequence).set(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
        kind.set(PixelPresentation="MONOCHROME", VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE")
        transformation = group.item("PixelValueTransformationSequence")
        transformation.keep(RescaleIntercept="0", RescaleSlope="1.5", RescaleType=rescale_type)
        source = group.item("DerivationImageSequence").plant("DerivationDescription", "By {someone}")
        source.set(SourceImageSequence=[])
        source.code("DerivationCodeSequence", "113040", "DCM", "Lossy Compression")
        private = group.private(0x0021, "SYNTHETIC FRAME")
        group.plant((0x0021, private + 1), "{word} {last}", vr="LO", note="private, per frame")


def dimensions(node):
    organization = node.item("DimensionOrganizationSequence").plant("DimensionOrganizationUID", "{uid:dimensions}")
    uid = organization.dataset.DimensionOrganizationUID
    index = node.item("DimensionIndexSequence").set(DimensionOrganizationUID=uid)
    strings = [{"text": str(uid), "kind": "uid", "identifier": True}]
    node.specimen.record(index.place(Tag(0x0020, 0x9164)), "UI", "uid", strings)
    index.set(DimensionIndexPointer=0x00209057, FunctionalGroupPointer=0x00209111)
    index.set(DimensionDescriptionLabel="Position in stack")


def enhanced_ct(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.2.1", "CT", 24, "frame")
    node.set(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], PixelPresentation="MONOCHROME")
    node.set(VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE", ContentQualification="RESEARCH")
    node.set(PresentationLUTShape="IDENTITY", BurnedInAnnotation="NO", LossyImageCompression="00")
    functional_groups(node, 4, "CTImageFrameTypeSequence", "HU")
    dimensions(node)
    gray_pixels(node, [phantom(specimen, 64, 64, number) for number in range(4)], 16, 12)


def enhanced_mr(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.4.1", "MR", 24, "frame")
    node.set(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], PixelPresentation="MONOCHROME")
    node.set(VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE", ContentQualification="RESEARCH")
    node.set(PresentationLUTShape="IDENTITY", BurnedInAnnotation="NO", LossyImageCompression="00")
    node.set(
        ResonantNucleus="1H", KSpaceFiltering="NONE", MagneticFieldStrength=3.0, ApplicableSafetyStandardAgency="IEC"
    )
    functional_groups(node, 3, "MRImageFrameTypeSequence")
    dimensions(node)
    gray_pixels(node, [phantom(specimen, 48, 48, number) for number in range(3)], 16, 16)
    compress_lossless(specimen, "1.2.840.10008.1.2.4.90")


def mr(specimen, transfer_syntax=None, frame="frame"):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.4", "MR", 30, frame)
    node.set(
        ImageType=["ORIGINAL", "PRIMARY", "M", "SE"], ScanningSequence="SE", SequenceVariant="NONE", ScanOptions=""
    )
    node.set(MRAcquisitionType="2D", PatientPosition="HFS")
    node.keep(RepetitionTime="500", EchoTime="12", EchoTrainLength="1", MagneticFieldStrength="1.5", FlipAngle="90")
    plane(node, 1)
    gray_pixels(node, [phantom(specimen, 64, 64)], 16, 16, signed=True)
    if transfer_syntax:
        specimen.transfer_syntax = transfer_syntax
    return node


def mr_private(specimen):
    """Implicit VR: the private elements have no VR in the bytes."""
    private_elements(mr(specimen, "1.2.840.10008.1.2"), deep=5)


def mr_deflated(specimen):
    node = mr(specimen, "1.2.840.10008.1.2.1.99")
    private_elements(node)
    originals(node)


def mr_big_endian(specimen):
    node = composite(specimen, SC, "OT", 30)
    node.set(ConversionType="WSD")
    node.plant((0x0011, 0x0010), "SYNTHETIC {word}", vr="LO")
    node.plant((0x0011, 0x1001), "{last} {word} in words", vr="OW", encode=words_swapped)
    node.plant((0x0011, 0x1002), "{first} {word} bytes", vr="OB", encode=padded)
    gray_pixels(node, [phantom(specimen, 40, 40)], 16, 16)
    pixels = numpy.frombuffer(node.dataset.PixelData, "<u2")
    node.dataset.PixelData = pixels.astype(">u2").tobytes()
    specimen.transfer_syntax = "1.2.840.10008.1.2.2"


def regions(node, left, top, right, bottom):
    region = node.item("SequenceOfUltrasoundRegions")
    region.keep(RegionSpatialFormat=1, RegionDataType=1, RegionFlags=0)
    region.keep(
        RegionLocationMinX0=left, RegionLocationMinY0=top, RegionLocationMaxX1=right, RegionLocationMaxY1=bottom
    )
    region.keep(PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3, PhysicalDeltaX=0.02, PhysicalDeltaY=0.02)


def ultrasound(specimen, photometric="RGB", planar=0, palette=False):
    """Names in the band above the ultrasound region, and a note typed into it."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.6.1", "US", 28)
    node.set(ImageType=["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"], LossyImageCompression="00")
    regions(node, 20, 90, 459, 339)
    gray = phantom(specimen, 360, 480)
    gray[:88] = 8
    burn(specimen, gray, "{last}, {first}", 12, 8, 20, "sans")
    burn(specimen, gray, "ID {pid}", 12, 40, 16, "mono")
    burn(specimen, gray, "{birth_dotted}", 300, 40, 16, "bold")
    burn(specimen, gray, "{upper_last}", 150, 280, 24, "serif")
    if palette:
        palette_pixels(node, gray)
    else:
        color_pixels(node, [gray], photometric, planar)
    if photometric == "YBR_FULL":
        compress_rle(specimen)


def ultrasound_ybr(specimen):
    ultrasound(specimen, "YBR_FULL")


def ultrasound_planar(specimen):
    ultrasound(specimen, "RGB", planar=1)


def ultrasound_palette(specimen):
    ultrasound(specimen, palette=True)


def ultrasound_multiframe(specimen):
    """Three of four frames carry text, each another one."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.3.1", "US", 28)
    node.set(ImageType=["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"], FrameTime="40", LossyImageCompression="01")
    node.set(FrameIncrementPointer=0x00181063)
    regions(node, 20, 60, 299, 219)
    frames = [phantom(specimen, 240, 320, number) for number in range(4)]
    for frame in frames:
        frame[:56] = 6
    burn(specimen, frames[0], "{last} {first}", 10, 10, 22, "bold", frame=0)
    burn(specimen, frames[1], "{pid}", 10, 10, 28, "mono", frame=1)
    burn(specimen, frames[3], "{upper_first}", 60, 150, 26, "sans", frame=3)
    jpeg_pixels(node, frames)


def cr(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.1", "CR", 30)
    node.set(ImageType=["ORIGINAL", "PRIMARY"], BodyPartExamined="CHEST", ViewPosition="PA")
    node.keep(ImagerPixelSpacing=["0.2", "0.2"])
    gray = phantom(specimen, 320, 400)
    burn(specimen, gray, "{upper_last}", 12, 14, 32, "bold", ink=250)
    burn(specimen, gray, "{pid}", 12, 270, 24, "mono", ink=250)
    gray_pixels(node, [gray], 16, 12, "MONOCHROME1")
    node.set(BurnedInAnnotation="YES")


def dx(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.1.1", "DX", 26)
    node.set(ImageType=["ORIGINAL", "PRIMARY", ""], PresentationIntentType="FOR PRESENTATION", BurnedInAnnotation="NO")
    node.keep(ImagerPixelSpacing=["0.15", "0.15"], RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    node.set(PixelIntensityRelationship="LOG", PixelIntensityRelationshipSign=-1, PresentationLUTShape="INVERSE")
    node.set(LossyImageCompression="00", DetectorType="DIRECT", BodyPartExamined="HAND", ImageLaterality="L")
    node.set(PatientOrientation=["L", "F"], WindowCenter="2048", WindowWidth="4096")
    node.code("AnatomicRegionSequence", "85562004", "SCT", "Hand", keep=True)
    node.item("AcquisitionContextSequence").set(ValueType="TEXT").plant("TextValue", "{last} {word}").code(
        "ConceptNameCodeSequence", "121106", "DCM", "Comment"
    )
    overlay(node, 0x6000, "{upper_last}")
    overlay(node, 0x6002, "{pid}", size=30)
    node.plant((0x6000, 0x4000), "Marked by {someone}", vr="LT")
    gray_pixels(node, [phantom(specimen, 128, 160)], 16, 12, "MONOCHROME1")


def mammography(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.1.2", "MG", 26)
    node.set(ImageType=["ORIGINAL", "PRIMARY"], PresentationIntentType="FOR PRESENTATION", BurnedInAnnotation="YES")
    node.keep(ImagerPixelSpacing=["0.07", "0.07"], RescaleIntercept="0", RescaleSlope="1", RescaleType="US")
    node.set(PixelIntensityRelationship="LOG", PixelIntensityRelationshipSign=-1, PresentationLUTShape="IDENTITY")
    node.set(LossyImageCompression="00", PositionerType="MAMMOGRAPHIC", ImageLaterality="R", OrganExposed="BREAST")
    node.set(PatientOrientation=["P", "FR"], BodyPartExamined="BREAST", WindowCenter="2048", WindowWidth="4096")
    node.code("ViewCodeSequence", "399162004", "SCT", "cranio-caudal", keep=True)
    node.code("AnatomicRegionSequence", "76752008", "SCT", "Breast", keep=True)
    gray = phantom(specimen, 300, 240)
    burn(specimen, gray, "{last}", 10, 8, 22, "sans")
    burn(specimen, gray, "{exam_dotted}", 10, 40, 18, "bold")
    gray_pixels(node, [gray], 16, 12)
    compress_lossless(specimen, "1.2.840.10008.1.2.4.90")


def pet(specimen):
    """With everything that a Standardized Uptake Value needs."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.128", "PT", 24, "frame")
    node.set(ImageType=["ORIGINAL", "PRIMARY"], SeriesType=["STATIC", "IMAGE"], NumberOfSlices=1, ImageIndex=1)
    plane(node, 0, "4.07")
    node.keep(
        RescaleIntercept="0", RescaleSlope="0.7261", Units="BQML", DecayCorrection="START", CountsSource="EMISSION"
    )
    node.keep(
        CorrectedImage=["ATTN", "DECY"], DecayFactor="1.0123", ActualFrameDuration="120000", FrameReferenceTime="0"
    )
    node.set(CollimatorType="NONE", ScatterCorrectionMethod="model", PatientPosition="HFS")
    node.keep(needs=["retain-patient-characteristics"], PatientWeight="71.5", PatientSize="1.74")
    # The times of one examination belong together: the dose was given an hour before the series began.
    node.ensure(SeriesDate="{exam}", SeriesTime="{exam_time}", AcquisitionDate="{exam}", AcquisitionTime="{exam_time}")
    tracer = node.item("RadiopharmaceuticalInformationSequence")
    tracer.keep(RadionuclideTotalDose="370000000", RadionuclideHalfLife="6586.2", RadionuclidePositronFraction="0.967")
    tracer.keep(Radiopharmaceutical="Fluorodeoxyglucose")
    tracer.plant("RadiopharmaceuticalStartTime", "{prior_time}").plant(
        "RadiopharmaceuticalStartDateTime", "{exam}{prior_time}"
    )
    tracer.code("RadionuclideCodeSequence", "77004003", "SCT", "^18^Fluorine", keep=True)
    tracer.code("RadiopharmaceuticalCodeSequence", "35321007", "SCT", "Fluorodeoxyglucose F^18^", keep=True)
    for option in ("retain-long-full-dates", "retain-long-modified-dates"):
        specimen.relations.append(
            {"path": "00080021+00080031", "other_path": "00540016[0].00181078", "is": "as far apart", "needs": [option]}
        )
    empty = node.set(PatientOrientationCodeSequence=[], PatientGantryRelationshipCodeSequence=[])
    safe_private(empty)
    gray_pixels(node, [phantom(specimen, 64, 64)], 16, 16)


def nuclear(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.20", "NM", 30)
    node.set(ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"], FrameIncrementPointer=[0x00540010, 0x00540020])
    node.set(EnergyWindowVector=[1, 1], DetectorVector=[1, 2], NumberOfEnergyWindows=1, NumberOfDetectors=2)
    node.keep(PixelSpacing=["3.3", "3.3"], ActualFrameDuration="60000", CountsAccumulated="123456")
    window = node.item("EnergyWindowInformationSequence").keep(EnergyWindowName="Tc99m")
    window.item("EnergyWindowRangeSequence").keep(EnergyWindowLowerLimit="126", EnergyWindowUpperLimit="154")
    node.item("DetectorInformationSequence").set(CollimatorType="PARA")
    info = node.item("RadiopharmaceuticalInformationSequence").set(RadionuclideCodeSequence=[])
    info.keep(RadionuclideTotalDose="740").plant("RadiopharmaceuticalStartTime", "{prior_time}")
    gray_pixels(node, [phantom(specimen, 64, 64, number) for number in range(2)], 16, 16)


def angiography(specimen):
    """Implicit VR, curves of group 50xx, a comment on each run."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.12.1", "XA", 28)
    node.set(ImageType=["ORIGINAL", "PRIMARY", "SINGLE PLANE"], PixelIntensityRelationship="LIN", FrameTime="66")
    node.set(KVP="80", RadiationSetting="GR", FrameIncrementPointer=0x00181063)
    node.keep(PositionerPrimaryAngle="30", PositionerSecondaryAngle="-15", DistanceSourceToDetector="1000")
    for group in (0x5000, 0x5002):
        node.dataset.add_new((group, 0x0005), "US", 1)
        node.dataset.add_new((group, 0x0010), "US", 8)
        node.dataset.add_new((group, 0x0020), "CS", "TACT")
        node.plant((group, 0x0022), "Curve of {last} {word}", vr="LO")
        node.dataset.add_new((group, 0x0103), "US", 0)
        node.plant((group, 0x3000), "{upper_last}  {word}", vr="OW", encode=padded)
        node.plant((group, 0x2500), "{first} {word}", vr="LO")
    gray_pixels(node, [phantom(specimen, 96, 96, number) for number in range(3)], 8)
    compress_rle(specimen)


def jpeg_comment(specimen):
    """A JPEG whose COM segment names the patient: the header knows nothing of it."""
    from leak_corpus_planting import fill

    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.77.1.4", "XC", 26)
    node.set(ImageType=["ORIGINAL", "PRIMARY"], PatientOrientation=["L", "F"])
    node.set(AnatomicRegionSequence=[], AcquisitionContextSequence=[])
    text, strings = fill("Patient: {last} {first}; ID {pid}; {email}", specimen)
    specimen.record("7FE00010", "OB", "comment", strings, "COM segment of the JPEG stream")
    frame = phantom(specimen, 96, 128)
    jpeg_pixels(node, [frame], comment=text)
    specimen.may_be_withheld = "the compressed stream itself names the patient"
    specimen.faults_on_purpose.append("VL Photographic Image in MONOCHROME2")


def photo(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.77.1.4", "XC", 26)
    node.set(ImageType=["ORIGINAL", "PRIMARY"], PatientOrientation=["L", "F"], LossyImageCompression="00")
    node.set(AcquisitionContextSequence=[], BurnedInAnnotation="NO", RecognizableVisualFeatures="NO")
    node.code("AnatomicRegionSequence", "85562004", "SCT", "Hand", keep=True)
    gray = phantom(specimen, 200, 300)
    burn(specimen, gray, "{last} {exam_dotted}", 16, 150, 20, "sans")
    color_pixels(node, [gray])


def ophthalmic(specimen):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.77.1.5.1", "OP", 26)
    node.set(
        ImageType=["ORIGINAL", "PRIMARY"], LossyImageCompression="00", BurnedInAnnotation="YES", ImageLaterality="R"
    )
    node.set(PatientEyeMovementCommanded="NO", PupilDilated="NO", PresentationLUTShape="IDENTITY")
    node.set(AcquisitionDeviceTypeCodeSequence=[], RefractiveStateSequence=[])
    node.set(IlluminationTypeCodeSequence=[], LightPathFilterTypeStackCodeSequence=[], EmmetropicMagnification=None)
    node.code("AnatomicRegionSequence", "5665001", "SCT", "Retina", keep=True)
    gray = phantom(specimen, 220, 300)
    burn(specimen, gray, "{upper_last}", 10, 180, 24, "mono")
    gray_pixels(node, [gray], 8, number_of_frames=1)
    node.ensure(AcquisitionDateTime="{exam}{exam_time}", ContentDate="{exam}", ContentTime="{exam_time}")


def slide(specimen):
    """A tile of a whole slide image: container and specimen identifiers, a label text, a barcode."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.77.1.6", "SM", 22, "frame")
    node.set(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], ImagedVolumeWidth=10.0, ImagedVolumeHeight=10.0)
    node.set(ImagedVolumeDepth=0.001, SpecimenLabelInImage="NO", FocusMethod="AUTO", ExtendedDepthOfField="NO")
    node.set(VolumetricProperties="VOLUME", BurnedInAnnotation="NO", LossyImageCompression="00")
    node.keep(TotalPixelMatrixColumns=64, TotalPixelMatrixRows=64, DimensionOrganizationType="TILED_FULL")
    node.plant("ContainerIdentifier", "CT{number}").set(IssuerOfTheContainerIdentifierSequence=[])
    node.code("ContainerTypeCodeSequence", "433466003", "SCT", "Microscope slide", keep=True)
    part = node.item("SpecimenDescriptionSequence").plant("SpecimenIdentifier", "S{number}")
    part.plant("SpecimenUID", "{uid}").plant("SpecimenShortDescription", "Skin of {last}")
    part.plant("SpecimenDetailedDescription", "{first} {last}, excised {prior_long} by {someone}")
    step = part.item("SpecimenPreparationSequence").item("SpecimenPreparationStepContentItemSequence")
    step.set(ValueType="TEXT").plant("TextValue", "{word}-{number}")
    step.code("ConceptNameCodeSequence", "121041", "DCM", "Specimen Identifier")
    part.set(IssuerOfTheSpecimenIdentifierSequence=[])
    path = node.item("OpticalPathSequence").set(OpticalPathIdentifier="1")
    path.code("IlluminationTypeCodeSequence", "111744", "DCM", "Brightfield illumination", keep=True)
    path.set(OpticalPathDescription="Brightfield")
    node.ensure(BarcodeValue="{number}", DeviceSerialNumber="{serial}")
    node.ensure(AcquisitionDateTime="{exam}{exam_time}", ContentDate="{exam}", ContentTime="{exam_time}")
    node.plant("LabelText", "{last}\r\n{first}\r\n{birth_dotted}")
    origin = node.item("TotalPixelMatrixOriginSequence")
    origin.keep(XOffsetInSlideCoordinateSystem="10", YOffsetInSlideCoordinateSystem="20")
    node.keep(ImageOrientationSlide=["0", "-1", "0", "-1", "0", "0"])
    node.set(AcquisitionContextSequence=[])
    color_pixels(node, [phantom(specimen, 32, 32, number) for number in range(4)])


def misplaced(specimen):
    """The patient's own name and number in attributes that every profile leaves alone."""
    node = ct(specimen, 6)
    specimen.survivors = [
        entry for entry in specimen.survivors if not entry["path"].startswith(("00181210", "00281054"))
    ]
    note = "the profile leaves this attribute alone"
    node.plant("ConvolutionKernel", "{last}", note=note).plant("RescaleType", "{pid}", note=note)
    node.plant("ImageType", "ORIGINAL\\PRIMARY\\AXIAL\\ID{pid}", note=note)
    overlay(node, 0x6000, "{upper_last}")
    node.plant((0x6000, 0x0022), "{last} {exam_dotted}", vr="LO", note=note)
    node.plant((0x6000, 0x1500), "{first} {pid}", vr="LO", note=note)
    node.plant("PositionReferenceIndicator", "{last} {first}", note=note)
    node.plant("ManufacturerModelName", "{last}, {first} {birth_dotted}", note=note)
    node.plant("SoftwareVersions", "{pid}", note=note).plant("WindowCenterWidthExplanation", "{last}", note=note)
    node.plant("AcquisitionNumber", "{pid}", note=note)
    anatomy = node.item("AnatomicRegionSequence").set(CodeValue="51185008", CodingSchemeDesignator="SCT")
    anatomy.plant("CodeMeaning", "Chest of {first} {last}", note=note)
    source = node.item("ReferencedImageSequence").set(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    source.plant("ReferencedSOPInstanceUID", "{uid}")
    specimen.may_be_withheld = "identifiers in attributes that the profile keeps"


def with_references(specimen, others):
    """A CT slice that refers to others as sources."""
    node = ct(specimen, 7)
    references(node, "SourceImageSequence", others)
    node.code("AnatomicRegionSequence", "51185008", "SCT", "Chest", keep=True)
