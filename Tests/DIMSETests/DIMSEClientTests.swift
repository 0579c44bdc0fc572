import DICOMCore
import DICOMUpperLayer
import NIOCore
import Synchronization
import Testing

@testable import DIMSE

/// Pieces of a Data Set, the last of which may fail.
private struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    struct Broken: Error {}

    let count: Int
    let length: Int
    var isBroken = false

    struct AsyncIterator: AsyncIteratorProtocol {
        var left: Int
        let pieces: Pieces

        mutating func next() async throws -> ByteBuffer? {
            guard left > 0 else {
                if pieces.isBroken { throw Broken() }
                return nil
            }
            left -= 1
            return ByteBuffer(repeating: UInt8(truncatingIfNeeded: left), count: pieces.length)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(left: count, pieces: self) }
}

@Suite(.timeLimit(.minutes(5))) struct `A DIMSE client` {
    private let ctImage = UID(literal: "1.2.840.10008.5.1.4.1.1.2")

    private func connect(_ port: Int) async throws -> DIMSEClient {
        try await DIMSEClient.connect(
            with: AssociationRequestor(group: group, logger: logger),
            host: "127.0.0.1",
            port: port,
            calling: try #require(AETitle("A")),
            called: try #require(AETitle("B")),
            contexts: [
                (ArchiveNegotiationPolicy.verification, [.implicitVRLittleEndian]),
                (ctImage, [.explicitVRLittleEndian]),
            ]
        )
    }

    @Test func `echoes and releases`() async throws {
        try await RecordingServices().served { port in
            let client = try await connect(port)

            #expect(try await client.echo() == .success)
            #expect(try await client.echo() == .success)
            #expect(await client.release() == .released)
        }
    }

    @Test(arguments: [(0, 0), (1, 10), (3, 300_000), (40, 131_072)])
    func `stores an instance of any length, byte for byte`(count: Int, length: Int) async throws {
        let services = RecordingServices()
        try await services.served { port in
            let client = try await connect(port)
            let status = try await client.store(
                sopClassUID: ctImage,
                sopInstanceUID: UID(literal: "1.2.3"),
                transferSyntax: .explicitVRLittleEndian,
                moveOriginator: (try #require(AETitle("MOVER")), 5),
                body: Pieces(count: count, length: length)
            )
            #expect(status == .success)
            #expect(await client.release() == .released)
        }
        let expected = (0..<count).reversed().flatMap { piece in
            Array(repeating: UInt8(truncatingIfNeeded: piece), count: length)
        }
        services.record.withLock { record in
            #expect(record.stored.first?.bytes == expected)
            #expect(record.stored.first?.request.moveOriginatorAETitle?.string == "MOVER")
            #expect(record.stored.first?.request.moveOriginatorMessageID == 5)
        }
    }

    @Test func `aborts when the body fails, and nothing is stored`() async throws {
        let services = RecordingServices()
        try await services.served { port in
            let client = try await connect(port)
            await #expect(throws: Pieces.Broken.self) {
                try await client.store(
                    sopClassUID: ctImage,
                    sopInstanceUID: UID(literal: "1.2.3"),
                    transferSyntax: .explicitVRLittleEndian,
                    body: Pieces(count: 3, length: 10, isBroken: true)
                )
            }
        }
        services.record.withLock { #expect($0.stored.allSatisfy { $0.failure != nil }) }
    }

    @Test func `needs an accepted context`() async throws {
        try await RecordingServices().served { port in
            let client = try await connect(port)
            await #expect(throws: DIMSEError(.noPresentationContext)) {
                try await client.store(
                    sopClassUID: ctImage,
                    sopInstanceUID: UID(literal: "1.2.3"),
                    transferSyntax: .implicitVRLittleEndian,
                    body: Pieces(count: 1, length: 1)
                )
            }
            client.abort()
        }
    }
}
