import DICOMCore
import Platform

/// The calling AE titles that may associate from beyond loopback, and what is assumed of their text: one title per line in
/// the data folder, behind a tab the terms of a character set, behind another one when its objects are acknowledged.
///
/// Read at each association, so that `cassette ae add` takes effect without a restart.
struct KnownApplicationEntities: Sendable {
    /// One line.
    struct Entry: Sendable, Hashable {
        let title: AETitle
        /// The character set of Data Sets that name none, terms separated by backslashes.
        var characterSet: String?
        /// When its objects are acknowledged, unlike the setting says.
        var acknowledgement: Acknowledgement?
    }

    private let file: SmallFile

    init(_ folder: DataFolder, disk: any Disk) {
        file = SmallFile(path: folder.applicationEntities, disk: disk)
    }

    /// The entries, sorted by title.
    func entries() throws(DiskError) -> [Entry] {
        let text = try file.read() ?? ""
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            return fields.first.flatMap { AETitle($0) }.map { title in
                Entry(
                    title: title,
                    characterSet: fields.count > 1 && !fields[1].isEmpty ? String(fields[1]) : nil,
                    acknowledgement: fields.count > 2 ? Acknowledgement(rawValue: String(fields[2])) : nil
                )
            }
        }.sorted { $0.title < $1.title }
    }

    /// Replaces the list.
    func replace(_ entries: [Entry]) throws(DiskError) {
        let lines = entries.map { entry in
            var fields = [entry.title.string]
            if entry.characterSet != nil || entry.acknowledgement != nil { fields.append(entry.characterSet ?? "") }
            if let acknowledgement = entry.acknowledgement { fields.append(acknowledgement.rawValue) }
            return fields.joined(separator: "\t") + "\n"
        }
        try file.write(lines.joined())
    }
}
