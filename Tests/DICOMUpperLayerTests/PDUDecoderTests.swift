import DICOMCore
import NIOCore
import Testing

@testable import DICOMUpperLayer

@Suite struct `Decoding PDUs` {
    @Test func `an association request is read item by item`() throws {
        let request = try #require(try Samples.decodedRequest(Samples.request()))

        #expect(request.calledAETitle?.string == "CASSETTE")
        #expect(request.callingAETitle?.string == "TEST")
        #expect(request.protocolVersion == 1)
        #expect(request.applicationContextName?.string == "1.2.840.10008.3.1.1.1")
        #expect(request.presentationContexts.map(\.id) == [1, 3])
        #expect(request.presentationContexts[1].abstractSyntax?.string == Samples.ctImage)
        #expect(
            request.presentationContexts[1].transferSyntaxes == [.explicitVRLittleEndian, .implicitVRLittleEndian]
        )
        #expect(request.userInformation.maximumLength == 16_384)
        #expect(request.userInformation.implementationClassUID?.string == "1.2.3.4")
        #expect(request.userInformation.implementationVersionName == "TEST_1")
    }

    @Test func `a request cut at any byte waits for the rest`() throws {
        let bytes = Samples.request()

        for count in 0..<bytes.count {
            #expect(try Samples.decode(Array(bytes[..<count])).isEmpty)
        }
    }

    @Test func `a request that comes byte by byte is the same request`() throws {
        let bytes = Samples.request()
        var decoder = PDUDecoder(limits: UpperLayerLimits())
        var elements: [PDUDecoder.Element] = []

        for byte in bytes {
            decoder.feed(ByteBuffer(bytes: [byte]))
            while let element = try decoder.next() { elements.append(element) }
        }

        #expect(elements == (try Samples.decode(bytes)))
        #expect(!decoder.isMidPDU)
    }

    @Test func `short PDUs have their fields`() throws {
        #expect(
            try Samples.decode(Samples.pdu(3, [0, 2, 3, 2]))
                == [.pdu(.associateReject(AssociateReject(result: 2, source: 3, reason: 2)))]
        )
        #expect(try Samples.decode(Samples.releaseRequest + Samples.releaseResponse).count == 2)
        #expect(try Samples.decode(Samples.pdu(7, [0, 0, 2, 6])) == [.pdu(.abort(Abort(source: 2, reason: 6)))])
    }

    @Test func `values in one PDU come one by one`() throws {
        let bytes = Samples.data(
            Samples.value(1, control: 3, [1, 2]),
            Samples.value(1, control: 0, [3, 4]),
            Samples.value(1, control: 2, [])
        )

        #expect(
            try Samples.decode(bytes)
                == [
                    .presentationDataValue(
                        .init(presentationContextID: 1, isCommand: true, isLast: true, bytes: Samples.buffer(1, 2))
                    ),
                    .presentationDataValue(
                        .init(presentationContextID: 1, isCommand: false, isLast: false, bytes: Samples.buffer(3, 4))
                    ),
                    .presentationDataValue(
                        .init(presentationContextID: 1, isCommand: false, isLast: true, bytes: Samples.buffer())
                    ),
                ]
        )
    }

    @Test func `a value cut at any byte has the same bytes, and ends once`() throws {
        let content = (0..<40).map { UInt8($0) }
        let bytes = Samples.data(Samples.value(5, control: 2, content)) + Samples.releaseRequest

        for count in 0...bytes.count {
            var decoder = PDUDecoder(limits: UpperLayerLimits())
            var received: [UInt8] = []
            var ends = 0
            var releases = 0
            for part in [bytes[..<count], bytes[count...]] {
                decoder.feed(ByteBuffer(bytes: part))
                while let element = try decoder.next() {
                    switch element {
                    case .presentationDataValue(let value):
                        received += Array(value.bytes.readableBytesView)
                        ends += value.isLast ? 1 : 0
                    case .pdu: releases += 1
                    }
                }
            }
            #expect(received == content)
            #expect(ends == 1)
            #expect(releases == 1)
        }
    }

    @Test(arguments: [UInt8(0), 8, 0x16, 0xFF])
    func `a type that does not exist is refused at its first byte`(type: UInt8) {
        let error = #expect(throws: PDUError.self) { try Samples.decode([type]) }

        #expect(error?.code == .unrecognizedPDU)
        #expect(error?.abortReason == .unrecognizedPDU)
    }

    @Test(arguments: [UInt8(1), 2, 4])
    func `a length above the limit is refused before a byte of it is awaited`(type: UInt8) {
        var limits = UpperLayerLimits()
        limits.pduLength = 100
        limits.associatePDULength = 100

        let error = #expect(throws: PDUError.self) { try Samples.decode([type, 0, 0, 0, 0, 101], limits: limits) }
        #expect(error?.code == .lengthExceedsLimit)
        #expect(error?.limit?.value == 100)
        #expect(error?.abortReason == .invalidPDUParameterValue)
        #expect(throws: Never.self) { try Samples.decode([type, 0, 0, 0, 0, 100], limits: limits) }
        #expect(throws: PDUError.self) { try Samples.decode([type, 0, 0xFF, 0xFF, 0xFF, 0xFF]) }
    }

    @Test func `lengths below what a type has are refused`() {
        #expect(throws: PDUError.self) { try Samples.decode([1, 0, 0, 0, 0, 67]) }
        #expect(throws: PDUError.self) { try Samples.decode([4, 0, 0, 0, 0, 0]) }
        #expect(throws: PDUError.self) { try Samples.decode([5, 0, 0, 0, 0, 3]) }
        #expect(throws: PDUError.self) { try Samples.decode([7, 0, 0, 0, 0, 5]) }
    }

    @Test(arguments: [UInt32(0), 1, 11, 0x7FFF_FFFF, 0xFFFF_FFFF])
    func `a value whose length is not that of its PDU is refused`(length: UInt32) {
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + [1, 2, 0, 0, 0, 0, 0, 0, 0, 0]

        let error = #expect(throws: PDUError.self) { try Samples.decode(Samples.pdu(4, Array(bytes.dropLast()))) }

        #expect(error?.code == .presentationDataValueLengthInvalid)
    }

    @Test(arguments: 1...5)
    func `a PDU with less than a value header left is refused`(count: Int) {
        #expect(throws: PDUError.self) { try Samples.decode(Samples.pdu(4, Array(repeating: 0, count: count))) }
    }

    @Test func `small values do not keep the buffer that they came in`() throws {
        var decoder = PDUDecoder(limits: UpperLayerLimits())
        var received = ByteBuffer()
        received.reserveCapacity(262_144)
        received.writeBytes(Samples.data(Samples.value(1, control: 2, [1, 2, 3, 4])))
        decoder.feed(received)

        guard case .presentationDataValue(let value)? = try decoder.next() else {
            Issue.record("no value")
            return
        }

        #expect(value.bytes.storageCapacity < 1_024)
    }
}
