import DICOMCore
import NIOCore

@testable import DICOMUpperLayer

/// PDUs laid out by hand after PS3.8 9.3, independent of the encoder.
enum Samples {
    static let verification = "1.2.840.10008.1.1"
    static let ctImage = "1.2.840.10008.5.1.4.1.1.2"
    static let implicit = "1.2.840.10008.1.2"
    static let explicit = "1.2.840.10008.1.2.1"

    static func item(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    static func buffer(_ bytes: UInt8...) -> ByteBuffer { ByteBuffer(bytes: bytes) }

    static func text(_ string: String) -> [UInt8] { Array(string.utf8) }

    static func title(_ string: String) -> [UInt8] {
        text(string) + Array(repeating: 0x20, count: max(0, 16 - string.utf8.count))
    }

    static func pdu(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, 0] + withLength(body)
    }

    static func withLength(_ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    }

    static func context(_ id: UInt8, _ abstractSyntax: String?, _ transferSyntaxes: [String]) -> [UInt8] {
        var body: [UInt8] = [id, 0, 0, 0]
        if let abstractSyntax { body += item(0x30, text(abstractSyntax)) }
        for transferSyntax in transferSyntaxes { body += item(0x40, text(transferSyntax)) }
        return item(0x20, body)
    }

    static let applicationContext = item(0x10, text("1.2.840.10008.3.1.1.1"))
    static let maximumLength = item(0x51, [0, 0, 0x40, 0])
    static let defaultUserItems = maximumLength + item(0x52, text("1.2.3.4")) + item(0x55, text("TEST_1"))

    static func request(
        called: [UInt8] = title("CASSETTE"),
        calling: [UInt8] = title("TEST"),
        version: UInt8 = 1,
        applicationContext: [UInt8] = applicationContext,
        contexts: [UInt8]? = nil,
        userItems: [UInt8] = defaultUserItems
    ) -> [UInt8] {
        let contexts =
            contexts ?? context(1, verification, [implicit]) + context(3, ctImage, [explicit, implicit])
        return pdu(
            1,
            [0, version, 0, 0] + called + calling + Array(repeating: 0, count: 32) + applicationContext + contexts
                + item(0x50, userItems)
        )
    }

    static let releaseRequest: [UInt8] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    static let releaseResponse: [UInt8] = [6, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    static let abort: [UInt8] = [7, 0, 0, 0, 0, 4, 0, 0, 0, 0]

    static func value(_ id: UInt8, control: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        withLength([id, control] + bytes)
    }

    static func data(_ values: [UInt8]...) -> [UInt8] {
        pdu(4, values.flatMap { $0 })
    }

    static func decode(_ bytes: [UInt8], limits: UpperLayerLimits = UpperLayerLimits()) throws -> [PDUDecoder.Element] {
        var decoder = PDUDecoder(limits: limits)
        decoder.feed(ByteBuffer(bytes: bytes))
        var elements: [PDUDecoder.Element] = []
        while let element = try decoder.next() { elements.append(element) }
        return elements
    }

    static func decodedRequest(_ bytes: [UInt8]) throws -> AssociateRequest? {
        guard case .pdu(.associateRequest(let request)) = try decode(bytes).first else { return nil }
        return request
    }
}
