import DICOMCoding
import DICOMCore
import Logging
import Synchronization

/// What is odd about an object that is stored all the same, in the words of the log.
enum IngestOddity: String, Sendable {
    case fileHeader = "a file deviates from PS3.10 and is stored as it came"
    case foreignPreamble = "a file begins like what other software runs or opens and is stored as it came"
    case disorder = "elements stand out of order or twice; of those with one tag the first counts"
    case values = "values that break their Value Representation are stored as they came and cannot be searched for"

    fileprivate var level: Logger.Level {
        switch self {
        case .fileHeader: .debug
        case .foreignPreamble, .disorder, .values: .warning
        }
    }
}

extension IngestSession {
    /// Tells an operator, once in a session: what a device does oddly it does in every object.
    func tell(_ oddity: IngestOddity, _ metadata: @autoclosure () -> Logger.Metadata = [:]) {
        guard told.withLock({ $0.insert(oddity).inserted }) else { return }
        service.logger.log(level: oddity.level, "\(oddity.rawValue)", metadata: metadata())
    }

    /// Says what is odd about the header of a file.
    func tell(header quirks: Set<Quirk.Kind>) {
        guard !quirks.isEmpty else { return }
        service.quirks.count(quirks)
        tell(quirks.contains(.foreignPreamble) ? .foreignPreamble : .fileHeader, ["quirks": "\(Self.names(quirks))"])
    }

    /// Counts what is odd about the encoding of a Data Set; it is read and stored as it came.
    func tell(_ quirks: Set<Quirk.Kind>) {
        guard !quirks.isEmpty else { return }
        service.quirks.count(quirks)
        service.logger.debug("an encoding is odd and stored as it came", metadata: ["quirks": "\(Self.names(quirks))"])
    }

    private static func names(_ quirks: Set<Quirk.Kind>) -> String {
        quirks.map(\.rawValue).sorted().joined(separator: ", ")
    }

    /// Says which attributes are left out of the index.
    func tell(leftOut tags: [Tag]) {
        guard !tags.isEmpty else { return }
        tell(.values, ["tags": "\(tags.map(\.description).joined(separator: ", "))"])
    }
}
