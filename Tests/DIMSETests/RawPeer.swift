import DICOMCore
import DICOMUpperLayer
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import DIMSE

let group = MultiThreadedEventLoopGroup.singleton
let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A peer that sends any bytes it likes.
struct RawPeer: ~Copyable {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer = ByteBuffer()

    static let verification = "1.2.840.10008.1.1"
    static let ctImage = "1.2.840.10008.5.1.4.1.1.2"
    static let studyRootFind = "1.2.840.10008.5.1.4.1.2.2.1"

    /// Connects, has the contexts 1 Verification, 3 CT and 5 Study Root FIND accepted, and runs `body`.
    static func with(_ port: Int, _ body: (inout RawPeer) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        try await channel.executeThenClose { inbound, outbound in
            var peer = RawPeer(outbound: outbound, inbound: inbound.makeAsyncIterator())
            var request = ByteBuffer()
            let contexts = [verification, ctImage, studyRootFind].enumerated().map { index, uid in
                ProposedPresentationContext(
                    id: UInt8(2 * index + 1),
                    abstractSyntax: UID(uid),
                    transferSyntaxes: [.implicitVRLittleEndian]
                )
            }
            PDUEncoder.write(
                .associateRequest(
                    AssociateRequest(
                        calledAETitle: AETitle("CASSETTE"),
                        callingAETitle: AETitle("RAW"),
                        presentationContexts: contexts,
                        userInformation: UserInformation(maximumLength: 16_384, implementationClassUID: nil)
                    )
                ),
                to: &request
            )
            try await outbound.write(request)
            #expect(try await peer.pdu()?.first == 2)
            try await body(&peer)
        }
    }

    private init(
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) {
        self.outbound = outbound
        self.inbound = inbound
    }

    func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// The next PDU with its header; `nil` when the connection is closed.
    mutating func pdu() async throws -> [UInt8]? {
        while true {
            if let length = buffer.getInteger(at: buffer.readerIndex + 2, as: UInt32.self),
                let bytes = buffer.readBytes(length: 6 + Int(length))
            {
                return bytes
            }
            guard let received = try await inbound.next() else { return nil }
            buffer.writeImmutableBuffer(received)
        }
    }

    /// The next command; `nil` for anything else.
    mutating func command() async throws -> CommandSet? {
        guard let pdu = try await pdu(), pdu.first == 4, pdu.count > 12, pdu[11] == 3 else { return nil }
        return try CommandSet(decoding: ByteBuffer(bytes: pdu[12...]))
    }

    /// The status of the next response.
    mutating func status() async throws -> UInt16? {
        try await command()?.unsignedShort(.status)
    }
}

/// Messages laid out by hand after PS3.7 and PS3.8.
enum Message {
    static func element(_ number: UInt16, _ value: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(number & 0xFF), UInt8(number >> 8), UInt8(value.count), 0, 0, 0] + value
    }

    static func short(_ number: UInt16, _ value: UInt16) -> [UInt8] {
        element(number, [UInt8(value & 0xFF), UInt8(value >> 8)])
    }

    static func text(_ number: UInt16, _ value: String) -> [UInt8] {
        element(number, Array(value.utf8) + (value.utf8.count % 2 == 1 ? [0] : []))
    }

    static func value(_ context: UInt8, _ control: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        let length = UInt32(bytes.count)
        func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        return [4, 0] + big(length + 6) + big(length + 2) + [context, control] + bytes
    }

    static func store(
        sopClass: String = RawPeer.ctImage,
        sopInstance: String = "1.2.3",
        context: UInt8 = 3,
        messageID: UInt16 = 1
    ) -> [UInt8] {
        value(
            context,
            3,
            text(2, sopClass) + short(0x100, 1) + short(0x110, messageID) + short(0x700, 0) + short(0x800, 0)
                + text(0x1000, sopInstance)
        )
    }

    static let echo = value(
        1,
        3,
        text(2, RawPeer.verification) + short(0x100, 0x30) + short(0x110, 9) + short(0x800, 0x101)
    )
    static let find = value(
        5,
        3,
        text(2, RawPeer.studyRootFind) + short(0x100, 0x20) + short(0x110, 7) + short(0x700, 0) + short(0x800, 0)
    )
    /// (0008,0052) CS [STUDY ]
    static let identifier = value(5, 2, [8, 0, 0x52, 0, 6, 0, 0, 0] + Array("STUDY ".utf8))

    static func cancel(_ messageID: UInt16) -> [UInt8] {
        value(5, 3, short(0x100, 0x0FFF) + short(0x120, messageID) + short(0x800, 0x101))
    }

    static let releaseRequest: [UInt8] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    static let abort: [UInt8] = [7, 0, 0, 0, 0, 4, 0, 0, 0, 0]
}
