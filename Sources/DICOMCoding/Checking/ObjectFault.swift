/// What is wrong with an object beyond the encoding and the values of single elements.
public enum ObjectFault: String, Sendable, Hashable, CaseIterable {
    /// The object cannot be read to its end.
    case unreadable
    /// An identifier of the object is absent or no UID, so that no archive can file it.
    case missingIdentity
    /// An element of the File Meta Information that has to be there is not.
    case missingFileMetaElement
    /// Media Storage SOP Class or Instance UID is not that of the Data Set.
    case otherMediaStorageUID
    /// Another number of values than the dictionary allows.
    case badMultiplicity
    /// Another Value Representation than the dictionary has.
    case otherVR
    /// An element of an even group that the dictionary does not know.
    case unknownElement
    /// A private element whose block nobody has reserved.
    case unreservedPrivateElement
    /// A length of native Pixel Data that is not that of its frames.
    case pixelDataLength
    /// Fragments that do not make as many frames as Number of Frames says.
    case frameCount
    /// A native value of Pixel Data in a Transfer Syntax that is encapsulated.
    case nativePixelData
}

extension ObjectFault {
    /// Where the standard says how it should be.
    public var rule: String {
        switch self {
        case .unreadable: "PS3.5 7.1"
        case .missingIdentity: "PS3.3 C.12.1"
        case .missingFileMetaElement, .otherMediaStorageUID: "PS3.10 7.1"
        case .badMultiplicity: "PS3.5 6.4"
        case .otherVR, .unknownElement: "PS3.6 6"
        case .unreservedPrivateElement: "PS3.5 7.8.1"
        case .pixelDataLength: "PS3.5 8.1.1"
        case .frameCount, .nativePixelData: "PS3.5 A.4"
        }
    }

    /// What is wrong, in a few words.
    public var text: String {
        switch self {
        case .unreadable: "the object cannot be read further"
        case .missingIdentity: "an identifier of the object is absent or no UID"
        case .missingFileMetaElement: "an element of the File Meta Information is missing"
        case .otherMediaStorageUID: "the File Meta Information names another object than the Data Set"
        case .badMultiplicity: "the number of values is not what the dictionary allows"
        case .otherVR: "the VR is not that of the dictionary"
        case .unknownElement: "the dictionary has no such element"
        case .unreservedPrivateElement: "nobody has reserved the block of the private element"
        case .pixelDataLength: "the length of the Pixel Data is not that of its frames"
        case .frameCount: "the fragments do not make as many frames as Number of Frames says"
        case .nativePixelData: "the Pixel Data is not encapsulated although the Transfer Syntax is"
        }
    }
}
