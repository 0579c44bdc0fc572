"""What every object of the leak corpus has: patient, study, equipment, and a share of all attributes that identify."""

from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag

MANDATORY = """
    PatientName {pn}
    PatientID {pid}
    PatientBirthDate {birth}
    StudyInstanceUID {uid:study}
    SOPInstanceUID {own_uid}
    StudyDate {exam}
    StudyTime {exam_time}
    AccessionNumber {accession}
    StudyID {study_id}
    ReferringPhysicianName {referring}^{someone}
"""

# Keyword and text of attributes that identify a patient, a person, a place, a device or a day. Each object takes a
# share of them in turn, so that each is met in several classes and beside different neighbours.
POOL = """
    InstanceCreatorUID {uid}
    InstanceCreationDate {exam}
    InstanceCreationTime {exam_time}
    InstanceCoercionDateTime {exam}{exam_time}
    SeriesDate {exam}
    SeriesTime {exam_time}
    AcquisitionDate {exam}
    AcquisitionTime {exam_time}
    ContentDate {exam}
    ContentTime {exam_time}
    AcquisitionDateTime {exam}{exam_time}+0100
    InstitutionName {hospital}
    InstitutionAddress {hospital_street}
    InstitutionalDepartmentName {department}
    StationName {station}
    StudyDescription Thorax {last}, {first} *{birth_dotted}
    SeriesDescription {upper_first} {upper_last} {birth_digits} axial {word}
    AdmittingDiagnosesDescription Suspected {word} of {native_last}
    ReferringPhysicianAddress {someone} Street 5, {city}
    ReferringPhysicianTelephoneNumbers {phone_us}
    ConsultingPhysicianName {someone}^{someone}
    PhysiciansOfRecord {reading}^{someone}
    PerformingPhysicianName {performing}^{someone}
    NameOfPhysiciansReadingStudy {reading}^{someone}\\{someone}^{someone}
    OperatorsName {operator}^{someone}
    RetrieveAETitle AE{number}
    DerivationDescription Reformatted by {someone} for {first} {last}
    IssuerOfPatientID {hospital}
    PatientBirthTime {birth_time}
    OtherPatientIDs {other_pid}\\X{number}
    OtherPatientNames {alias}^{first}
    PatientBirthName {maiden}^{first}
    PatientMotherBirthName {mother}^{someone}
    PatientAddress {street}, {city}
    PatientTelephoneNumbers {phone}
    PatientTelecomInformation {email}; {phone}
    PatientInsurancePlanCodeSequence.CodeMeaning Plan {insurance}
    InsurancePlanIdentification {insurance}
    MilitaryRank Major {word}
    BranchOfService {word} Guards
    MedicalRecordLocator {number}
    MedicalAlerts Alert: call {phone} for {last}
    Allergies {word} pollen, asked by {someone}
    CountryOfResidence {word}land
    RegionOfResidence {city} region
    EthnicGroup {word}
    Occupation {word} maker
    AdditionalPatientHistory {sentence}
    LastMenstrualDate {prior}
    PatientReligiousPreference {word}ist
    PatientComments Seen {exam_dotted}; MRN {pid_spaced}; {last} {initials}
    ResponsiblePerson {mother}^{someone}
    ResponsibleOrganization {word} Foundation
    ClinicalTrialSponsorName {word} Pharma
    ClinicalTrialProtocolID {number}
    ClinicalTrialProtocolName Trial {word}
    ClinicalTrialSiteID {number}
    ClinicalTrialSiteName {word} site
    ClinicalTrialSubjectID {pid_dashed}
    ClinicalTrialSubjectReadingID {number}
    ClinicalTrialTimePointID {number}
    ClinicalTrialTimePointDescription Week 4 of {last}
    ClinicalTrialCoordinatingCenterName {word} Centre
    ClinicalTrialSeriesID {number}
    ClinicalTrialSeriesDescription Series of {someone}
    ClinicalTrialProtocolEthicsCommitteeName {word} board
    DeviceSerialNumber {serial}
    DeviceUID 1.2.826.0.1.3680043.10.999.{serial_of_place}.{day}
    PlateID PL{serial_of_place}
    GeneratorID GE{serial_of_place}
    CassetteID CA{serial_of_place}
    GantryID GA{serial_of_place}
    DetectorID DE{serial_of_place}
    SecondaryCaptureDeviceID SC{serial_of_place}
    DateOfSecondaryCapture {exam}
    TimeOfSecondaryCapture {exam_time}
    DateOfLastCalibration {day}
    TimeOfLastCalibration {moment}
    DateOfManufacture {day}
    DateOfInstallation {day}
    ProtocolName {upper_last}_{birth_us_digits}_knee
    AcquisitionComments {someone} scanned {last}
    AcquisitionProtocolDescription As for {first} on {prior_iso}
    AcquisitionDeviceProcessingDescription Filter {word}
    ContributionDescription Sent by {someone}
    RequestedSeriesDescription Series for {last}
    SynchronizationFrameOfReferenceUID {uid}
    ConcatenationUID {uid}
    ImageComments {first} {last} {birth_long} {word}
    FrameComments Frame of {initials} {last} {exam_middle}
    StudyIDIssuer {word}
    StudyComments {sentence}
    ReasonForStudy Fall at {street}
    RequestingPhysician {someone}^{someone}
    RequestingService {word} ward
    RequestedProcedureDescription Knee, {last} {first}
    RequestedContrastAgent {word} 300
    StudyArrivalDate {exam}
    StudyArrivalTime {exam_time}
    ScheduledAdmissionDate {prior}
    AdmissionID {admission}
    AdmittingDate {exam}
    AdmittingTime {exam_time}
    ScheduledPatientInstitutionResidence Room {number}
    DischargeDate {exam}
    DischargeDiagnosisDescription {word} syndrome
    SpecialNeeds Needs {someone} as interpreter
    ServiceEpisodeID {number}
    ServiceEpisodeDescription Visit of {last} {birth_iso}
    CurrentPatientLocation {department}
    PatientInstitutionResidence {hospital}
    PatientState {word} state
    VisitComments {sentence}
    ScheduledStationAETitle SA{number}
    ScheduledProcedureStepStartDate {exam}
    ScheduledProcedureStepStartTime {exam_time}
    ScheduledPerformingPhysicianName {performing}^{someone}
    ScheduledProcedureStepDescription Step for {upper_last}
    ScheduledProcedureStepID {number}
    ScheduledStationName {station}
    ScheduledProcedureStepLocation {word}
    PreMedication {word} 5 mg
    PerformedStationAETitle PA{number}
    PerformedStationName {station}
    PerformedLocation {word}
    PerformedProcedureStepStartDate {exam}
    PerformedProcedureStepStartTime {exam_time}
    PerformedProcedureStepEndDate {exam}
    PerformedProcedureStepEndTime {exam_time}
    PerformedProcedureStepID {number}
    PerformedProcedureStepDescription {last} {first} {exam_dotted}
    CommentsOnThePerformedProcedureStep {sentence}
    CommentsOnRadiationDose Dose of {last} checked by {someone}
    RequestedProcedureID {order}
    ReasonForTheRequestedProcedure Control after {prior_german}
    PatientTransportArrangements By {someone}
    RequestedProcedureLocation {word}
    RequestedProcedureComments {sentence}
    NamesOfIntendedRecipientsOfResults {someone}^{someone}
    OrderEnteredBy {someone}^{someone}
    OrderEntererLocation {word}
    OrderCallbackPhoneNumber {phone_us}
    PlacerOrderNumberImagingServiceRequest {number}
    FillerOrderNumberImagingServiceRequest {number}
    ImagingServiceRequestComments {sentence}
    IssueDateOfImagingServiceRequest {prior}
    IssueTimeOfImagingServiceRequest {prior_time}
    ConfidentialityConstraintOnPatientDataDescription Tell {someone} only
    ScheduledProcedureStepStartDateTime {exam}{exam_time}
    PerformedProcedureStepStartDateTime {exam}{exam_time}
    HumanPerformerName {someone}^{someone}
    HumanPerformerOrganization {word} Inc
    ContentCreatorName {someone}^{someone}
    PersonAddress {someone} Lane 4
    PersonTelephoneNumbers {phone}
    PersonTelecomInformation {email}
    DeviceDescription Built as {serial_of_place}
    LongDeviceDescription Unit of {department}, S/N {serial}
    TextComments {sentence}
    Arbitrary {last} {ssn}
    IdentifyingComments {last}, {first}, {ssn_digits}
    InterpretationAuthor {someone}^{someone}
    InterpretationRecorder {someone}^{someone}
    InterpretationText {sentence}
    InterpretationDiagnosisDescription {word}itis
    Impressions {first} {last} is well
    ResultsComments Told {someone}
    DistributionName {someone}^{someone}
    DistributionAddress {street}
    ScheduledStudyLocation {word}
    CameraOwnerName {someone} {someone}
    LensSerialNumber L{serial_of_place}
    MakerNote raw {last} {word}
    DeviceSettingDescription set {word}
    GPSProcessingMethod gps {word}
    ReasonForVisit {sentence}
    TopicAuthor {someone}
    TopicKeywords {last}
    TopicSubject About {first} {last}
    TopicTitle {word}
    NetworkID NET{number}
    DigitalSignatureUID {uid}
    StorageMediaFileSetUID {uid}
    TrackingUID {uid}
    SelectorURValue {home}
    SelectorUTValue {home} of {last}
    SelectorLOValue {last}
    SelectorPNValue {last}^{first}
    SelectorSHValue {pid}
    SelectorSTValue {last} {exam_dotted}
    SelectorLTValue {sentence}
    SelectorAEValue SEL{number}
    SelectorDAValue {exam}
    SelectorDTValue {exam}{exam_time}
    SelectorTMValue {exam_time}
    SelectorOBValue raw {last} {word}
    XRayDetectorID XD{serial_of_place}
    XRaySourceID XS{serial_of_place}
    DeviceAlternateIdentifier https://{word}.example/dev/{serial_of_place}
    BarcodeValue {number}
    UniqueDeviceIdentifier (01){number}(21){serial_of_place}
"""
POOL_LINES = [line.strip() for line in POOL.strip().splitlines()]


# Type 1 and 2 attributes of the clinical trial modules.
CLINICAL_TRIAL = {
    "ClinicalTrialSponsorName": "{word} Pharma",
    "ClinicalTrialProtocolID": "{number}",
    "ClinicalTrialProtocolName": "Trial {word}",
    "ClinicalTrialSiteID": "{number}",
    "ClinicalTrialSiteName": "{word} site",
    "ClinicalTrialSubjectID": "{pid_dashed}",
    "ClinicalTrialSubjectReadingID": "{number}",
    "ClinicalTrialProtocolEthicsCommitteeName": "{word} board",
    "ClinicalTrialProtocolEthicsCommitteeApprovalNumber": "{number}",
    "ClinicalTrialCoordinatingCenterName": "{word} Centre",
    "ClinicalTrialTimePointID": "{number}",
}


def patient_words(node, template):
    """The template with the sentence of the patient's language in it."""
    return template.replace("{sentence}", node.specimen.person.sentence)


def composite(specimen, sop_class, modality, share=30, frame_of_reference=None, series="series"):
    """The common modules, the mandatory identifiers and the object's share of the pool."""
    node = specimen.root()
    person = specimen.person
    if person.charset:
        node.set(SpecificCharacterSet=person.charset.split("\\"))
    node.keep(SOPClassUID=sop_class, Modality=modality, InstanceNumber=str(specimen.instance_number))
    node.plant_all(MANDATORY)
    node.plant("SeriesInstanceUID", f"{{uid:{series} {modality}}}")
    node.set(PatientSex="FMO"[person.number % 3], Manufacturer="Synthetic Imaging", SeriesNumber="1")
    node.set(ManufacturerModelName="Phantom 3000", SoftwareVersions="1.4.2")
    if frame_of_reference:
        node.plant("FrameOfReferenceUID", f"{{uid:{frame_of_reference}}}")
        node.set(PositionReferenceIndicator="")
    take_share(node, share)
    if any(element.keyword.startswith("ClinicalTrial") for element in node.dataset):
        node.ensure(**CLINICAL_TRIAL)
    if "ResponsiblePerson" in node.dataset:
        node.set(ResponsiblePersonRole="PARENT")
    if "ConcatenationUID" in node.dataset:
        node.set(InConcatenationNumber=1)
    if modality in ("CT", "MR", "PT", "NM", "CR", "US", "OT", "XA"):
        node.set(Laterality="")
    if modality in ("CR", "US", "OT"):
        node.set(PatientOrientation="")
    return node


def take_share(node, share):
    start = node.specimen.instance_number * 37
    for offset in range(share):
        line = POOL_LINES[(start + offset) % len(POOL_LINES)]
        where, _, template = line.partition(" ")
        template = patient_words(node, template)
        if "." in where:
            sequence, where = where.split(".")
            node.item(sequence).set(CodeValue="P1", CodingSchemeDesignator="99X").plant(where, template)
        elif where not in node.dataset:
            encode = padded if where in ("MakerNote", "DeviceSettingDescription", "GPSProcessingMethod") else None
            node.plant(where, template, encode=padded if where == "SelectorOBValue" else encode)


def padded(text):
    """The bytes of a text, in an even number."""
    data = text.encode()
    return data + b"\0" * (len(data) % 2)


def words_swapped(text):
    """The text as 16-bit words of the other byte order."""
    data = padded(text)
    return bytes(byte for pair in zip(data[1::2], data[::2]) for byte in pair)


def sequences(node):
    """Identifiers inside the sequences of the general modules."""
    other = node.item("OtherPatientIDsSequence")
    other.plant("PatientID", "{other_pid}").plant("IssuerOfPatientID", "{word}").set(TypeOfPatientID="TEXT")
    qualifiers = other.item("IssuerOfPatientIDQualifiersSequence")
    qualifiers.plant("UniversalEntityID", "urn:{word}").set(UniversalEntityIDType="URI")
    referring = node.item("ReferringPhysicianIdentificationSequence")
    referring.plant("InstitutionName", "{hospital}").plant("PersonTelephoneNumbers", "{phone_us}")
    referring.set(InstitutionCodeSequence=[])
    badge = referring.item("PersonIdentificationCodeSequence").plant("CodeValue", "{number}")
    badge.set(CodingSchemeDesignator="99STAFF").plant("CodeMeaning", "Dr. {referring}")
    operator = node.item("OperatorIdentificationSequence").plant("InstitutionAddress", "{hospital_street}")
    operator.plant("InstitutionName", "{hospital}").set(InstitutionCodeSequence=[])
    badge = operator.item("PersonIdentificationCodeSequence").plant("LongCodeValue", "employee/{number}/{someone}")
    badge.set(CodingSchemeDesignator="99STAFF").plant("CodeMeaning", "RT {operator}")
    node.item("InstitutionCodeSequence").set(CodeValue="H1", CodingSchemeDesignator="99H").plant(
        "CodeMeaning", "{hospital}"
    )
    study = node.item("ReferencedStudySequence").set(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1")
    study.plant("ReferencedSOPInstanceUID", "{uid}")
    patient = node.item("ReferencedPatientSequence").set(ReferencedSOPClassUID="1.2.840.10008.3.1.2.1.1")
    patient.plant("ReferencedSOPInstanceUID", "{uid}")
    step = node.item("ReferencedPerformedProcedureStepSequence").set(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3")
    step.plant("ReferencedSOPInstanceUID", "{uid}")
    request = node.item("RequestAttributesSequence")
    request.plant("RequestedProcedureID", "{order}").plant("ScheduledProcedureStepID", "{number}")
    request.plant("RequestedProcedureDescription", "MR of {last}, {first}").plant("StudyInstanceUID", "{uid:study}")
    request.plant("AccessionNumber", "{accession}")
    request.item("IssuerOfAccessionNumberSequence").plant("LocalNamespaceEntityID", "{word}")
    reason = request.item("ReasonForRequestedProcedureCodeSequence").set(CodeValue="R1", CodingSchemeDesignator="99R")
    reason.plant("CodeMeaning", "Fall of {first}")
    contributing = node.item("ContributingEquipmentSequence").set(Manufacturer="Synthetic Imaging")
    contributing.code("PurposeOfReferenceCodeSequence", "109103", "DCM", "Modifying Equipment")
    contributing.plant("InstitutionName", "{hospital}").plant("StationName", "{station}")
    contributing.plant("OperatorsName", "{someone}^{someone}").plant("DeviceSerialNumber", "{serial_of_place}")
    contributing.plant("ContributionDateTime", "{exam}{exam_time}").plant("ContributionDescription", "By {someone}")


def originals(node):
    """Original Attributes Sequence with the values before the last correction, two levels deep."""
    original = node.item("OriginalAttributesSequence")
    original.plant("AttributeModificationDateTime", "{prior}{prior_time}").plant("ModifyingSystem", "{word} PACS")
    original.plant("SourceOfPreviousValues", "{word}").set(ReasonForTheAttributeModification="CORRECT")
    before = original.item("ModifiedAttributesSequence")
    before.plant("PatientName", "{maiden}^{first}").plant("PatientID", "{other_pid}")
    before.plant("PatientBirthDate", "{birth}").plant("AccessionNumber", "{number}")
    before.plant("StudyInstanceUID", "{uid}")
    before.item("OtherPatientIDsSequence").plant("PatientID", "{number}").set(TypeOfPatientID="TEXT")


def signatures(node):
    """A Digital Signatures Sequence whose certificate names the signer, who is the referring physician."""
    mac = node.item("MACParametersSequence").set(MACIDNumber=1, MACAlgorithm="SHA256", DataElementsSigned=[0x00100010])
    mac.set(MACCalculationTransferSyntaxUID="1.2.840.10008.1.2.1")
    signed = node.item("DigitalSignaturesSequence").set(MACIDNumber=1, CertificateType="X509_1993_SIG")
    signed.plant("DigitalSignatureUID", "{uid}").plant("DigitalSignatureDateTime", "{exam}{exam_time}")
    signed.plant("CertificateOfSigner", "0\x82\x01\x0aCN=Dr. {referring} {someone},O={hospital}", encode=padded)
    signed.plant("Signature", "\x01\x02\x03{someone}", encode=padded)
    node.item("ReferencedSOPInstanceMACSequence").set(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2").plant(
        "ReferencedSOPInstanceUID", "{uid}"
    )


def private_elements(node, deep=3):
    """Private elements: every VR, sequences in sequences, known and unknown creators, one block without any."""
    first = node.private(0x0011, "SYNTHETIC PRIVATE 1")
    for number, (vr, template) in enumerate(PRIVATE_VALUES, start=1):
        encode = {"OB": padded, "OW": words_swapped, "UN": padded}.get(vr)
        node.plant((0x0011, first + number), patient_words(node, template), vr=vr, encode=encode, note="private")
    inner = node
    for level in range(deep):
        inner = inner.item((0x0011, first + 0x80))
        inner.private(0x0011, f"SYNTHETIC DEEP {level}")
        inner.plant((0x0011, 0x1001), "{last}^{first}", vr="PN", note=f"private, {level + 1} deep")
        inner.plant("PatientID", "{pid}", note="standard attribute in a private sequence")
        inner.plant((0x0011, 0x1002), "{word} level", vr="LO")
    node.dataset[Tag(0x0011, first + 0x80)].value[0][Tag(0x0011, 0x1002)].VR = "LO"
    siemens = node.private(0x0029, "SIEMENS CSA HEADER")
    node.plant((0x0029, siemens + 0x10), "SV10\4\3\2\1 PatientName {last}^{first} {word}", vr="OB", encode=padded)
    node.plant((0x0029, siemens + 0x20), "tPatientsName = {upper_last} {pid} {word}", vr="UN", encode=padded)
    gems = node.private(0x0009, "GEMS_IDEN_01")
    node.plant((0x0009, gems + 0x31), "{word}", vr="LO").plant((0x0009, gems + 0xE3), "{uid}", vr="UI")
    named = node.plant((0x0013, 0x0010), "{someone} SCRIPTS", vr="LO", note="private creator with a name")
    named.plant((0x0013, 0x1001), "{last} {first}", vr="LT")
    node.plant((0x0015, 0x1010), "{last} {word}", vr="LO", note="private element without a creator")
    node.plant((0x0015, 0x1011), "{first} {word}", vr="UN", encode=padded, note="private UN without a creator")
    node.plant((0x0017, 0x1001), "{last} {word}", vr="UN", encode=nested_implicit, note="sequence hidden in UN")


def nested_implicit(text):
    """A sequence in Implicit VR Little Endian as the value of a UN element: (0010,4000) in one item."""
    value = padded(text)
    element = b"\x10\x00\x00\x40" + len(value).to_bytes(4, "little") + value
    return b"\xfe\xff\x00\xe0" + len(element).to_bytes(4, "little") + element


PRIVATE_VALUES = [
    ("AE", "PRV{number}"),
    ("AS", "{age}"),
    ("CS", "ID{number}"),
    ("DA", "{birth}"),
    ("DS", "{number}"),
    ("DT", "{birth}{birth_time}"),
    ("IS", "{number}"),
    ("LO", "{last}, {first}"),
    ("LT", "{sentence} {word}"),
    ("PN", "{someone}^{someone}"),
    ("SH", "{pid}"),
    ("ST", "{street} {city} {word}"),
    ("TM", "{exam_time}"),
    ("UC", "{home}/{word}"),
    ("UI", "{uid}"),
    ("UR", "{home}"),
    ("UT", "{sentence} {email} {phone_us}"),
    ("OB", "blob {last} {word}"),
    ("OW", "wide {last} {word}"),
    ("UN", "unknown {last} {word}"),
]
PRIVATE_VALUES = [entry for entry in PRIVATE_VALUES if entry[0] != "AS"]


def safe_private(node):
    """Elements that the standard lists as safe: they may stay with the option for them."""
    philips = node.private(0x7053, "Philips PET Private Group")
    needs = ["retain-safe-private"]
    for element, value in ((0x00, "0.000257"), (0x09, "0.000471")):
        tag = Tag(0x7053, philips + element)
        node.dataset.add(DataElement(tag, "DS", value))
        node.specimen.survivors.append(
            {"path": f"{tag.group:04X}{tag.element:04X}", "values": [value], "needs": needs, "numeric": True}
        )
    node.plant((0x7053, philips + 0x05), "{word} {last}", vr="LO", note="unsafe element of a creator with safe ones")


def references(node, keyword, targets):
    """Items that refer to other specimens."""
    for target in targets:
        item = node.item(keyword).set(ReferencedSOPClassUID=target.dataset.SOPClassUID)
        reference(item, target)


def reference(item, target):
    """The SOP Instance UID of another specimen; that both stay equal is a relation that must survive."""
    from leak_corpus_planting import Tag as tag

    uid = target.uid()
    item.dataset.ReferencedSOPInstanceUID = uid
    place = item.place(tag(0x0008, 0x1155))
    item.specimen.record(place, "UI", "uid", [{"text": uid, "kind": "uid", "identifier": True}])
    item.specimen.relations.append({"path": place, "other": target.name, "other_path": "00080018", "is": "equal"})


def empty_sequence(node, keyword):
    setattr(node.dataset, keyword, Sequence([]))
