import Crypto
import DICOMCore
import DICOMPixels
import NIOCore

/// What a Data Set says of itself when its pixels were compressed with loss: another image, derived from the first
/// (PS3.3 C.7.6.1.1.5, C.12.4).
///
/// As DCMTK does it: a SOP Instance UID of its own, Image Type DERIVED, what it was made of and how.
struct LossyDerivation: Sendable {
    let header: DataSet
    let request: TranscodingRequest
    let method: String
    let ratio: String

    /// Longest Derivation Description (ST).
    private static let descriptionLimit = 1_024

    var elements: [DataElement] {
        [
            imageType, sopInstanceUID, derivationDescription, sourceImages, derivationCodes,
            .text(.lossyImageCompression, .cs, "01"),
            .text(.lossyImageCompressionRatio, .ds, header.strings(for: .lossyImageCompressionRatio) + [ratio]),
            .text(.lossyImageCompressionMethod, .cs, header.strings(for: .lossyImageCompressionMethod) + [method]),
        ].compactMap { $0 }
    }

    /// The name of the derived object: the same for the same object, Transfer Syntax and options, so that who asks twice
    /// gets one object and not two.
    static func sopInstanceUID(of original: UID, _ request: TranscodingRequest) -> UID? {
        let options = request.options
        let text = "\(original) \(request.target) \(options.quality) \(options.nearLossless)"
        var number: UInt128 = 0
        for byte in SHA256.hash(data: Array(text.utf8)).prefix(16) { number = number << 8 | UInt128(byte) }
        // A UUID of version 8, made of a hash (RFC 9562 5.8), as a UID (PS3.5 B.2).
        number = number & ~(0xF << 76) | 0x8 << 76
        number = number & ~(0x3 << 62) | 0x2 << 62
        return UID("2.25.\(number)")
    }

    private var sopInstanceUID: DataElement? {
        header.uid(.sopInstanceUID).flatMap { Self.sopInstanceUID(of: $0, request) }.map { .uid(.sopInstanceUID, $0) }
    }

    private var imageType: DataElement {
        let values = header.strings(for: .imageType)
        return .text(.imageType, .cs, ["DERIVED"] + (values.isEmpty ? ["SECONDARY"] : values.dropFirst()))
    }

    private var derivationDescription: DataElement {
        var bytes = header[.derivationDescription]?.bytes ?? ByteBuffer()
        let addition = "Lossy compression with \(request.target.name), ratio \(ratio)"
        if bytes.readableBytes > 0 { bytes.writeString("; ") }
        bytes.writeString(addition)
        if bytes.readableBytes > Self.descriptionLimit { bytes = ByteBuffer(string: addition) }
        return DataElement(tag: .derivationDescription, vr: .st, value: .bytes(bytes))
    }

    private var sourceImages: DataElement? {
        guard let sopClassUID = header.uid(.sopClassUID), let sopInstanceUID = header.uid(.sopInstanceUID) else {
            return nil
        }
        let item = DataSet([
            .uid(.referencedSOPClassUID, sopClassUID), .uid(.referencedSOPInstanceUID, sopInstanceUID),
            .sequence(.purposeOfReferenceCodeSequence, [Self.code("121320", "Uncompressed predecessor")]),
        ])
        return .sequence(.sourceImageSequence, Self.small(header.items(.sourceImageSequence)) + [item])
    }

    private var derivationCodes: DataElement {
        let items = Self.small(header.items(.derivationCodeSequence))
        return .sequence(.derivationCodeSequence, items + [Self.code("113040", "Lossy Compression")])
    }

    /// Items that are in memory as a whole; others cannot be written again.
    private static func small(_ items: [DataSet]) -> [DataSet] {
        var open = items
        while let item = open.popLast() {
            for element in item.elements {
                if case .bulk = element.value { return [] }
                open.append(contentsOf: element.items)
            }
        }
        return items
    }

    private static func code(_ value: String, _ meaning: String) -> DataSet {
        DataSet([
            .text(.codeValue, .sh, value), .text(.codingSchemeDesignator, .sh, "DCM"),
            .text(.codeMeaning, .lo, meaning),
        ])
    }
}
