import DICOMCore
import DICOMUpperLayer
import NIOCore
import Synchronization
import Testing

@testable import DIMSE

@Suite(.timeLimit(.minutes(5))) struct `A DIMSE server` {
    @Test func `answers C-ECHO`() async throws {
        try await RecordingServices().served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.echo)

                let response = try #require(try await peer.command())
                #expect(response.unsignedShort(.commandField) == 0x8030)
                #expect(response.unsignedShort(.messageIDBeingRespondedTo) == 9)
                #expect(response.unsignedShort(.status) == 0)
                #expect(response.uid(.affectedSOPClassUID)?.string == RawPeer.verification)
            }
        }
    }

    @Test func `stores a Data Set in fragments, answers it, and agrees to the release`() async throws {
        let services = RecordingServices()
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.store(messageID: 77))
                try await peer.send(Message.value(3, 0, [1, 2]) + Message.value(3, 0, [3, 4]))
                try await peer.send(Message.value(3, 2, [5, 6]))

                let response = try #require(try await peer.command())
                #expect(response.unsignedShort(.commandField) == 0x8001)
                #expect(response.unsignedShort(.messageIDBeingRespondedTo) == 77)
                #expect(response.unsignedShort(.status) == 0)
                #expect(response.uid(.affectedSOPInstanceUID)?.string == "1.2.3")
                try await peer.send(Message.releaseRequest)
                #expect(try await peer.pdu() == [6, 0, 0, 0, 0, 4, 0, 0, 0, 0])
            }
        }
        services.record.withLock { record in
            #expect(record.stored.map(\.bytes) == [[1, 2, 3, 4, 5, 6]])
            #expect(record.stored.first?.request.transferSyntax == .implicitVRLittleEndian)
            #expect(record.endedCount == 1)
        }
    }

    @Test func `drops what a service leaves of a body`() async throws {
        try await RecordingServices(takesBody: false).served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.store() + Message.value(3, 0, [1]) + Message.value(3, 2, [2]))
                #expect(try await peer.status() == 0)
                try await peer.send(Message.echo)
                #expect(try await peer.status() == 0)
            }
        }
    }

    private static let interruptions: [[UInt8]] = [
        Message.releaseRequest, Message.abort, Message.echo, Message.value(5, 0, [1]), [],
    ]

    @Test(arguments: interruptions)
    func `acknowledges nothing when a Data Set is broken off`(interruption: [UInt8]) async throws {
        let services = RecordingServices()
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.store() + Message.value(3, 0, [1]) + interruption)
                guard !interruption.isEmpty else { return }
                let answer = try await peer.pdu()
                #expect(answer == nil || answer?.first == 7)
            }
        }
        services.record.withLock { record in
            #expect(record.stored.allSatisfy { $0.failure != nil })
            #expect(record.endedCount == 1)
        }
    }

    @Test func `stops a Data Set above the limit with A700H, and aborts`() async throws {
        var limits = DIMSELimits()
        limits.instanceLength = 4
        let services = RecordingServices()
        try await services.served(limits: limits) { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.store() + Message.value(3, 2, [1, 2, 3, 4]))
                #expect(try await peer.status() == 0)
                try await peer.send(Message.store() + Message.value(3, 0, [1, 2, 3, 4]) + Message.value(3, 0, [5]))
                #expect(try await peer.status() == 0xA700)
                #expect(try await peer.pdu()?.first == 7)
            }
        }
    }

    private static let refusals: [Refusal] = [
        Refusal(Message.store(sopClass: RawPeer.verification) + Message.value(3, 2, [1]), 0x0122),
        Refusal(Message.store(sopInstance: "../../etc") + Message.value(3, 2, [1]), 0xA900),
        Refusal(Message.store(sopInstance: "") + Message.value(3, 2, [1]), 0xA900),
        // C-STORE on a context that is not for storage: refused, SOP class not supported (PS3.4 B.2.3).
        Refusal(Message.store(sopClass: RawPeer.studyRootFind, context: 5) + Message.value(5, 2, [1]), 0x0122),
        // No Affected SOP Class UID.
        Refusal(
            Message.value(1, 3, Message.short(0x100, 0x30) + Message.short(0x110, 1) + Message.short(0x800, 0x101)),
            0x0110
        ),
        // C-STORE without a Data Set.
        Refusal(
            Message.value(
                3,
                3,
                Message.text(2, RawPeer.ctImage) + Message.short(0x100, 1) + Message.short(0x110, 1)
                    + Message.short(0x800, 0x101) + Message.text(0x1000, "1.2")
            ),
            0x0110
        ),
        // N-ACTION, C-MOVE.
        Refusal(
            Message.value(
                1,
                3,
                Message.text(3, RawPeer.verification) + Message.short(0x100, 0x130) + Message.short(0x110, 1)
                    + Message.short(0x800, 0x101)
            ),
            0x0211
        ),
        Refusal(
            Message.value(
                5,
                3,
                Message.text(2, RawPeer.studyRootFind) + Message.short(0x100, 0x21) + Message.short(0x110, 1)
                    + Message.short(0x800, 0)
            ) + Message.identifier,
            0x0211
        ),
        // An identifier that is no Data Set.
        Refusal(Message.find + Message.value(5, 2, [8, 0, 0x52, 0, 0xFF, 0, 0, 0]), 0xC000),
    ]

    @Test(arguments: refusals)
    func `refuses an operation with its status and goes on`(refusal: Refusal) async throws {
        let services = RecordingServices()
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(refusal.bytes)
                #expect(try await peer.status() == refusal.status)
                try await peer.send(Message.echo)
                #expect(try await peer.status() == 0)
            }
        }
        services.record.withLock { #expect($0.stored.isEmpty) }
    }

    private static let breaches: [[UInt8]] = [
        // No Command Field, no Message ID, no Command Data Set Type, Explicit VR, a response, data without a command.
        Message.value(1, 3, Message.short(0x110, 1) + Message.short(0x800, 0x101)),
        Message.value(
            1,
            3,
            Message.text(2, RawPeer.verification) + Message.short(0x100, 0x30) + Message.short(0x800, 0x101)
        ),
        Message.value(1, 3, Message.short(0x100, 0x30) + Message.short(0x110, 1)),
        Message.value(1, 3, [0, 0, 0, 0, 0x55, 0x4C, 4, 0, 56, 0, 0, 0]),
        Message.value(1, 3, Message.short(0x100, 0x8030) + Message.short(0x120, 1) + Message.short(0x800, 0x101)),
        Message.value(3, 2, [1, 2]),
        // Two commands interleaved, and one that never ends.
        Message.value(1, 1, Message.short(0x110, 1)) + Message.value(3, 1, Message.short(0x110, 1)),
        Message.value(1, 1, Array(repeating: 0, count: 16_380)) + Message.value(1, 1, [0, 0, 0, 0, 0]),
    ]

    @Test(arguments: breaches)
    func `aborts on a message that cannot be answered`(bytes: [UInt8]) async throws {
        let services = RecordingServices()
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(bytes)
                #expect(try await peer.pdu()?.first == 7)
            }
        }
        services.record.withLock { #expect($0.endedCount == 1) }
    }
}

/// A message and the status that it has to get.
struct Refusal: Sendable {
    let bytes: [UInt8]
    let status: UInt16

    init(_ bytes: [UInt8], _ status: UInt16) {
        self.bytes = bytes
        self.status = status
    }
}

@Suite(.timeLimit(.minutes(5))) struct `A query` {
    @Test func `answers with each match, then with the outcome`() async throws {
        let match = DataSet([
            DataElement(tag: Tag(rawValue: 0x0010_0020), vr: .lo, value: .bytes(ByteBuffer(string: "P1")))
        ])
        let services = RecordingServices { _, respond in
            try await respond(match)
            try await respond(match)
            return .success
        }
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.find + Message.identifier)
                for _ in 0..<2 {
                    let response = try #require(try await peer.command())
                    #expect(response.unsignedShort(.commandField) == 0x8020)
                    #expect(response.unsignedShort(.status) == 0xFF00)
                    #expect(response.unsignedShort(.messageIDBeingRespondedTo) == 7)
                    #expect(response.unsignedShort(.commandDataSetType) != 0x101)
                    let dataSet = Message.value(5, 2, [0x10, 0, 0x20, 0, 2, 0, 0, 0] + Array("P1".utf8))
                    #expect(try await peer.pdu() == dataSet)
                }
                #expect(try await peer.status() == 0)
            }
        }
        services.record.withLock { #expect($0.identifiers.first?.elements.count == 1) }
    }

    @Test func `ends when it is cancelled, and not by another cancel`() async throws {
        let services = RecordingServices { request, respond in
            while !request.isCancelled() {
                try await respond(DataSet())
                await Task.yield()
            }
            return DIMSEOutcome(.cancel)
        }
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.find + Message.identifier)
                #expect(try await peer.status() == 0xFF00)
                try await peer.send(Message.cancel(8) + Message.cancel(8) + Message.cancel(7))
                var last: UInt16?
                while last == nil || last == 0xFF00 {
                    guard let pdu = try await peer.pdu(), pdu.first == 4 else { break }
                    guard pdu[11] == 3 else { continue }
                    last = try CommandSet(decoding: ByteBuffer(bytes: pdu[12...])).unsignedShort(.status)
                }
                #expect(last == 0xFE00)
                try await peer.send(Message.cancel(7) + Message.echo)
                #expect(try await peer.status() == 0)
            }
        }
    }

    @Test(arguments: [Message.abort, Message.releaseRequest, Message.echo])
    func `ends when the peer aborts, or breaks the rule of one operation at a time`(bytes: [UInt8]) async throws {
        let services = RecordingServices { request, _ in
            while !request.isCancelled() { await Task.yield() }
            return .success
        }
        try await services.served { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.find + Message.identifier + bytes)
                let answer = try await peer.pdu()
                #expect(answer == nil || answer?.first == 7)
            }
        }
        services.record.withLock { #expect($0.endedCount == 1) }
    }

    @Test func `refuses an identifier above the limit`() async throws {
        var limits = DIMSELimits()
        limits.identifierLength = 10
        try await RecordingServices().served(limits: limits) { port in
            try await RawPeer.with(port) { peer in
                try await peer.send(Message.find + Message.identifier)
                #expect(try await peer.status() == 0xA700)
                #expect(try await peer.pdu()?.first == 7)
            }
        }
    }
}
