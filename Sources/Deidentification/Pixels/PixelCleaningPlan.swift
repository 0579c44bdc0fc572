public import DICOMCore
public import DICOMPixels

/// What becomes of the pixels of one object: decided, and tried, before any byte of it is written.
public struct PixelCleaningPlan: Sendable, Hashable {
    /// Why pixels become black.
    public enum Reason: Sendable, Hashable {
        /// The rule of that name.
        case rule(String)
        /// They lie outside of the regions that the ultrasound device names (0018,6011).
        case outsideUltrasoundRegions
        /// Text was found there.
        case text(isIdentifying: Bool)
    }

    /// A rectangle that becomes black.
    public struct Mask: Sendable, Hashable {
        /// Where.
        public let rectangle: PixelRectangle
        /// Why.
        public let reason: Reason

        /// Makes a mask.
        public init(_ rectangle: PixelRectangle, _ reason: Reason) {
            self.rectangle = rectangle
            self.reason = reason
        }
    }

    /// What is done with the object.
    public enum Decision: Sendable, Hashable {
        /// It may leave.
        ///
        /// Where ``changesFrames`` holds, its frames go through ``PixelCleaner/frame(_:frameIndex:of:plan:)``.
        case include
        /// It stays; the text says why, without anything that was read in it.
        case exclude(String)
    }

    /// What is done with the object.
    public internal(set) var decision: Decision
    /// What becomes black, in all frames.
    public internal(set) var masks: [Mask] = []
    /// Whether bits beside the stored ones may hold something, which is cleared.
    public internal(set) var clearsUnusedBits = false
    /// The Transfer Syntax of the frames that are written; another one than before only where that loses.
    public internal(set) var transferSyntax: TransferSyntax
    /// Whether frames that do not change are encoded again, too: the Transfer Syntax or the form of the samples is another.
    public internal(set) var encodesAllFrames = false
    /// Elements of the outermost Data Set that describe the new frames, in place of those that are there.
    public internal(set) var elements = DataSet()
    /// Elements that no longer hold.
    public internal(set) var removedTags: [Tag] = []
    /// The frames in which text was looked for, 0-based; `nil` when that was not due.
    public internal(set) var searchedFrames: [Int]?
    /// Frames in the object.
    public internal(set) var frameCount = 0

    init(_ decision: Decision, transferSyntax: TransferSyntax) {
        self.decision = decision
        self.transferSyntax = transferSyntax
    }

    /// Whether frames may be other than they were.
    public var changesFrames: Bool { !masks.isEmpty || clearsUnusedBits || encodesAllFrames }

    /// Burned In Annotation (0028,0301) as it can be said now: `false` (NO) when text was looked for in the cleaned pixels and
    /// none was found; `nil` when nothing is known.
    public var hasBurnedInAnnotation: Bool? { searchedFrames == nil ? nil : false }
}
