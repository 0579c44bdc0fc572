import ArchiveServices
import DICOMCore

/// A form in which objects, frames and bulk data can be sent.
struct Representation: Sendable, Hashable {
    /// The media type of the bytes.
    let mediaType: String
    /// Other names for it in the field.
    let aliases: [String]
    /// The Transfer Syntax that the bytes are told to be in.
    let transferSyntaxUID: UID
    /// Whether the client may leave the Transfer Syntax open: the media type says how to read the bytes.
    let isSelfDescribing: Bool

    /// The value of a Content-Type under that media type.
    func contentType(as mediaType: String) -> String {
        mediaType + "; transfer-syntax=" + transferSyntaxUID.string
    }

    /// A whole stored object: a Part 10 file says itself how it is encoded.
    static func object(_ transferSyntax: TransferSyntax) -> Representation {
        Representation(
            mediaType: "application/dicom",
            aliases: [],
            transferSyntaxUID: transferSyntax.uid,
            isSelfDescribing: true
        )
    }

    /// Frames or bulk data of an object (PS3.18 tables 8.7.3-4 and 8.7.3-5).
    static func frames(_ transferSyntax: TransferSyntax) -> Representation {
        if let compressed = compressed[transferSyntax.uid.string] {
            return Representation(
                mediaType: compressed[0],
                aliases: Array(compressed.dropFirst()) + ["application/octet-stream"],
                transferSyntaxUID: transferSyntax.uid,
                isSelfDescribing: true
            )
        }
        // Whatever hides the elements, native little-endian values are those of Explicit VR Little Endian.
        let isPlain = !transferSyntax.isEncapsulated && !transferSyntax.isBigEndian
        return Representation(
            mediaType: "application/octet-stream",
            aliases: [],
            transferSyntaxUID: isPlain || transferSyntax.uid.string == encapsulatedUncompressed
                ? TransferSyntax.explicitVRLittleEndian.uid : transferSyntax.uid,
            isSelfDescribing: false
        )
    }

    /// Whether a media range with this demand takes it.
    func isAccepted(mediaRange: String, transferSyntaxUID demanded: String?) -> Bool {
        let isDirect = MediaType.range(mediaRange, includes: mediaType)
        let isAlias = aliases.contains { MediaType.range(mediaRange, includes: $0) }
        guard isDirect || isAlias else { return false }
        if let demanded { return demanded == "*" || demanded == transferSyntaxUID.string }
        if mediaRange == "*/*" { return true }
        // Without a demand, bytes that do not describe themselves are Explicit VR Little Endian (PS3.18 8.7.3.3).
        let isExplained = isSelfDescribing && mediaRange != "application/octet-stream"
        return isExplained || transferSyntaxUID == TransferSyntax.explicitVRLittleEndian.uid
    }

    private static let encapsulatedUncompressed = "1.2.840.10008.1.2.1.98"

    private static let compressed: [String: [String]] = {
        var table: [String: [String]] = ["1.2.840.10008.1.2.5": ["image/dicom-rle", "image/x-dicom-rle"]]
        let jpegFamily: [(ClosedRange<Int>, [String])] = [
            (50...70, ["image/jpeg"]),
            (80...81, ["image/jls", "image/x-jls"]),
            (90...91, ["image/jp2"]),
            (92...93, ["image/jpx"]),
            (100...101, ["video/mpeg", "video/mpeg2"]),
            (102...108, ["video/mp4"]),
            (110...112, ["image/jxl"]),
            (201...203, ["image/jphc"]),
        ]
        for (numbers, types) in jpegFamily {
            for number in numbers { table["1.2.840.10008.1.2.4.\(number)"] = types }
        }
        return table
    }()
}
