import DICOMCoding
public import DICOMCore
import NIOCore

/// De-identifies objects by one profile.
///
/// Each object passes twice: an ``ObjectSurvey`` learns what it holds, ``transform(_:pseudonyms:texts:)`` decides what it
/// becomes, and an ``ObjectWriter`` writes that while the original passes again. Everything is a function of the object,
/// the profile and the key; what may leave is for the caller to say.
public struct Deidentifier: Sendable {
    /// What is done to which attribute.
    public let profile: DeidentificationProfile

    /// Takes a profile.
    public init(profile: DeidentificationProfile) {
        self.profile = profile
    }

    /// What an object becomes.
    ///
    /// - Parameters:
    ///   - texts: Made for this object, of what identifies its patient.
    /// - Throws: ``DeidentificationError`` for objects that cannot leave.
    public func transform(
        _ object: SurveyedObject,
        pseudonyms: Pseudonyms,
        texts: ObjectTexts
    ) throws(DeidentificationError) -> DeidentifiedObject {
        guard let sopClassUID = object.sopClassUID else { throw .missingIdentity(.sopClassUID) }
        return try transform(
            header: object.header,
            sopClassUID: sopClassUID,
            transferSyntax: object.transferSyntax,
            pseudonyms: pseudonyms,
            texts: texts
        )
    }

    /// What the header of an object becomes, for those who look at headers alone.
    ///
    /// - Parameter header: All elements; bulk as references.
    /// - Throws: ``DeidentificationError`` for objects that cannot leave.
    public func transform(
        header original: DataSet,
        sopClassUID: UID,
        transferSyntax: TransferSyntax,
        pseudonyms: Pseudonyms,
        texts: ObjectTexts
    ) throws(DeidentificationError) -> DeidentifiedObject {
        try refuse(original, sopClassUID, transferSyntax)
        let document = DummyDocument(mimeType: original.string(.mimeTypeOfEncapsulatedDocument) ?? "")
        var transformer = HeaderTransformer(
            profile: profile,
            values: ValueRewriter(
                pseudonyms: pseudonyms,
                patient: pseudonyms.patient(of: original),
                texts: texts,
                encapsulatedDocument: document
            ),
            sopClassUID: sopClassUID,
            keepsItemNumbers: ContentItem.haveReferences(in: original)
        )
        var header = transformer.transform(original)
        var actions = transformer.actions
        // The template of a content that is not there any more.
        if transformer.replacesContent, header.remove(.contentTemplateSequence) != nil {
            actions[ActionRecord(path: [.contentTemplateSequence], action: .remove, reason: .stale), default: 0] += 1
        }
        if header[.encapsulatedDocumentLength] != nil {
            header.set(.unsignedLong(.encapsulatedDocumentLength, document.length))
        }
        for element in RequiredAttributes.elements(for: profile.options) {
            header.set(element)
            actions[ActionRecord(path: [element.tag], action: .dummy, reason: .required), default: 0] += 1
        }
        guard let sopInstanceUID = header.uid(.sopInstanceUID) else { throw .missingIdentity(.sopInstanceUID) }
        return DeidentifiedObject(
            header: header,
            transferSyntax: transferSyntax.isNative ? .explicitVRLittleEndian : transferSyntax,
            actions: actions,
            sopClassUID: sopClassUID,
            sopInstanceUID: sopInstanceUID,
            studyInstanceUID: header.uid(.studyInstanceUID),
            seriesInstanceUID: header.uid(.seriesInstanceUID),
            pixels: duties(original)
        )
    }

    private func refuse(
        _ header: DataSet,
        _ sopClassUID: UID,
        _ transferSyntax: TransferSyntax
    ) throws(DeidentificationError) {
        guard sopClassUID != Self.mediaStorageDirectory, header[.directoryRecordSequence] == nil else {
            throw .directory
        }
        guard !Self.voices.contains(sopClassUID) else { throw .voice }
        guard header.uid(.sopInstanceUID) != nil else { throw .missingIdentity(.sopInstanceUID) }
        guard !transferSyntax.isReferenced else { throw .referencedPixelData }
        if says(yes: .burnedInAnnotation, header), !profile.options.contains(.cleanPixelData) {
            throw .burnedInAnnotation
        }
        if says(yes: .recognizableVisualFeatures, header),
            !profile.options.contains(.cleanRecognizableVisualFeatures)
        {
            throw .recognizableVisualFeatures
        }
    }

    private func says(yes tag: Tag, _ header: DataSet) -> Bool {
        header.string(tag)?.uppercased() == "YES"
    }

    private func duties(_ header: DataSet) -> PixelDuties {
        let hasPixels = [Tag.pixelData, .floatPixelData, .doubleFloatPixelData].contains { header[$0] != nil }
        // (60xx,0102) Overlay Bit Position beside 0: the plane is in bits of the pixels (retired).
        let overlays = header.elements.contains { element in
            element.tag.group & 0xFF01 == 0x6000 && element.tag.element == 0x0102 && element.integers.first ?? 0 > 0
        }
        return PixelDuties(
            hasPixelData: hasPixels,
            cleansText: profile.options.contains(.cleanPixelData),
            cleansFaces: profile.options.contains(.cleanRecognizableVisualFeatures),
            hasEmbeddedOverlays: hasPixels && overlays
        )
    }

    private static let mediaStorageDirectory = UID(literal: "1.2.840.10008.1.3.10")
    /// Basic Voice Audio Waveform Storage, General Audio Waveform Storage.
    private static let voices: Set<UID> = [
        UID(literal: "1.2.840.10008.5.1.4.1.1.9.4.1"), UID(literal: "1.2.840.10008.5.1.4.1.1.9.4.2"),
    ]
}
