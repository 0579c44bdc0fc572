import DICOMCore
import Platform

/// The calling AE titles that may associate from beyond loopback: one title per line in the data folder.
///
/// Read at each association, so that `cassette ae add` takes effect without a restart.
struct KnownApplicationEntities: Sendable {
    private let file: SmallFile

    init(_ folder: DataFolder, disk: any Disk) {
        file = SmallFile(path: folder.applicationEntities, disk: disk)
    }

    /// The titles, sorted.
    func titles() throws(DiskError) -> [AETitle] {
        let text = try file.read() ?? ""
        return text.split(separator: "\n").compactMap { AETitle($0) }.sorted()
    }

    /// Replaces the list.
    func replace(_ titles: [AETitle]) throws(DiskError) {
        try file.write(titles.map { $0.string + "\n" }.joined())
    }
}
