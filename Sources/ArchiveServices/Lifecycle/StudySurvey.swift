import ArchiveCatalog
import DICOMCore
import PackStorage
import Platform

/// Gathers what rules look at, page by page, oldest study first.
struct StudySurvey: Sendable {
    private static let pageLength = 200

    let catalog: CurrentCatalog
    let places: any PackPlaces
    let notes: any StudyNoteRegistry
    let holds: any StudyHolds
    let accesses: AccessLog

    /// The studies behind a place with the place where they end; `nil` at the end.
    func page(after position: StudyPosition?) async throws(ArchiveError) -> (facts: [StudyFacts], end: StudyPosition)? {
        let holdings: [StudyHolding]
        do throws(CatalogError) {
            holdings = try await catalog.studyHoldings(after: position, limit: Self.pageLength)
        } catch {
            throw ArchiveError(error)
        }
        guard let end = holdings.last?.position else { return nil }
        return (try await facts(of: holdings), end)
    }

    /// One study; `nil` when the archive has none.
    func study(_ studyInstanceUID: UID) async throws(ArchiveError) -> StudyFacts? {
        let holding: StudyHolding?
        do throws(CatalogError) {
            holding = try await catalog.studyHolding(studyInstanceUID)
        } catch {
            throw ArchiveError(error)
        }
        guard let holding else { return nil }
        return try await facts(of: [holding]).first
    }

    private func facts(of holdings: [StudyHolding]) async throws(ArchiveError) -> [StudyFacts] {
        let studies = holdings.map(\.studyInstanceUID)
        let held = try await holds.heldStudies(among: studies)
        let labels: [UID: Set<StudyLabel>]
        let accessed: [UID: Timestamp]
        do throws(RegistryError) {
            labels = try await notes.labels(of: studies)
            accessed = try await notes.lastAccesses(of: studies)
        } catch {
            throw ArchiveError(error)
        }
        var facts: [StudyFacts] = []
        facts.reserveCapacity(holdings.count)
        for holding in holdings {
            let study = holding.studyInstanceUID
            var packs: [PackFacts] = []
            for pack in holding.packs { packs.append(try await self.facts(of: pack)) }
            facts.append(
                StudyFacts(
                    studyInstanceUID: study,
                    catalogDate: holding.studyDate,
                    lastReceived: holding.lastReceived,
                    lastAccess: [accessed[study], accesses.pending(study)].compactMap { $0 }.max(),
                    modalities: holding.modalities,
                    labels: labels[study] ?? [],
                    isHeld: held.contains(study),
                    packs: packs
                )
            )
        }
        return facts
    }

    private func facts(of pack: PackHolding) async throws(ArchiveError) -> PackFacts {
        let id = PackID(pack.packID)
        let known: [PackPlace]
        do throws(PackError) {
            known = try await places.places(of: id)
        } catch {
            throw ArchiveError(error)
        }
        // A pack that only waits to be copied lies in the data folder.
        guard known.contains(where: { $0.state != .copying }) else {
            return PackFacts(packID: id, bytes: pack.bytes, stores: [.hot])
        }
        return PackFacts(
            packID: id,
            bytes: known.map(\.size).max().flatMap { $0 > 0 ? $0 : nil } ?? pack.bytes,
            stores: Set(known.filter { $0.state == .verified }.map(\.store)),
            isLeavingHot: known.contains { $0.store == .hot && $0.state != .verified }
        )
    }
}
