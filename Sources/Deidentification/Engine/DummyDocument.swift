import DICOMCore
import NIOCore

/// What stands in the place of an encapsulated document: the smallest one of its kind, without content.
///
/// The basic profile replaces Encapsulated Document (0042,0011) by a dummy, and no option cleans it: what a document shows
/// cannot be told from what it is made of.
struct DummyDocument {
    let bytes: ByteBuffer

    /// - Parameter mimeType: MIME Type of Encapsulated Document (0042,0012).
    init(mimeType: String) {
        switch mimeType.lowercased() {
        case "application/pdf": bytes = ByteBuffer(string: Self.portableDocument)
        case "text/xml": bytes = ByteBuffer(string: Self.clinicalDocument)
        case "model/stl", "application/sla": bytes = Self.triangles
        case "model/obj": bytes = ByteBuffer(string: "v 0 0 0\nv 0 0 0\nv 0 0 0\nf 1 2 3\n")
        case "model/mtl": bytes = ByteBuffer(string: "newmtl none\n")
        default: bytes = ByteBuffer(bytes: [0, 0])
        }
    }

    /// The document without padding behind it.
    var length: UInt32 { UInt32(bytes.readableBytes) }

    /// Encapsulated Document.
    var element: DataElement {
        var padded = bytes
        if padded.readableBytes % 2 == 1 { padded.writeInteger(0 as UInt8) }
        return DataElement(tag: .encapsulatedDocument, vr: .ob, value: .bytes(padded))
    }

    private static let portableDocument: String = {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        ]
        var text = "%PDF-1.4\n"
        var offsets: [Int] = []
        for (number, object) in objects.enumerated() {
            offsets.append(text.utf8.count)
            text += "\(number + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = text.utf8.count
        text += "xref\n0 4\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            text += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        return text + "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n\(start)\n%%EOF\n"
    }()

    private static let clinicalDocument =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>\n"

    /// A binary STL file: 80 bytes, the number of triangles, one triangle without extent.
    private static var triangles: ByteBuffer {
        var bytes = ByteBuffer(repeating: 0, count: 80)
        bytes.writeInteger(1 as UInt32, endianness: .little)
        bytes.writeRepeatingByte(0, count: 50)
        return bytes
    }
}
