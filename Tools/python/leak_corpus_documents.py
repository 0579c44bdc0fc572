"""Documents of the leak corpus: structured reports, key objects, presentation states, PDF, CDA, waveforms."""

import zlib

import numpy
from leak_corpus_header import composite, padded, patient_words, private_elements, reference
from leak_corpus_planting import fill
from pydicom.tag import Tag


# Concepts whose items PS3.15 Table E.3.4-1 removes (X, X/D) whatever the options are: nothing of them survives.
REMOVED = {"121030", "121031", "121022", "121152"}
# Those that it removes unless an option keeps or cleans them.
REMOVED_WITHOUT = {
    "121009": ["retain-institution"],
    "121012": ["retain-device"],
    "121016": ["retain-device"],
    "121018": ["retain-uids"],
    "121200": ["retain-uids"],
}


def content(node, value_type, concept, relationship="CONTAINS"):
    """A content item with its concept name (value, scheme, meaning)."""
    item = node.item("ContentSequence").set(ValueType=value_type)
    if relationship:
        item.set(RelationshipType=relationship)
    item.code("ConceptNameCodeSequence", *concept, keep=concept[0] not in REMOVED)
    for survivor in item.specimen.survivors:
        if survivor["path"].startswith(item.path):
            survivor["needs"] += REMOVED_WITHOUT.get(concept[0], [])
    return item


def evidence(node, specimens):
    """Current Requested Procedure Evidence Sequence of these specimens."""
    study = node.item("CurrentRequestedProcedureEvidenceSequence").plant("StudyInstanceUID", "{uid:study}")
    for target in specimens:
        series = study.item("ReferencedSeriesSequence")
        uid = target.dataset.SeriesInstanceUID
        series.set(SeriesInstanceUID=uid)
        place = series.place(Tag(0x0020, 0x000E))
        node.specimen.record(place, "UI", "uid", [{"text": str(uid), "kind": "uid", "identifier": True}])
        node.specimen.relations.append({"path": place, "other": target.name, "other_path": "0020000E", "is": "equal"})
        reference(series.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=target.dataset.SOPClassUID), target)


def report(specimen, sop_class, others, title):
    node = composite(specimen, sop_class, "SR", 22)
    node.keep(CompletionFlag="COMPLETE", VerificationFlag="VERIFIED", ValueType="CONTAINER")
    node.set(ContinuityOfContent="SEPARATE", PerformedProcedureCodeSequence=[])
    node.set(ReferencedPerformedProcedureStepSequence=[])
    node.ensure(ContentDate="{exam}", ContentTime="{exam_time}")
    node.code("ConceptNameCodeSequence", *title, keep=True)
    evidence(node, others)
    verifier = node.item("VerifyingObserverSequence").plant("VerifyingObserverName", "{reading}^{someone}")
    verifier.plant("VerifyingOrganization", "{hospital}").plant("VerificationDateTime", "{exam}{exam_time}")
    code = verifier.item("VerifyingObserverIdentificationCodeSequence").plant("CodeValue", "{number}")
    code.set(CodingSchemeDesignator="99STAFF").plant("CodeMeaning", "Dr. {reading}")
    author = node.item("AuthorObserverSequence").set(ObserverType="PSN").plant("PersonName", "{someone}^{someone}")
    code = author.plant("InstitutionName", "{hospital}").item("PersonIdentificationCodeSequence")
    code.plant("CodeValue", "{number}").set(CodingSchemeDesignator="99STAFF").plant("CodeMeaning", "{someone}")
    author.set(InstitutionCodeSequence=[])
    custodian = node.item("CustodialOrganizationSequence").plant("InstitutionName", "{hospital}")
    custodian.item("InstitutionCodeSequence").set(CodeValue="H1", CodingSchemeDesignator="99H").plant(
        "CodeMeaning", "{hospital}"
    )
    request = node.item("ReferencedRequestSequence").plant("StudyInstanceUID", "{uid:study}")
    request.plant("AccessionNumber", "{accession}").plant("RequestedProcedureID", "{order}")
    request.plant("PlacerOrderNumberImagingServiceRequest", "{number}")
    request.plant("FillerOrderNumberImagingServiceRequest", "{number}")
    request.plant("RequestedProcedureDescription", "Chest of {last}").set(RequestedProcedureCodeSequence=[])
    request.set(ReferencedStudySequence=[])
    return node


def observer(node):
    """The observation context of TID 1001: person and device observer, subject."""
    person = content(node, "PNAME", ("121008", "DCM", "Person Observer Name"), "HAS OBS CONTEXT")
    person.plant("PersonName", "{someone}^{someone}")
    place = content(node, "TEXT", ("121009", "DCM", "Person Observer's Organization Name"), "HAS OBS CONTEXT")
    place.plant("TextValue", "{hospital}, {department}")
    device = content(node, "UIDREF", ("121012", "DCM", "Device Observer UID"), "HAS OBS CONTEXT")
    device.plant("UID", "1.2.826.0.1.3680043.10.999.{serial_of_place}.{day}")
    serial = content(node, "TEXT", ("121016", "DCM", "Device Observer Serial Number"), "HAS OBS CONTEXT")
    serial.plant("TextValue", "{serial}")
    subject = content(node, "PNAME", ("121029", "DCM", "Subject Name"), "HAS OBS CONTEXT")
    subject.plant("PersonName", "{pn}")
    number = content(node, "TEXT", ("121030", "DCM", "Subject ID"), "HAS OBS CONTEXT")
    number.plant("TextValue", "{pid}")
    if node.dataset.SOPClassUID != "1.2.840.10008.5.1.4.1.1.88.67":
        birth = content(node, "DATE", ("121031", "DCM", "Subject Birth Date"), "HAS OBS CONTEXT")
        birth.plant("Date", "{birth}")


def basic_text(specimen, others):
    node = report(specimen, "1.2.840.10008.5.1.4.1.1.88.11", others, ("18748-4", "LN", "Diagnostic imaging report"))
    observer(node)
    section = content(node, "CONTAINER", ("121070", "DCM", "Findings")).set(ContinuityOfContent="SEPARATE")
    text = content(section, "TEXT", ("121071", "DCM", "Finding"))
    text.plant("TextValue", patient_words(node, "{sentence} {word}."))
    text = content(section, "TEXT", ("121071", "DCM", "Finding"))
    text.plant("TextValue", "{last}, {first} was seen by {someone} on {exam_dotted}; call {phone_us} or {email}.")
    text = content(node, "TEXT", ("121077", "DCM", "Conclusion"))
    text.plant(
        "TextValue", "Compared with {prior_long}: {upper_first} {upper_last} (MRN {pid_dashed}) unchanged. {home}"
    )
    image = content(node, "IMAGE", ("121200", "DCM", "Illustration of ROI"))
    reference(image.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=others[0].dataset.SOPClassUID), others[0])


def comprehensive(specimen, others):
    """Each value type once, numbers and codes among them, which must survive."""
    node = report(specimen, "1.2.840.10008.5.1.4.1.1.88.33", others, ("126000", "DCM", "Imaging Measurement Report"))
    observer(node)
    group = content(node, "CONTAINER", ("125007", "DCM", "Measurement Group")).set(ContinuityOfContent="SEPARATE")
    tracking = content(group, "TEXT", ("112039", "DCM", "Tracking Identifier"), "HAS OBS CONTEXT")
    tracking.plant("TextValue", "Lesion of {last} {word}")
    tracking = content(group, "UIDREF", ("112040", "DCM", "Tracking Unique Identifier"), "HAS OBS CONTEXT")
    tracking.plant("UID", "{uid}")
    number = content(group, "NUM", ("103340004", "SCT", "Short Axis"))
    measured = number.item("MeasuredValueSequence").keep(NumericValue="23.5")
    measured.code("MeasurementUnitsCodeSequence", "mm", "UCUM", "millimeter", keep=True)
    finding = content(group, "CODE", ("121071", "DCM", "Finding"))
    finding.code("ConceptCodeSequence", "4147007", "SCT", "Mass", keep=True)
    for value_type, concept, keyword, template in (
        ("DATETIME", ("121125", "DCM", "DateTime of Recording of Log Entry"), "DateTime", "{exam}{exam_time}"),
        ("DATE", ("111060", "DCM", "Study Date"), "Date", "{exam}"),
        ("TIME", ("111061", "DCM", "Study Time"), "Time", "{exam_time}"),
        ("PNAME", ("121152", "DCM", "Person Log Entry"), "PersonName", "{someone}^{someone}"),
        ("TEXT", ("121106", "DCM", "Comment"), "TextValue", "{first} {last}, {street}, {city}, SSN {ssn} {word}"),
        ("TEXT", ("121022", "DCM", "Accession Number"), "TextValue", "{accession}"),
        ("UIDREF", ("121018", "DCM", "Procedure Study Instance UID"), "UID", "{uid:study}"),
    ):
        content(group, value_type, concept).plant(keyword, template)
    points = content(group, "SCOORD", ("111030", "DCM", "Image Region")).set(GraphicType="POLYLINE")
    points.keep(GraphicData=[10.0, 10.0, 20.0, 10.0, 20.0, 20.0, 10.0, 10.0])
    chosen = points.item("ContentSequence").set(ValueType="IMAGE", RelationshipType="SELECTED FROM")
    reference(chosen.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=others[0].dataset.SOPClassUID), others[0])
    moment = content(group, "TCOORD", ("111031", "DCM", "Image View")).set(TemporalRangeType="POINT")
    moment.plant("ReferencedDateTime", "{exam}{exam_time}")
    seen = moment.item("ContentSequence").set(ValueType="IMAGE", RelationshipType="SELECTED FROM")
    reference(seen.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=others[0].dataset.SOPClassUID), others[0])
    composite_item = content(group, "COMPOSITE", ("121191", "DCM", "Referenced Segment"))
    reference(
        composite_item.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=others[-1].dataset.SOPClassUID),
        others[-1],
    )
    deep = group
    for level in range(6):
        deep = content(deep, "CONTAINER", ("121070", "DCM", "Findings")).set(ContinuityOfContent="SEPARATE")
        content(deep, "TEXT", ("121071", "DCM", "Finding")).plant("TextValue", f"Level {level}: {{last}} {{word}}")


def dose_report(specimen, others):
    node = report(specimen, "1.2.840.10008.5.1.4.1.1.88.67", others, ("113701", "DCM", "X-Ray Radiation Dose Report"))
    observer(node)
    irradiation = content(node, "CONTAINER", ("113819", "DCM", "CT Acquisition")).set(ContinuityOfContent="SEPARATE")
    content(irradiation, "UIDREF", ("113769", "DCM", "Irradiation Event UID")).plant("UID", "{uid}")
    content(irradiation, "TEXT", ("125203", "DCM", "Acquisition Protocol")).plant("TextValue", "Thorax {last} {word}")
    value = (
        content(irradiation, "NUM", ("113838", "DCM", "DLP")).item("MeasuredValueSequence").keep(NumericValue="321.5")
    )
    value.code("MeasurementUnitsCodeSequence", "mGy.cm", "UCUM", "mGy.cm", keep=True)
    content(irradiation, "DATETIME", ("111526", "DCM", "DateTime Started")).plant("DateTime", "{exam}{exam_time}")
    authorising = content(irradiation, "PNAME", ("113850", "DCM", "Irradiation Authorizing"))
    authorising.plant("PersonName", "{referring}^{someone}")
    private_elements(node)


def key_objects(specimen, others):
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.88.59", "KO", 22)
    node.set(ValueType="CONTAINER", ContinuityOfContent="SEPARATE", ReferencedPerformedProcedureStepSequence=[])
    node.ensure(ContentDate="{exam}", ContentTime="{exam_time}")
    node.code("ConceptNameCodeSequence", "113000", "DCM", "Of Interest", keep=True)
    evidence(node, others)
    text = content(node, "TEXT", ("113012", "DCM", "Key Object Description"))
    text.plant("TextValue", "Show {last} to Dr. {someone}, born {birth_us}")
    content(node, "PNAME", ("121008", "DCM", "Person Observer Name"), "HAS OBS CONTEXT").plant(
        "PersonName", "{someone}^{someone}"
    )
    for other in others:
        image = node.item("ContentSequence").set(RelationshipType="CONTAINS", ValueType="IMAGE")
        reference(image.item("ReferencedSOPSequence").set(ReferencedSOPClassUID=other.dataset.SOPClassUID), other)


def presentation(specimen, others):
    """Names typed onto the image, as text objects and in a graphic layer."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.11.1", "PR", 22)
    node.set(PresentationLUTShape="IDENTITY")
    node.plant("PresentationCreationDate", "{exam}").plant("PresentationCreationTime", "{exam_time}")
    node.set(ContentLabel="PRESENTATION", ContentDescription="")
    node.ensure(ContentCreatorName="{someone}^{someone}")
    series = node.item("ReferencedSeriesSequence")
    series.set(SeriesInstanceUID=others[0].dataset.SeriesInstanceUID)
    reference(
        series.item("ReferencedImageSequence").set(ReferencedSOPClassUID=others[0].dataset.SOPClassUID), others[0]
    )
    area = node.item("DisplayedAreaSelectionSequence").set(PresentationSizeMode="SCALE TO FIT")
    area.keep(DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[64, 64])
    area.set(PresentationPixelAspectRatio=["1", "1"])
    annotation = node.item("GraphicAnnotationSequence").set(GraphicLayer="LAYER1")
    for template in ("{last}, {first}", "DOB {birth_dotted} {word}", "{upper_first} {upper_last}\r\n{pid}"):
        text = annotation.item("TextObjectSequence").plant("UnformattedTextValue", template)
        text.set(BoundingBoxAnnotationUnits="PIXEL", BoundingBoxTopLeftHandCorner=[1.0, 1.0])
        text.set(BoundingBoxBottomRightHandCorner=[60.0, 20.0], BoundingBoxTextHorizontalJustification="LEFT")
    node.item("GraphicLayerSequence").set(GraphicLayer="LAYER1", GraphicLayerOrder="1").set(GraphicLayerDescription="x")


def pdf_of(title, author, lines):
    """A PDF with document information and one page whose content stream is compressed."""
    text = "BT /F1 12 Tf 40 780 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    stream = zlib.compress(text.encode("latin-1", "replace"))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 7 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream) + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({title}) /Author ({author}) /Producer (Synthetic) >>".encode("latin-1", "replace"),
        metadata_stream(title),
    ]
    file = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(file))
        file += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return file + b"\0" * (len(file) % 2)


def metadata_stream(title):
    packet = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:title>{title}</dc:title></x:xmpmeta>".encode()
    return b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n" % len(packet) + packet + b"\nendstream"


def encapsulated(specimen, sop_class, mime):
    node = composite(specimen, sop_class, "DOC", 24)
    node.set(BurnedInAnnotation="YES", MIMETypeOfEncapsulatedDocument=mime, ConversionType="WSD")
    node.ensure(AcquisitionDateTime="{exam}{exam_time}", ContentDate="{exam}", ContentTime="{exam_time}")
    node.set(DocumentTitle="Report")
    node.code("ConceptNameCodeSequence", "18842-5", "LN", "Discharge summary", keep=True)
    return node


def put_document(node, document, strings, note):
    node.dataset.EncapsulatedDocument = document
    node.set(EncapsulatedDocumentLength=len(document))
    node.specimen.record("00420011", "OB", "document", strings, note)
    # The document is what identifies, and all that the object holds: an empty one or none at all may leave.
    node.specimen.may_be_withheld = "the document is all that the object holds"


def pdf(specimen):
    node = encapsulated(specimen, "1.2.840.10008.5.1.4.1.1.104.1", "application/pdf")
    title, in_title = fill("Report of {last}, {first} {word}", specimen)
    author, in_author = fill("Dr. {someone}", specimen)
    lines = [fill(template, specimen) for template in ("{last} {first}", "born {birth_long} {word}", "call {phone}")]
    document = pdf_of(title, author, [line for line, _ in lines])
    strings = in_title + in_author + [entry for _, found in lines for entry in found]
    put_document(node, document, strings, "document information, metadata and compressed page")


def cda(specimen):
    node = encapsulated(specimen, "1.2.840.10008.5.1.4.1.1.104.2", "text/XML")
    if "HL7InstanceIdentifier" not in node.dataset:
        node.set(HL7InstanceIdentifier="1.2.3^1")
    text, strings = fill(CDA, specimen)
    put_document(node, padded(text), strings, "CDA in UTF-8")


CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id extension="{pid}"/>
<addr><streetAddressLine>{street}</streetAddressLine><city>{city}</city></addr><telecom value="tel:{phone}"/>
<patient><name><given>{first}</given><family>{last}</family></name><birthTime value="{birth}"/></patient>
</patientRole></recordTarget><author><assignedPerson><name>{someone}</name></assignedPerson></author>
<component><text>{native_last} {native_first} {word}</text></component></ClinicalDocument>
"""


def electrocardiogram(specimen):
    """A 12-lead waveform with annotations and channel labels."""
    node = composite(specimen, "1.2.840.10008.5.1.4.1.1.9.1.1", "ECG", 24)
    node.ensure(AcquisitionDateTime="{exam}{exam_time}", ContentDate="{exam}", ContentTime="{exam_time}")
    node.set(AcquisitionContextSequence=[])
    for text in ("{last} {first} at rest {word}", "Printed {exam_dotted} by {someone}"):
        node.item("WaveformAnnotationSequence").plant("UnformattedTextValue", text).set(
            AnnotationGroupNumber=1, ReferencedWaveformChannels=[1, 0]
        )
    group = node.item("WaveformSequence").plant("MultiplexGroupLabel", "{last}")
    group.set(WaveformOriginality="ORIGINAL").keep(NumberOfWaveformChannels=12, NumberOfWaveformSamples=200)
    group.keep(SamplingFrequency="500", WaveformBitsAllocated=16).set(WaveformSampleInterpretation="SS")
    for lead in range(12):
        channel = group.item("ChannelDefinitionSequence").set(WaveformBitsStored=16, ChannelSampleSkew="0")
        channel.plant("ChannelLabel", f"{{word}} {lead}")
        channel.code("ChannelSourceSequence", f"2:{lead + 1}", "MDC", f"Lead {lead + 1}", keep=True)
        channel.keep(ChannelSensitivity="1", ChannelSensitivityCorrectionFactor="1", ChannelBaseline="0")
        channel.code("ChannelSensitivityUnitsSequence", "uV", "UCUM", "microvolt", keep=True)
    time = numpy.arange(200)[:, None] / 500 + numpy.arange(12)[None, :] / 30
    group.dataset.WaveformData = (800 * numpy.sin(2 * numpy.pi * 1.2 * time)).astype("<i2").tobytes()
    group.dataset["WaveformData"].VR = "OW"
