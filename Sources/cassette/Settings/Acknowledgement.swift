import ArgumentParser
import DICOMCore
import Logging
import Platform

/// When a sender hears that its object is stored.
enum Acknowledgement: String, Sendable, Hashable, ExpressibleByArgument {
    /// Once it is durable in the data folder.
    case local
    /// Once the store of the setting `copy-new` has it, too.
    case remote

    /// Where, for people.
    var place: String {
        switch self {
        case .local: "here"
        case .remote: "in another store, too"
        }
    }
}

/// Finds when the objects of a sender are acknowledged: what the list of AE titles says, else the setting.
struct AcknowledgementsBySource: Sendable {
    private let known: KnownApplicationEntities
    private let standard: Acknowledgement
    private let logger: Logger

    init(_ folder: DataFolder, disk: any Disk, standard: Acknowledgement, logger: Logger) {
        known = KnownApplicationEntities(folder, disk: disk)
        self.standard = standard
        self.logger = logger
    }

    /// Reads the list, once for each association; when it cannot be read, senders wait.
    func waitsForRemote(_ source: String) -> Bool {
        do {
            let entry = try known.entries().first { $0.title.string == source }
            return (entry?.acknowledgement ?? standard) == .remote
        } catch {
            logger.error("the list of AE titles cannot be read; objects are acknowledged as the strictest setting says")
            return true
        }
    }
}
