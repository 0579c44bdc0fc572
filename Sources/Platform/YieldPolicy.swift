/// How long background work rests after a piece of it, so that who waits at a door goes first.
///
/// A pure rule: with nobody at a door it never rests; with many it still does a piece now and then, so that copies, scrubbing
/// and compaction end however busy the archive is.
public struct YieldPolicy: Sendable, Hashable {
    /// Times the length of the last piece to rest for each visitor.
    public var restPerVisit: Int
    /// The longest rest, in times the length of the last piece.
    public var restLimit: Int
    /// The longest rest.
    public var longestRest: Duration
    /// What the shortest pieces count as: reading is not all that they cost.
    public var shortestPiece: Duration
    /// How long a visitor counts after it has left: the next object of a sender follows within that time.
    public var lingering: Duration

    /// Makes a rule.
    public init(
        restPerVisit: Int = 2,
        restLimit: Int = 16,
        longestRest: Duration = .seconds(2),
        shortestPiece: Duration = .milliseconds(2),
        lingering: Duration = .milliseconds(250)
    ) {
        self.restPerVisit = max(0, restPerVisit)
        self.restLimit = max(0, restLimit)
        self.longestRest = longestRest
        self.shortestPiece = shortestPiece
        self.lingering = lingering
    }

    /// How long to rest.
    ///
    /// - Parameters:
    ///   - piece: How long the last piece took.
    ///   - visits: Requests that are being answered, and objects that are being stored or read.
    ///   - sinceLastVisit: How long ago the last of them ended; `nil` when there was none.
    public func rest(after piece: Duration, visits: Int, sinceLastVisit: Duration?) -> Duration {
        let isLingering = sinceLastVisit.map { $0 < lingering } ?? false
        let visitors = max(visits, isLingering ? 1 : 0)
        guard visitors > 0 else { return .zero }
        let (wanted, overflow) = visitors.multipliedReportingOverflow(by: restPerVisit)
        return min(longestRest, max(piece, shortestPiece) * min(overflow ? restLimit : wanted, restLimit))
    }
}
