import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import NIOCore
import Testing

@Suite struct `Taking objects in` {
    @Test func `a stored object reads back byte for byte`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 600)

        let outcome = try await archive.store(object)

        #expect(outcome.isStored)
        #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
    }

    @Test(arguments: [
        TransferSyntax.implicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
    ])
    func `the Data Set is kept in the Transfer Syntax it came in`(syntax: TransferSyntax) async throws {
        let archive = try await TestArchive()
        let object = TestObject(transferSyntax: syntax)

        _ = try await archive.store(object)

        #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
    }

    @Test func `a bare Data Set gets File Meta Information in front and stays as it is behind`() async throws {
        let archive = try await TestArchive()
        let object = TestObject()
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)
        let incoming = IncomingObject(
            form: .dataSet(.explicitVRLittleEndian),
            sopClassUID: object.sopClass,
            sopInstanceUID: object.instance
        )

        let outcome = await session.store(incoming, body: Pieces(try object.encoded(), of: 1))
        await session.close()

        let stored = try await archive.payload(object)
        #expect(outcome.isStored)
        #expect(Array(stored[128..<132]) == Array("DICM".utf8))
        #expect(
            Array(stored.suffix(try object.encoded().readableBytes)) == Array(try object.encoded().readableBytesView)
        )
    }

    @Test func `the same bytes again are success and add nothing`() async throws {
        let archive = try await TestArchive()

        let first = try await archive.store(TestObject())
        let second = try await archive.store(TestObject())

        #expect(first.isStored)
        #expect(second == .alreadyStored(try #require(first.identification)))
        #expect(try await archive.archive.counts().instances == 1)
    }

    @Test func `a different object under a known SOP Instance UID is refused and the first stays`() async throws {
        let archive = try await TestArchive()
        let first = TestObject()
        _ = try await archive.store(first)

        let outcome = try await archive.store(TestObject(number: 2))

        #expect(outcome.refusal?.reason == .differentObjectStored)
        #expect(try await archive.payload(first) == Array(try first.part10().readableBytesView))
    }

    @Test func `a known SOP Instance UID under another study is refused`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject())

        let outcome = try await archive.store(TestObject(study: UID(literal: "1.2.3.9")))

        #expect(outcome.refusal?.reason == .belongsElsewhere)
    }

    @Test func `a study is not moved to another patient by an object that says so`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject())

        let outcome = try await archive.store(TestObject(instance: UID(literal: "1.2.3.1.1.2"), patientID: "P2"))

        #expect(outcome.refusal?.reason == .belongsElsewhere)
        #expect(try await archive.archive.counts().patients == 1)
    }

    @Test func `an object that breaks off leaves nothing`() async throws {
        let archive = try await TestArchive()
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)
        let bytes = try TestObject(frames: 100).part10()

        let outcome = await session.store(IncomingObject(form: .part10), body: Pieces(bytes, breakingOffAfter: 9_000))
        await session.close()

        #expect(outcome.refusal?.reason == .interrupted)
        #expect(try await archive.archive.counts().instances == 0)
    }

    @Test func `a session goes on after a refused object`() async throws {
        let archive = try await TestArchive()
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)
        let broken = Pieces(try TestObject(frames: 100).part10(), breakingOffAfter: 9_000)
        let whole = TestObject(instance: UID(literal: "1.2.3.1.1.2"))

        _ = await session.store(IncomingObject(form: .part10), body: broken)
        let outcome = await session.store(IncomingObject(form: .part10), body: Pieces(try whole.part10()))
        await session.close()

        #expect(outcome.isStored)
        #expect(try await archive.payload(whole) == Array(try whole.part10().readableBytesView))
    }

    @Test func `a request that names another instance, class or study is a mismatch`() async throws {
        let archive = try await TestArchive()
        let object = TestObject()
        let other = UID(literal: "1.9")
        let requests: [(IncomingObject, DICOMCore.Tag)] = [
            (IncomingObject(form: .part10, sopClassUID: other), .sopClassUID),
            (IncomingObject(form: .part10, sopInstanceUID: other), .sopInstanceUID),
            (IncomingObject(form: .part10, studyInstanceUID: other), .studyInstanceUID),
        ]
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)

        for (request, tag) in requests {
            let outcome = await session.store(request, body: Pieces(try object.part10()))
            #expect(outcome.refusal?.reason == .mismatch(tag))
        }
        await session.close()
        #expect(try await archive.archive.counts().instances == 0)
    }

    @Test func `an object without Study Instance UID is refused by that tag`() async throws {
        let archive = try await TestArchive()
        let nameless = TestObject(extra: [.empty(.studyInstanceUID, .ui)])

        let outcome = try await archive.store(nameless)

        #expect(outcome.refusal?.reason == .missingIdentity(.studyInstanceUID))
    }

    @Test func `bytes that are no DICOM object are refused as such`() async throws {
        let archive = try await TestArchive()
        let session = try archive.archive.ingest.openSession(for: TestArchive.administrator)
        let text = ByteBuffer(string: String(repeating: "Lorem ipsum dolor sit amet. ", count: 40))

        let outcome = await session.store(IncomingObject(form: .part10), body: Pieces(text))
        await session.close()

        guard case .notReadable(let error) = outcome.refusal?.reason else {
            Issue.record("not refused as unreadable: \(outcome)")
            return
        }
        #expect(error.code == .notDICOM)
    }

    @Test func `of two senders of the same new object one stores it and the other finds it there`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 50)

        let outcomes = try await withThrowingTaskGroup(of: IngestOutcome.self) { group in
            for _ in 0..<8 { group.addTask { try await archive.store(object) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(outcomes.count(where: \.isStored) == 1)
        #expect(outcomes.allSatisfy { $0.refusal == nil })
        #expect(try await archive.archive.counts().instances == 1)
    }

    @Test func `a DICOM peer may store, and its title is the source`() async throws {
        let archive = try await TestArchive()
        let peer = Principal(.applicationEntity(AETitle(literal: "MODALITY")))

        let outcome = try await archive.store(TestObject(), as: peer)

        #expect(outcome.isStored)
        #expect(try await archive.instance(TestObject()).record.source == "MODALITY")
    }
}

extension IngestOutcome {
    var isStored: Bool { if case .stored = self { true } else { false } }
    var refusal: IngestRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }
    var identification: InstanceIdentification? {
        switch self {
        case .stored(let identification), .alreadyStored(let identification): identification
        case .refused: nil
        }
    }
}
