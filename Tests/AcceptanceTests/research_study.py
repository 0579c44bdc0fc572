"""A study as research uses it: CT images, contours, a segmentation and a report that point to each other."""

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CT, SEG = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.66.4"
RTSTRUCT, SR = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.88.33"
ROOT = "1.2.826.0.1.3680043.8.498"


def item(**values):
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def code(value, scheme, meaning):
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


class Study:
    """One patient's study; everything follows from its number."""

    def __init__(self, number, slices=3, size=32, **values):
        self.number, self.slices, self.size, self.values = number, slices, size, values
        self.patient_id = values.get("PatientID", f"MRN-77{number:04}")
        self.uid = f"{ROOT}.{number}"
        self.frame_of_reference = f"{self.uid}.9"
        self.images = [f"{self.uid}.1.{slice_number}" for slice_number in range(1, slices + 1)]

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        objects = [self.image(position) for position in range(self.slices)]
        objects += [self.contours(), self.segmentation(), self.report()]
        for position, dataset in enumerate(objects):
            dataset.save_as(folder / f"{self.number}-{position}.dcm", enforce_file_format=True)
        return folder

    def dataset(self, sop_class, series, instance, modality):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = instance
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = self.uid, f"{self.uid}.{series}"
        dataset.PatientName, dataset.PatientID = f"Kestrelby{self.number}^Orwen", self.patient_id
        dataset.PatientBirthDate, dataset.PatientSex = "19610312", "F"
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20240229", "101112", f"S{self.number}77"
        dataset.AccessionNumber, dataset.ReferringPhysicianName = f"ACC-90{self.number:04}", "Quillfeather^Ada"
        dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = modality, series, 1
        dataset.Manufacturer = "ACME"
        for name, value in self.values.items():
            setattr(dataset, name, value)
        return dataset

    def image(self, position):
        dataset = self.dataset(CT, 1, self.images[position], "CT")
        dataset.InstanceNumber = position + 1
        dataset.FrameOfReferenceUID = self.frame_of_reference
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, position], [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness = [1, 1], 1
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.Rows = dataset.Columns = self.size
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
        count = self.size * self.size
        dataset.PixelData = b"".join(((n * 7 + position) % 4096).to_bytes(2, "little") for n in range(count))
        return dataset

    def references(self):
        return [item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid) for uid in self.images]

    def contours(self):
        dataset = self.dataset(RTSTRUCT, 2, f"{self.uid}.2.1", "RTSTRUCT")
        dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = "ROI", "20240229", "101500"
        series = item(SeriesInstanceUID=f"{self.uid}.1", ContourImageSequence=self.references())
        study = item(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
            ReferencedSOPInstanceUID=self.uid,
            RTReferencedSeriesSequence=[series],
        )
        frame = item(FrameOfReferenceUID=self.frame_of_reference, RTReferencedStudySequence=[study])
        dataset.ReferencedFrameOfReferenceSequence = [frame]
        dataset.StructureSetROISequence = [
            item(
                ROINumber=1,
                ReferencedFrameOfReferenceUID=self.frame_of_reference,
                ROIName="Liver",
                ROIGenerationAlgorithm="MANUAL",
            )
        ]
        contour = item(
            ContourImageSequence=self.references()[:1],
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=3,
            ContourData=[0, 0, 0, 5, 0, 0, 5, 5, 0],
        )
        dataset.ROIContourSequence = [item(ReferencedROINumber=1, ContourSequence=[contour])]
        dataset.RTROIObservationsSequence = [
            item(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="ORGAN", ROIInterpreter="")
        ]
        return dataset

    def segmentation(self):
        dataset = self.dataset(SEG, 3, f"{self.uid}.3.1", "SEG")
        dataset.FrameOfReferenceUID = self.frame_of_reference
        dataset.ImageType, dataset.SegmentationType = ["DERIVED", "PRIMARY"], "BINARY"
        dataset.ContentLabel, dataset.ContentDate, dataset.ContentTime = "SEG", "20240229", "101600"
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.NumberOfFrames = 1, "MONOCHROME2", 1
        dataset.Rows = dataset.Columns = self.size
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = dataset.PixelRepresentation = 0
        dataset.LossyImageCompression = "00"
        dataset.SegmentSequence = [
            item(
                SegmentNumber=1,
                SegmentLabel="Liver",
                SegmentAlgorithmType="MANUAL",
                SegmentedPropertyCategoryCodeSequence=[code("123037004", "SCT", "Anatomical Structure")],
                SegmentedPropertyTypeCodeSequence=[code("10200004", "SCT", "Liver")],
            )
        ]
        dataset.ReferencedSeriesSequence = [
            item(SeriesInstanceUID=f"{self.uid}.1", ReferencedInstanceSequence=self.references())
        ]
        source = self.references()[0]
        source.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source image for image processing operation")]
        derivation = item(
            SourceImageSequence=[source],
            DerivationCodeSequence=[code("113076", "DCM", "Segmentation")],
        )
        dataset.PerFrameFunctionalGroupsSequence = [item(DerivationImageSequence=[derivation])]
        dataset.PixelData = bytes((n * 37) % 256 for n in range(self.size * self.size // 8))
        return dataset

    def report(self):
        dataset = self.dataset(SR, 4, f"{self.uid}.4.1", "SR")
        dataset.ContentDate, dataset.ContentTime = "20240229", "101700"
        dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
        dataset.PerformedProcedureCodeSequence = []
        series = item(SeriesInstanceUID=f"{self.uid}.1", ReferencedSOPSequence=self.references())
        dataset.CurrentRequestedProcedureEvidenceSequence = [
            item(StudyInstanceUID=self.uid, ReferencedSeriesSequence=[series])
        ]
        dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
        dataset.ConceptNameCodeSequence = [code("126000", "DCM", "Imaging Measurement Report")]
        dataset.ContentTemplateSequence = [item(MappingResource="DCMR", TemplateIdentifier="1500")]
        dataset.ContentSequence = [
            item(
                RelationshipType="CONTAINS",
                ValueType="IMAGE",
                ConceptNameCodeSequence=[code("121112", "DCM", "Source of Measurement")],
                ReferencedSOPSequence=self.references()[:1],
            ),
            item(
                RelationshipType="CONTAINS",
                ValueType="TEXT",
                ConceptNameCodeSequence=[code("121071", "DCM", "Finding")],
                TextValue=f"Mrs Kestrelby{self.number} is well, says Dr Quillfeather",
            ),
        ]
        return dataset


def references(dataset):
    """All pairs of a keyword and a UID that point to other objects, series, studies and frames of reference."""
    found = []
    for element in dataset.iterall():
        if element.VR == "UI" and element.keyword in {
            *("ReferencedSOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"),
            "ReferencedFrameOfReferenceUID",
        }:
            values = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
            found += [(element.keyword, str(value)) for value in values]
    return found
