import ArchiveCatalog
import DICOMCore
import Platform
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Whose a study is` {
    private static let study = UID(literal: "1.2.3.1")
    private static let unknown = PatientIdentity(patientID: "", issuer: "")
    private static let known = PatientIdentity(patientID: "P1", issuer: "")
    private static let issued = PatientIdentity(patientID: "P1", issuer: "HOSPITAL")

    private let archive: TestArchive
    private var owners: StudyOwners { archive.archive.ingest.owners }

    init() async throws {
        archive = try await TestArchive()
    }

    /// Lets the study belong to `owner`, as its first instance does.
    private func begin(_ owner: PatientIdentity) async throws {
        #expect(try await owners.claim(Self.study, for: owner) == .toSettle(owner))
        owners.settle(Self.study, belongsTo: owner)
    }

    @Test func `a member without new knowledge joins at once`() async throws {
        try await begin(Self.known)

        #expect(try await owners.claim(Self.study, for: Self.known) == .member)
        #expect(try await owners.claim(Self.study, for: Self.unknown) == .member)
        #expect(try await owners.claim(Self.study, for: PatientIdentity(patientID: "P2", issuer: "")) == .refused)
    }

    @Test func `a fuller identity that fails leaves the study to its owner`() async throws {
        try await begin(Self.unknown)
        let wrong = PatientIdentity(patientID: "P2", issuer: "")

        #expect(try await owners.claim(Self.study, for: wrong) == .toSettle(wrong))
        owners.settle(Self.study, belongsTo: nil)

        #expect(try await owners.claim(Self.study, for: Self.issued) == .toSettle(Self.issued))
        owners.settle(Self.study, belongsTo: Self.issued)
        #expect(try await owners.claim(Self.study, for: wrong) == .refused)
    }

    @Test func `what two members know of the patient adds up`() async throws {
        try await begin(Self.issued)

        // Known by its issuer already: an object without one must not take it away.
        #expect(try await owners.claim(Self.study, for: Self.known) == .member)
        let other = PatientIdentity(patientID: "P1", issuer: "OTHER")
        #expect(try await owners.claim(Self.study, for: other) == .refused)
    }

    @Test func `of two senders that name different patients at a time one is refused`() async throws {
        try await begin(Self.unknown)
        let patients = ["P1", "P2"].map { PatientIdentity(patientID: $0, issuer: "") }

        let owners = owners
        let claims = try await withThrowingTaskGroup(of: StudyOwners.Claim.self) { group in
            for patient in patients {
                group.addTask {
                    let claim = try await owners.claim(Self.study, for: patient)
                    if case .toSettle(let owner) = claim { owners.settle(Self.study, belongsTo: owner) }
                    return claim
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(claims.count { $0 == .refused } == 1)
    }

    @Test func `a failed object under a fuller identity does not keep the true patient out`() async throws {
        let disk = FaultInjectingDisk(PosixDisk())
        let archive = try await TestArchive(disk: disk)
        #expect(try await archive.store(TestObject(patientID: "")).isStored)
        disk.failCall(0, code: .io)
        let wrong = TestObject(instance: UID(literal: "1.2.3.1.1.2"), patientID: "P2")
        #expect(try await archive.store(wrong).refusal?.reason == .storageFailed)

        let outcome = try await archive.store(TestObject(instance: UID(literal: "1.2.3.1.1.3")))

        #expect(outcome.isStored)
        #expect(try await archive.archive.counts().patients == 1)
    }
}
