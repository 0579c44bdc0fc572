import DICOMCore

/// Why a service did not do what was asked.
///
/// Gateways translate the code into the status that their protocol names; people read the text. Holds no value of a Data
/// Set.
public struct ArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The policy does not allow it.
        case denied
        /// There is no such study, series, instance, frame or bulk value (or the caller may not know).
        case notFound
        /// The question makes no sense: a key, range or number that cannot be understood.
        case badRequest
        /// What is asked contradicts what is there: a hold, another object, or what somebody did meanwhile.
        case conflict
        /// The object has no frames that can be told apart.
        case framesUnknown
        /// The pixels of the object cannot be decoded or shown: damaged, of a kind without codec, or beyond a limit.
        case notDecodable
        /// The object has no form of the kind that was asked for.
        case notMakeable
        /// The volume is full.
        case noSpace
        /// Stored bytes fail their authentication, or a pack is missing.
        case damaged
        /// The archive is stopping, or storage failed.
        case unavailable
        /// The object lies in a store that must bring it back before it can be read.
        case frozen
    }

    /// What went wrong.
    public let code: Code
    /// What to look at or do.
    public let advice: String
    /// The recall that brings the object back; `nil` when none was begun.
    public let recall: RecallReference?

    /// Makes an error.
    public init(_ code: Code, _ advice: String) {
        self.code = code
        self.advice = advice
        recall = nil
    }

    /// Makes the error of an object that is being brought back.
    public init(recall: RecallReference, _ advice: String) {
        code = .frozen
        self.advice = advice
        self.recall = recall
    }

    /// The advice, which begins with what went wrong.
    public var description: String { advice }
}
