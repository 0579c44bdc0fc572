import DICOMUpperLayer
public import NIOCore

/// The upper layer protocol as a peer may speak it: PDUs, their items, and the state machine they drive.
public enum PDUTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "PDU"

    /// The first byte chooses the pieces and the role, the rest is what the peer sends.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var stream = input
        let choice = stream.takeChoice()
        let whole = Stream(decoding: [stream])
        let cut = Stream(decoding: stream.pieces(seed: choice))
        try require(whole == cut, "pieces give \(cut), the whole gives \(whole)")
        for case .pdu(let pdu) in whole.elements { try checkEncoding(of: pdu) }
        try checkValues(in: whole)
        try AssociationRun.check(whole, isRequestor: choice & 0x80 != 0)
    }

    /// Everything that a stream is decoded to; what comes in pieces is put together.
    struct Stream: Hashable {
        private(set) var elements: [PDUDecoder.Element] = []
        private(set) var error: PDUError?

        init(decoding pieces: [ByteBuffer]) {
            var decoder = PDUDecoder(limits: UpperLayerLimits())
            do throws(PDUError) {
                for piece in pieces {
                    decoder.feed(piece)
                    while let element = try decoder.next() { append(element) }
                }
            } catch {
                self.error = error
            }
        }

        private mutating func append(_ element: PDUDecoder.Element) {
            guard case .presentationDataValue(let value) = element,
                case .presentationDataValue(let last)? = elements.last, !last.isLast,
                last.presentationContextID == value.presentationContextID, last.isCommand == value.isCommand
            else {
                elements.append(element)
                return
            }
            var bytes = last.bytes
            bytes.writeImmutableBuffer(value.bytes)
            elements[elements.count - 1] = .presentationDataValue(
                PresentationDataValue(
                    presentationContextID: value.presentationContextID,
                    isCommand: value.isCommand,
                    isLast: value.isLast,
                    bytes: bytes
                )
            )
        }
    }

    /// What the encoder writes is read back as it was, once what the standard makes equal is equal.
    private static func checkEncoding(of pdu: PDU) throws(PropertyViolation) {
        var bytes = ByteBuffer()
        PDUEncoder.write(pdu, to: &bytes)
        // An item that was just short enough may grow by what the encoder always writes.
        guard bytes.readableBytes < 60_000 else { return }
        let once = Stream(decoding: [bytes])
        try require(
            once.error == nil && once.elements.count == 1,
            "the encoding of \(pdu) is read as \(once)"
        )
        guard case .pdu(let read)? = once.elements.first else {
            throw PropertyViolation("the encoding of \(pdu) is read as P-DATA")
        }
        var again = ByteBuffer()
        PDUEncoder.write(read, to: &again)
        try require(again == bytes, "\(read) is encoded in another way than \(pdu), of which it was read")
        guard case .associateAccept = pdu else {
            try require(read == pdu, "\(pdu) is read back as \(read)")
            return
        }
    }

    /// Values written with the encoder's header are read back.
    private static func checkValues(in stream: Stream) throws(PropertyViolation) {
        var bytes = ByteBuffer()
        var values: [PDUDecoder.Element] = []
        for case .presentationDataValue(let value) in stream.elements {
            PDUEncoder.writePresentationDataValueHeader(
                length: value.bytes.readableBytes,
                presentationContextID: value.presentationContextID,
                isCommand: value.isCommand,
                isLast: value.isLast,
                to: &bytes
            )
            bytes.writeImmutableBuffer(value.bytes)
            values.append(.presentationDataValue(value))
        }
        guard !values.isEmpty else { return }
        let read = Stream(decoding: [bytes])
        let joined = Stream(decoding: bytes.pieces(seed: 1))
        try require(read == joined && read.error == nil, "values written by the encoder are read as \(read)")
        let length = read.elements.reduce(0) { count, element in
            guard case .presentationDataValue(let value) = element else { return count }
            return count + value.bytes.readableBytes
        }
        let expected = values.reduce(0) { count, element in
            guard case .presentationDataValue(let value) = element else { return count }
            return count + value.bytes.readableBytes
        }
        try require(length == expected, "\(expected) bytes of values are read back as \(length)")
    }
}
