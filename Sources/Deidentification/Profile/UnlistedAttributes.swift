import DICOMCore

/// What is done to attributes of the standard that Table E.1-1 does not list.
///
/// The standard lets them stay. Some of them may hold what identifies somebody all the same, as their Value Representation
/// tells: names and moments go as far as no option keeps them, addresses go, identifiers of instances are mapped, and long
/// texts are cleaned.
enum UnlistedAttributes {
    /// Elements that describe what is not there any more, or would have to be made anew.
    private static let stale: Set<Tag> = [
        // They tell which private elements were in the object (PS3.3 C.12.1).
        .privateDataElementCharacteristicsSequence,
        // Storage of the original: file sets, folders, containers.
        .storageMediaFileSetID, .storedInstanceBaseURI, .folderAccessURI, .fileAccessURI, .filenameInContainer,
        // Patients' birth and death in another calendar: Table E.1-1 lists the same dates in ours.
        .patientBirthDateInAlternativeCalendar, .patientDeathDateInAlternativeCalendar,
        // Who was ordered what (retired); Table E.1-1 lists those that have taken their place.
        Tag(group: 0x0040, element: 0x1006), Tag(group: 0x0040, element: 0x1007),
        Tag(group: 0x0040, element: 0x2006), Tag(group: 0x0040, element: 0x2007),
        // Who was written to about it.
        .contactDisplayName, .ownerID, .ntpSourceAddress,
        // What the person is who is not told.
        .responsiblePersonRole,
        // Identifiers of systems and documents outside.
        .repositoryUniqueID, .homeCommunityID, .retrieveLocationUID,
    ]

    /// Elements whose UID names a class, a Transfer Syntax or a coding scheme, not an instance.
    private static let classes: Set<Tag> = [
        .sopClassUID, .relatedGeneralSOPClassUID, .originalSpecializedSOPClassUID, .sopClassesInStudy,
        .referencedSOPClassUID, .sopClassesSupported, .storedInstanceTransferSyntaxUID, .availableTransferSyntaxUID,
        .flowTransferSyntaxUID, .macCalculationTransferSyntaxUID, .encryptedContentTransferSyntaxUID,
        .pertinentSOPClassesInStudy, .pertinentSOPClassesInSeries,
    ]

    static func action(for element: ProfiledElement, _ options: Set<DeidentificationOption>) -> AttributeAction {
        let tag = element.tag
        guard let vr = DataElementDictionary.vr(of: tag), !stale.contains(tag) else { return .remove }
        switch vr {
        case .un: return .remove
        case .pn, .ae: return .remove
        case .da, .dt, .tm:
            if options.contains(.retainLongitudinalFullDates) { return .keep }
            return options.contains(.retainLongitudinalModifiedDates) ? .clean : .remove
        // A document of HL7 is no object without one (PS3.3 C.24.2).
        case .st where tag == .hl7InstanceIdentifier: return .dummy
        case .ur: return tag == .urnCodeValue ? .keep : .remove
        case .ui: return options.contains(.retainUIDs) || classes.contains(tag) ? .keep : .mapUID
        case .lt, .st, .ut: return .clean
        default: return .keep
        }
    }
}
