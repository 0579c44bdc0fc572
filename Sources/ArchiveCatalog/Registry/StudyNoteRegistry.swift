public import DICOMCore
public import Platform

/// What people and readers leave on studies: labels, and when they were read last.
public protocol StudyNoteRegistry: Sendable {
    /// Notes for studies when they were read, in one transaction; an earlier time than the one that is kept changes
    /// nothing.
    func noteAccesses(_ accesses: [UID: Timestamp]) async throws(RegistryError)
    /// When these studies were read last; one that never was is absent.
    func lastAccesses(of studies: [UID]) async throws(RegistryError) -> [UID: Timestamp]
    /// Puts a label on a study; whether it was not there.
    func addLabel(_ label: StudyLabel, to study: UID, at time: Timestamp) async throws(RegistryError) -> Bool
    /// Takes a label from a study; whether it was there.
    func removeLabel(_ label: StudyLabel, from study: UID) async throws(RegistryError) -> Bool
    /// The labels of these studies; one without any is absent.
    func labels(of studies: [UID]) async throws(RegistryError) -> [UID: Set<StudyLabel>]
    /// Labelled studies in the order of their UID, after the given one.
    func labelledStudies(after study: UID?, limit: Int) async throws(RegistryError) -> [LabelledStudy]
    /// Forgets all notes of a study: it is no more.
    func removeNotes(of study: UID) async throws(RegistryError)
}

/// A word that people put on studies: 1 to 64 letters, digits, `-`, `_` and `.`.
///
/// Narrow, so that nobody writes a name into it that finds its way into a log or an address.
public struct StudyLabel: Sendable, Hashable, Comparable {
    /// The word.
    public let text: String

    /// The label of that text; `nil` when it is none.
    public init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        // A path segment may not be one or two dots.
        guard text.utf8.contains(where: { $0 != UInt8(ascii: ".") }) else { return nil }
        self.text = text
    }

    /// Orders by the bytes of the word.
    public static func < (left: StudyLabel, right: StudyLabel) -> Bool { left.text < right.text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// A study with its labels.
public struct LabelledStudy: Sendable, Hashable {
    /// The study.
    public let studyInstanceUID: UID
    /// Its labels.
    public let labels: Set<StudyLabel>

    /// Makes one.
    public init(studyInstanceUID: UID, labels: Set<StudyLabel>) {
        self.studyInstanceUID = studyInstanceUID
        self.labels = labels
    }
}
