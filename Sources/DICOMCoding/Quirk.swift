public import DICOMCore

/// Something odd in the encoding that was read nevertheless.
///
/// Holds no value of any element.
public struct Quirk: Sendable, Hashable {
    /// What is odd.
    public let kind: Kind
    /// Bytes from the first byte of what was read: of the file for its header, of the Data Set (inflated) for elements.
    public let offset: UInt64
    /// The tags that lead to the place, outermost first; may be empty.
    public let path: [Tag]

    /// Makes a quirk.
    public init(_ kind: Kind, at offset: UInt64, path: [Tag] = []) {
        self.kind = kind
        self.offset = offset
        self.path = path
    }

    /// The same quirk of a Data Set that begins so many bytes behind the beginning of its file.
    public func moved(by distance: UInt64) -> Quirk {
        Quirk(kind, at: offset.addingReportingOverflow(distance).partialValue, path: path)
    }

    /// What is odd; each case says who was seen to write it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        // The header of a file.

        /// There is no preamble: exports of the early nineties, and archives that keep Data Sets as they came.
        case missingPreamble
        /// The preamble begins like what other software would run or open.
        case foreignPreamble
        /// There is no prefix `DICM`.
        case missingPrefix
        /// There is no File Meta Information: ACR-NEMA files, dumps of network traffic, exports of treatment planning.
        case missingFileMetaInformation
        /// File Meta Information Group Length (0002,0000) is missing or wrong: writers that change an element afterwards.
        case wrongFileMetaInformationGroupLength
        /// The File Meta Information is encoded without VRs: writers that encode the whole file in one Transfer Syntax.
        case implicitFileMetaInformation
        /// The File Meta Information is encoded in Big Endian: writers that encode the whole file in one Transfer Syntax.
        case bigEndianFileMetaInformation
        /// The Transfer Syntax was told from the first element.
        case guessedTransferSyntax

        // The Data Set as a whole.

        /// The Data Set is without VRs although the Transfer Syntax has them: Philips and GE consoles of the nineties.
        case implicitVRInsteadOfExplicit
        /// The Data Set has VRs although the Transfer Syntax has none.
        case explicitVRInsteadOfImplicit
        /// Numbers have the other byte order than the Transfer Syntax: ACR-NEMA files of big-endian workstations.
        case wrongByteOrder
        /// The Data Set is not deflated although the Transfer Syntax is.
        case notDeflated
        /// The deflated stream has the header of zlib's own format: toolkits that call `compress`.
        case zlibHeader
        /// The Data Set holds a Recognition Code (0008,0010), the mark of ACR-NEMA.
        case recognitionCode
        /// The Data Set begins with a command set (group 0000): dumps of network traffic.
        case commandSet

        // Elements.

        /// A Group Length that is not the length of its group: writers that change an element afterwards.
        case wrongGroupLength
        /// A value of odd length.
        case oddLength
        /// Letters that are no Value Representation: `??` and NULs of some private writers, and VRs not known yet.
        case unknownVR
        /// UN for an element of the dictionary: relays with an old dictionary.
        case unknownForKnownElement
        /// An element behind one with a higher tag.
        case unorderedTag
        /// A tag that has passed already in the same Data Set, just before.
        case duplicateTag
        /// Items encoded without VRs in an explicit Data Set: Philips private sequences; relays of unknown sequences.
        case implicitVRItem
        /// Items encoded with VRs in an implicit Data Set or in UN: relays that copy items as they are.
        case explicitVRItem
        /// Fragments in a Transfer Syntax that has none.
        case fragmentsInNativeTransferSyntax
        /// A value of undefined length where the standard allows none.
        case undefinedLength

        // Items and delimiters.

        /// A delimiter whose length is not zero.
        case delimiterWithLength
        /// An item without its delimiter.
        case missingItemDelimiter
        /// A sequence without its delimiter.
        case missingSequenceDelimiter
        /// A delimiter that ends nothing.
        case strayDelimiter
        /// An item or value that reaches beyond what holds it.
        case lengthExceedsParent

        // The end.

        /// Zeros behind the last element: media written in blocks.
        case trailingZeros
        /// Bytes behind the last element that are no element.
        case trailingBytes
        /// The bytes end inside a value.
        case truncatedValue
    }
}

extension Quirk.Kind {
    /// The place in the standard that says how it should be, for example `PS3.5 7.1.1`.
    public var rule: String {
        switch self {
        case .missingPreamble, .missingPrefix, .missingFileMetaInformation, .wrongFileMetaInformationGroupLength,
            .implicitFileMetaInformation, .bigEndianFileMetaInformation, .guessedTransferSyntax:
            "PS3.10 7.1"
        case .foreignPreamble: "PS3.10 7.5"
        case .implicitVRInsteadOfExplicit: "PS3.5 A.2"
        case .explicitVRInsteadOfImplicit: "PS3.5 A.1"
        case .wrongByteOrder: "PS3.5 7.3"
        case .notDeflated, .zlibHeader: "PS3.5 A.5"
        case .recognitionCode: "PS3.6 6"
        case .commandSet: "PS3.10 7.2"
        case .wrongGroupLength: "PS3.5 7.2"
        case .oddLength, .unorderedTag, .duplicateTag, .undefinedLength, .truncatedValue: "PS3.5 7.1"
        case .unknownVR: "PS3.5 7.1.2"
        case .unknownForKnownElement, .implicitVRItem, .explicitVRItem: "PS3.5 6.2.2"
        case .fragmentsInNativeTransferSyntax: "PS3.5 A.4"
        case .delimiterWithLength, .missingItemDelimiter, .missingSequenceDelimiter, .strayDelimiter,
            .lengthExceedsParent:
            "PS3.5 7.5"
        case .trailingZeros, .trailingBytes: "PS3.10 7.2"
        }
    }

    /// One short sentence for people.
    public var text: String {
        switch self {
        case .missingPreamble: "the file has no preamble"
        case .foreignPreamble: "the preamble begins like what other software would run or open"
        case .missingPrefix: "the prefix DICM is missing"
        case .missingFileMetaInformation: "there is no File Meta Information"
        case .wrongFileMetaInformationGroupLength: "the group length of the File Meta Information is missing or wrong"
        case .implicitFileMetaInformation: "the File Meta Information is encoded without VRs"
        case .bigEndianFileMetaInformation: "the File Meta Information is encoded in Big Endian"
        case .guessedTransferSyntax: "the Transfer Syntax was guessed from the first element"
        case .implicitVRInsteadOfExplicit: "the Data Set has no VRs although its Transfer Syntax has"
        case .explicitVRInsteadOfImplicit: "the Data Set has VRs although its Transfer Syntax has none"
        case .wrongByteOrder: "the byte order is not that of the Transfer Syntax"
        case .notDeflated: "the Data Set is not deflated although its Transfer Syntax is"
        case .zlibHeader: "the deflated stream begins with a header of zlib"
        case .recognitionCode: "the Data Set has the Recognition Code of ACR-NEMA"
        case .commandSet: "the Data Set begins with a command set"
        case .wrongGroupLength: "the group length is not the length of the group"
        case .oddLength: "the length of the value is odd"
        case .unknownVR: "the letters are no Value Representation"
        case .unknownForKnownElement: "the VR is UN although the dictionary knows the element"
        case .unorderedTag: "the element stands behind one with a higher tag"
        case .duplicateTag: "the element stands there twice"
        case .implicitVRItem: "the item is encoded without VRs inside a Data Set that has them"
        case .explicitVRItem: "the item is encoded with VRs inside a Data Set that has none"
        case .fragmentsInNativeTransferSyntax: "the Pixel Data is encapsulated although the Transfer Syntax is not"
        case .undefinedLength: "the length is undefined where the standard allows none"
        case .delimiterWithLength: "the length of the delimiter is not zero"
        case .missingItemDelimiter: "the delimiter of an item is missing"
        case .missingSequenceDelimiter: "the delimiter of a sequence is missing"
        case .strayDelimiter: "the delimiter ends nothing"
        case .lengthExceedsParent: "the length reaches beyond the item or sequence around it"
        case .trailingZeros: "zeros follow the last element"
        case .trailingBytes: "bytes that are no element follow the last one"
        case .truncatedValue: "the bytes end inside a value"
        }
    }
}
