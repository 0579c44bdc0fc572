import Platform
import Synchronization

/// One line on standard error that shows how far long work is; silent when nobody watches.
struct ProgressBar {
    private static let width = 30
    private static let interval: Int64 = 100_000

    private let title: String
    private let isShown: Bool
    private let clock = SystemWallClock()
    private var lastDrawn: Int64 = 0

    /// Makes a bar.
    ///
    /// - Parameter isShown: Whether to draw at all; by default when standard error is a terminal.
    init(_ title: String, isShown: Bool = Console.isWatched) {
        self.title = title
        self.isShown = isShown
    }

    /// Draws the bar, ten times a second at most.
    mutating func update(done: Int, of total: Int, note: String = "") {
        let now = clock.now().microseconds
        guard isShown, total > 0, now - lastDrawn >= Self.interval || done == total else { return }
        lastDrawn = now
        let filled = Self.width * min(done, total) / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        Console.draw("\r\u{1B}[2K\(title) \(bar) \(done)/\(total) \(note)")
    }

    /// Takes the bar away.
    func finish() {
        if isShown { Console.draw("\r\u{1B}[2K") }
    }
}

/// A progress bar that several tasks may move.
final class SharedProgress: Sendable {
    private let bar: Mutex<ProgressBar>

    init(_ bar: ProgressBar) {
        self.bar = Mutex(bar)
    }

    func update(done: Int, of total: Int) {
        bar.withLock { $0.update(done: done, of: total) }
    }

    func finish() {
        bar.withLock { $0.finish() }
    }
}
