import Testing

/// What the checks of deletion, compaction and shredding must notice.
@Suite struct `A removal that goes wrong` {
    /// Syncs that do nothing, in a run in which they matter.
    enum Blindness: String, CaseIterable, Sendable {
        case deletionWithoutPacks = "a deletion whose tombstones are not synced"
        case compactionWithoutPacks = "a compaction whose new pack is not synced"
        case compactionWithoutNames = "a compaction whose names are not synced"
        case shreddingWithoutKeyring = "a shredding whose keyring is not synced"
        case shreddingWithoutNames = "a shredding whose names are not synced"

        var run: ArchiveFaultRun {
            switch self {
            case .deletionWithoutPacks: .deletion
            case .compactionWithoutPacks, .compactionWithoutNames: .compaction
            case .shreddingWithoutKeyring, .shreddingWithoutNames: .shredding
            }
        }

        var rules: SyncRules {
            switch self {
            case .deletionWithoutPacks, .compactionWithoutPacks: SyncRules(files: false)
            case .shreddingWithoutKeyring: SyncRules(keyring: false)
            case .compactionWithoutNames, .shreddingWithoutNames: SyncRules(directories: false)
            }
        }
    }

    @Test(arguments: Blindness.allCases)
    func `is found out when syncs do nothing`(blindness: Blindness) async throws {
        let recording = try await blindness.run.record()

        let outcome = try await CrashExplorer(recording, rules: blindness.rules).explore(.each(7), stopsAtFirst: true)

        print("\(blindness.rawValue): \(outcome.checked) states, \(outcome.violations.first?.description ?? "-")")
        #expect(!outcome.violations.isEmpty)
    }

    @Test func `is found out when a compaction drops the old pack before the new one is durable`() async throws {
        let (recording, change) = try await ArchiveFaultRun.compaction.record().droppingOldPacksTooEarly()

        let outcome = try await CrashExplorer(recording).explore(.each(7), from: change, stopsAtFirst: true)

        print("hasty compaction: \(outcome.checked) states, \(outcome.violations.first?.description ?? "-")")
        #expect(!outcome.violations.isEmpty)
    }

    @Test func `is found out when a shredding reports before the keyring is durable`() async throws {
        let (recording, change) = try await ArchiveFaultRun.shredding.record().tellingShreddingTooEarly()

        let outcome = try await CrashExplorer(recording).explore(.each(7), from: change, stopsAtFirst: true)

        print("hasty shredding: \(outcome.checked) states, \(outcome.violations.first?.description ?? "-")")
        #expect(!outcome.violations.isEmpty)
    }
}

extension Recording {
    /// The same run in another order: each old pack goes, durably, before the pack that stands for it is synced.
    fileprivate func droppingOldPacksTooEarly() throws -> (Recording, change: Int) {
        var events = log.events
        let unlinked = events.indices.filter { index in
            guard case .changed(.unlink(let path), _) = events[index] else { return false }
            return path.hasSuffix(".pack") && !path.contains("/open/")
        }
        let last = try #require(unlinked.last)
        // A pack that stands for old ones is a draft, is synced, and takes its name among the open packs.
        let drafts = events[..<last].compactMap { event -> String? in
            guard case .changed(.rename(let from, let to), _) = event, to.contains("/packs/open/") else { return nil }
            return from
        }
        let draft = try #require(drafts.last)
        let begun = try #require(
            events.lastIndex { event in
                guard case .changed(.create(_, let path), _) = event else { return false }
                return path == draft
            }
        )
        var moved: [DiskLog.Event] = []
        for index in unlinked where index > begun {
            guard case .changed(.unlink(let path), _) = events[index] else { continue }
            let folder = parent(of: path)
            moved += [events[index], .changed(.syncDirectory(path: folder), site: folder)]
        }
        for index in unlinked.reversed() where index > begun { events.remove(at: index) }
        events.insert(contentsOf: moved, at: begun + 1)
        return hasty("compaction", events, at: begun)
    }

    private func hasty(_ name: String, _ events: [DiskLog.Event], at event: Int) -> (Recording, change: Int) {
        let changed = DiskLog(base: log.base, events: events)
        let before = DiskLog(base: log.base, events: Array(events[..<event]))
        return (Recording(name: "hasty " + name, objects: objects, log: changed), before.changeCount)
    }

    /// The same run in another order: who asked hears of the end before the keyring is changed.
    fileprivate func tellingShreddingTooEarly() throws -> (Recording, change: Int) {
        var events = log.events
        func isTold(_ event: DiskLog.Event) -> Bool {
            guard case .acknowledged(let told) = event else { return false }
            return told.answer == .shredded
        }
        let asked = try #require(
            events.firstIndex { event in
                guard case .acknowledged(let told) = event else { return false }
                return told.answer == .asked
            }
        )
        let keyring = try #require(
            events[asked...].firstIndex { event in
                guard case .changed(_, let site) = event else { return false }
                return site.contains("/keyring")
            }
        )
        let told = events.filter(isTold)
        events.removeAll(where: isTold)
        events.insert(contentsOf: told, at: keyring)
        return hasty("shredding", events, at: keyring)
    }
}
