"""Radiotherapy and segmentation objects of the leak corpus."""

import numpy
from leak_corpus_header import composite, private_elements, reference
from leak_corpus_images import AXIAL
from leak_corpus_pixels import describe, gray_pixels, phantom
from pydicom.tag import Tag


def same_frame(node, keyword, other):
    """A Frame of Reference UID that another specimen has, too."""
    uid = other.dataset.FrameOfReferenceUID
    node.set(**{keyword: uid})
    place = node.place(Tag(keyword_tag(keyword)))
    node.specimen.record(place, "UI", "uid", [{"text": str(uid), "kind": "uid", "identifier": True}])
    node.specimen.relations.append({"path": place, "other": other.name, "other_path": "00200052", "is": "equal"})


def keyword_tag(keyword):
    from pydicom.datadict import tag_for_keyword

    return tag_for_keyword(keyword)


def series_of(node, sequence, target):
    """A referenced series with its instance, as the RT and segmentation modules write it."""
    item = node.item(sequence)
    item.set(SeriesInstanceUID=target.dataset.SeriesInstanceUID)
    place = item.place(Tag(0x0020, 0x000E))
    uid = str(target.dataset.SeriesInstanceUID)
    node.specimen.record(place, "UI", "uid", [{"text": uid, "kind": "uid", "identifier": True}])
    node.specimen.relations.append({"path": place, "other": target.name, "other_path": "0020000E", "is": "equal"})
    return item


def structure_set(specimen, images):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", 22, "frame")
    node.ensure(OperatorsName="{operator}^{someone}")
    node.plant("StructureSetLabel", "{last}").plant("StructureSetName", "{last}, {first}")
    node.plant("StructureSetDescription", "For {first} {last} {birth_iso}")
    node.plant("StructureSetDate", "{exam}").plant("StructureSetTime", "{exam_time}")
    frame = node.item("ReferencedFrameOfReferenceSequence")
    same_frame(frame, "FrameOfReferenceUID", images[0])
    study = frame.item("RTReferencedStudySequence").set(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1")
    study.plant("ReferencedSOPInstanceUID", "{uid:study}")
    series = series_of(study, "RTReferencedSeriesSequence", images[0])
    for image in images:
        reference(series.item("ContourImageSequence").set(ReferencedSOPClassUID=image.dataset.SOPClassUID), image)
    for number, template in enumerate(["{last} tumour", "PTV {first} {word}", "{pid}"], start=1):
        roi = node.item("StructureSetROISequence").keep(ROINumber=str(number)).set(ROIGenerationAlgorithm="MANUAL")
        same_frame(roi, "ReferencedFrameOfReferenceUID", images[0])
        roi.plant("ROIName", template).plant("ROIDescription", "Drawn by {someone}")
        roi.plant("ROIGenerationDescription", "{word} for {last}")
        contour = node.item("ROIContourSequence").keep(
            ReferencedROINumber=str(number), ROIDisplayColor=["255", "0", "0"]
        )
        shape = contour.item("ContourSequence").set(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints="3")
        shape.keep(ContourData=["1.5", "2", "-40", "10", "2", "-40", "10", "12", "-40"])
        reference(
            shape.item("ContourImageSequence").set(ReferencedSOPClassUID=images[0].dataset.SOPClassUID), images[0]
        )
        observation = node.item("RTROIObservationsSequence").set(
            ObservationNumber=str(number), RTROIInterpretedType="PTV"
        )
        observation.keep(ReferencedROINumber=str(number)).plant("ROIInterpreter", "{someone}^{someone}")
        observation.plant("ROIObservationLabel", "{last}").plant("ROIObservationDescription", "{first} {word}")
    node.plant("ReviewDate", "{exam}").plant("ReviewTime", "{exam_time}").plant("ReviewerName", "{reading}^{someone}")
    node.set(ApprovalStatus="APPROVED")


def plan(specimen, structures):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN", 22, "frame")
    node.ensure(OperatorsName="{operator}^{someone}")
    node.plant("RTPlanLabel", "{last}").plant("RTPlanName", "Plan {first} {word}")
    node.plant("RTPlanDescription", "Boost for {last} after {prior_dotted}")
    node.plant("RTPlanDate", "{exam}").plant("RTPlanTime", "{exam_time}").set(RTPlanGeometry="PATIENT")
    node.set(ApprovalStatus="UNAPPROVED", PlanIntent="CURATIVE")
    reference(
        node.item("ReferencedStructureSetSequence").set(ReferencedSOPClassUID=structures.dataset.SOPClassUID),
        structures,
    )
    dose = node.item("DoseReferenceSequence").set(DoseReferenceNumber="1", DoseReferenceStructureType="SITE")
    dose.plant("DoseReferenceDescription", "{last} breast").plant("DoseReferenceUID", "{uid}").set(
        DoseReferenceType="TARGET"
    )
    dose.keep(TargetPrescriptionDose="50.4")
    fraction = node.item("FractionGroupSequence").keep(FractionGroupNumber="1", NumberOfFractionsPlanned="28")
    fraction.keep(NumberOfBeams="1", NumberOfBrachyApplicationSetups="0")
    fraction.plant("FractionGroupDescription", "Mornings, {someone}")
    fraction.item("ReferencedBeamSequence").keep(ReferencedBeamNumber="1", BeamMeterset="123.4", BeamDose="1.8")
    beam = node.item("BeamSequence").keep(BeamNumber="1", BeamType="STATIC", RadiationType="PHOTON")
    beam.plant("TreatmentMachineName", "{station}").plant("BeamDescription", "{first}, {word} field")
    beam.plant("DeviceSerialNumber", "{serial_of_place}").plant("InstitutionName", "{hospital}")
    beam.plant("InstitutionAddress", "{hospital_street}").plant("InstitutionalDepartmentName", "{department}")
    beam.keep(PrimaryDosimeterUnit="MU", SourceAxisDistance="1000", NumberOfControlPoints="2", NumberOfWedges="0")
    beam.set(NumberOfCompensators="0", NumberOfBoli="0", NumberOfBlocks="0", FinalCumulativeMetersetWeight="1")
    beam.set(TreatmentDeliveryType="TREATMENT")
    beam.item("BeamLimitingDeviceSequence").set(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs="1")
    for index in range(2):
        point = beam.item("ControlPointSequence").keep(
            ControlPointIndex=str(index), CumulativeMetersetWeight=str(index)
        )
        if index == 0:
            point.keep(NominalBeamEnergy="6", GantryAngle="90", IsocenterPosition=["0", "10", "-40"])
            point.set(GantryRotationDirection="NONE", BeamLimitingDeviceAngle="0", PatientSupportAngle="0")
            point.set(BeamLimitingDeviceRotationDirection="NONE", PatientSupportRotationDirection="NONE")
            point.set(TableTopEccentricAngle="0", TableTopEccentricRotationDirection="NONE")
    setup = node.item("PatientSetupSequence").set(PatientSetupNumber="1", PatientPosition="HFS")
    setup.plant("SetupTechniqueDescription", "{word} mask of {last}")
    device = setup.item("FixationDeviceSequence").set(FixationDeviceType="MASK", FixationDeviceLabel="1")
    device.plant("FixationDeviceDescription", "{last} {pid}")


def dose(specimen, treatment, structures):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.481.2", "RTDOSE", 22, "frame")
    node.ensure(OperatorsName="{operator}^{someone}")
    node.keep(ImagePositionPatient=["-80", "-80", "-40"], ImageOrientationPatient=AXIAL, PixelSpacing=["2.5", "2.5"])
    node.keep(GridFrameOffsetVector=["0", "2.5"], DoseUnits="GY", DoseType="PHYSICAL", DoseGridScaling="0.0000125")
    node.set(DoseSummationType="PLAN", FrameIncrementPointer=0x3004000C, TissueHeterogeneityCorrection="IMAGE")
    node.set(SliceThickness="")
    node.set(DoseComment="Plan dose")
    reference(node.item("ReferencedRTPlanSequence").set(ReferencedSOPClassUID=treatment.dataset.SOPClassUID), treatment)
    reference(
        node.item("ReferencedStructureSetSequence").set(ReferencedSOPClassUID=structures.dataset.SOPClassUID),
        structures,
    )
    histogram = node.item("DVHSequence").set(DVHType="CUMULATIVE", DoseUnits="GY", DoseType="PHYSICAL")
    histogram.keep(DVHDoseScaling="1", DVHVolumeUnits="CM3", DVHNumberOfBins="2", DVHData=["0.5", "10", "0.5", "0"])
    gray_pixels(node, [phantom(specimen, 32, 32, number) for number in range(2)], 32, 32)
    private_elements(node, deep=2)


def segmentation(specimen, images):
    """A binary segmentation of the slices, with the patient's name in the labels of the segments."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.66.4", "SEG", 22, "frame")
    node.set(ImageType=["DERIVED", "PRIMARY"], LossyImageCompression="00", ContentLabel="SEG", ContentDescription="")
    node.ensure(ContentCreatorName="{someone}^{someone}", DeviceSerialNumber="{serial}")
    node.ensure(ContentDate="{exam}", ContentTime="{exam_time}")
    node.keep(SegmentationType="BINARY")
    series = series_of(node, "ReferencedSeriesSequence", images[0])
    for image in images:
        reference(series.item("ReferencedInstanceSequence").set(ReferencedSOPClassUID=image.dataset.SOPClassUID), image)
    organization = node.item("DimensionOrganizationSequence").plant("DimensionOrganizationUID", "{uid}")
    index = node.item("DimensionIndexSequence").set(DimensionIndexPointer=0x00200032, FunctionalGroupPointer=0x00209113)
    index.set(DimensionOrganizationUID=organization.dataset.DimensionOrganizationUID)
    segment = node.item("SegmentSequence").keep(SegmentNumber=1).set(SegmentAlgorithmType="MANUAL")
    segment.set(SegmentLabel="Lesion").plant("TrackingUID", "{uid}").set(TrackingID="1")
    segment.code(
        "SegmentedPropertyCategoryCodeSequence", "49755003", "SCT", "Morphologically abnormal structure", keep=True
    )
    segment.code("SegmentedPropertyTypeCodeSequence", "4147007", "SCT", "Mass", keep=True)
    segment.code("AnatomicRegionSequence", "51185008", "SCT", "Chest", keep=True)
    shared = node.item("SharedFunctionalGroupsSequence")
    shared.item("PlaneOrientationSequence").keep(ImageOrientationPatient=AXIAL)
    shared.item("PixelMeasuresSequence").keep(PixelSpacing=["0.78125", "0.78125"], SliceThickness="5")
    shared.item("SegmentIdentificationSequence").keep(ReferencedSegmentNumber=1)
    for number, image in enumerate(images):
        group = node.item("PerFrameFunctionalGroupsSequence")
        group.item("FrameContentSequence").set(DimensionIndexValues=[number + 1]).plant(
            "FrameComments", "{last} {word}"
        )
        position = list(image.dataset.ImagePositionPatient)
        group.item("PlanePositionSequence").keep(ImagePositionPatient=[str(value) for value in position])
        derived = group.item("DerivationImageSequence").plant("DerivationDescription", "Outlined by {someone}")
        derived.code("DerivationCodeSequence", "113076", "DCM", "Segmentation", keep=True)
        source = derived.item("SourceImageSequence").set(ReferencedSOPClassUID=image.dataset.SOPClassUID)
        reference(source, image)
        source.code("PurposeOfReferenceCodeSequence", "121322", "DCM", "Source image for image processing operation")
    describe(node, 64, 64, 1, "MONOCHROME2", 1, 1)
    node.keep(NumberOfFrames=str(len(images)))
    y, x = numpy.ogrid[:64, :64]
    mask = numpy.stack([(y - 32) ** 2 + (x - 30) ** 2 < (8 + number) ** 2 for number in range(len(images))])
    node.dataset.PixelData = numpy.packbits(mask.reshape(-1), bitorder="little").tobytes()
    node.dataset["PixelData"].VR = "OB"
