public import AccessControl
public import ArchiveCatalog
public import DICOMCore
import PackStorage

extension QueryService {
    /// Answers with Instance Availability (0008,0056) where objects are not at once at hand.
    ///
    /// A study or series of several places has the availability of the one that is hardest to reach. Where all stores
    /// answer at once, nothing is looked up.
    ///
    /// - Parameter answers: With the UIDs of their level and of those above it.
    public func withAvailability(
        _ answers: [DataSet],
        level: QueryLevel,
        as principal: Principal
    ) async throws(ArchiveError) -> [DataSet] {
        guard recalls.mayBeFar, level != .patient else { return answers }
        var studies: [UID: InstanceAvailability] = [:]
        var result: [DataSet] = []
        result.reserveCapacity(answers.count)
        for var answer in answers {
            if let study = answer.uid(.studyInstanceUID) {
                let ofStudy: InstanceAvailability
                if let known = studies[study] {
                    ofStudy = known
                } else {
                    ofStudy = try await availability(ofStudy: study)
                    studies[study] = ofStudy
                }
                let found = try await availability(of: answer, level, in: study, ofStudy)
                if found != .online {
                    answer.set(.text(.instanceAvailability, .cs, found.rawValue))
                }
            }
            result.append(answer)
        }
        return result
    }

    private func availability(ofStudy study: UID) async throws(ArchiveError) -> InstanceAvailability {
        let packs: [PackID]
        do throws(CatalogError) {
            packs = try await catalog.studyHolding(study)?.packs.map { PackID($0.packID) } ?? []
        } catch {
            throw ArchiveError(error)
        }
        return try await worst(of: packs)
    }

    /// A study that is at hand is so with everything in it.
    private func availability(
        of answer: DataSet,
        _ level: QueryLevel,
        in study: UID,
        _ ofStudy: InstanceAvailability
    ) async throws(ArchiveError) -> InstanceAvailability {
        guard level != .study, ofStudy != .online else { return ofStudy }
        let scope = RetrieveScope(
            studyInstanceUID: study,
            seriesInstanceUID: answer.uid(.seriesInstanceUID),
            sopInstanceUID: level == .instance ? answer.uid(.sopInstanceUID) : nil
        )
        let packs: Set<PackID>
        do throws(CatalogError) {
            packs = try await catalog.packs(of: scope)
        } catch {
            throw ArchiveError(error)
        }
        return try await worst(of: packs)
    }

    private func worst(of packs: some Collection<PackID>) async throws(ArchiveError) -> InstanceAvailability {
        var worst = InstanceAvailability.online
        for pack in packs { worst = max(worst, try await recalls.availability(of: pack)) }
        return worst
    }
}
