import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes
import Testing

@testable import HTTPGateway

@Suite struct `Answering a request that stores` {
    private let links = Links(configuration: HTTPGatewayConfiguration(publicURL: "http://a"))

    @Test func `everything stored is 200, with an item and an address for each`() throws {
        let answer = StoreResponse([.stored(try identification("1.2")), .alreadyStored(try identification("1.3"))])
        let dataSet = answer.dataSet(links: links)

        #expect(answer.status == .ok)
        #expect(dataSet.string(.retrieveURL) == "http://a/dicomweb/studies/1.1")
        #expect(dataSet.items(.referencedSOPSequence).map { $0.string(.referencedSOPInstanceUID) } == ["1.2", "1.3"])
        #expect(
            dataSet.items(.referencedSOPSequence).first?.string(.retrieveURL)
                == "http://a/dicomweb/studies/1.1/series/1.1.1/instances/1.2"
        )
        #expect(dataSet[.failedSOPSequence] == nil)
    }

    @Test func `a part of it refused is 202, and the refused is named with its reason`() throws {
        let refusal = IngestRefusal(.mismatch(.studyInstanceUID), sopClassUID: UID("1.9"), sopInstanceUID: UID("1.3"))
        let answer = StoreResponse([.stored(try identification("1.2")), .refused(refusal)])
        let failed = answer.dataSet(links: links).items(.failedSOPSequence)

        #expect(answer.status == .accepted)
        #expect(failed.map { $0.string(.referencedSOPInstanceUID) } == ["1.3"])
        #expect(failed.first?.integer(.failureReason) == 0xA900)
    }

    @Test func `what nobody can name stands among the other failures`() {
        let answer = StoreResponse([.refused(IngestRefusal(.notReadable(DataSetError(.notDICOM, at: 0))))])
        let dataSet = answer.dataSet(links: links)

        #expect(answer.status == .conflict)
        #expect(dataSet[.failedSOPSequence] == nil)
        #expect(dataSet.items(.otherFailuresSequence).first?.integer(.failureReason) == 0xC000)
        #expect(dataSet[.retrieveURL] == nil)
    }

    @Test(arguments: [
        (IngestRefusal.Reason.noSpace, 507), (.storageFailed, 500), (.denied, 403), (.tooLong, 413),
        (.differentObjectStored, 409), (.belongsElsewhere, 409),
    ])
    func `when all fail for one reason, the status says which`(reason: IngestRefusal.Reason, status: Int) {
        let refusal = IngestOutcome.refused(IngestRefusal(reason))

        #expect(StoreResponse([refusal, refusal]).status.code == status)
    }

    @Test func `when all fail for several reasons it is a conflict`() {
        let answer = StoreResponse([.refused(IngestRefusal(.noSpace)), .refused(IngestRefusal(.denied))])

        #expect(answer.status == .conflict)
    }

    @Test func `two studies have no address in common`() throws {
        let answer = StoreResponse([
            .stored(try identification("1.2")), .stored(try identification("1.3", study: "1.99")),
        ])

        #expect(answer.dataSet(links: links)[.retrieveURL] == nil)
    }

    private func identification(_ instance: String, study: String = "1.1") throws -> InstanceIdentification {
        InstanceIdentification(
            sopClassUID: try #require(UID("1.2.840.10008.5.1.4.1.1.7")),
            path: InstancePath(
                studyInstanceUID: try #require(UID(study)),
                seriesInstanceUID: try #require(UID("1.1.1")),
                sopInstanceUID: try #require(UID(instance))
            )
        )
    }
}
