import DICOMCore
import DICOMPixels
import NIOCore
import Platform
import Synchronization

/// Keeps frames that were made, bounded in bytes, and makes each only once however many ask for it at a time.
///
/// Two generations: what was asked for since the younger one began survives the older one.
final class FrameCache: Sendable {
    /// What was made.
    enum Form: Sendable, Hashable {
        /// Without compression.
        case decoded
        /// In a Transfer Syntax.
        case encoded(UID, EncodingOptions)
        /// As a picture, shown as a Presentation State says if there is one.
        case picture(PictureOrder, presentationState: RandomID?)
    }

    struct Key: Sendable, Hashable {
        let recordID: RandomID
        let frameIndex: Int
        let form: Form
    }

    struct Entry: Sendable {
        let bytes: ByteBuffer
        /// What the bytes are, or were before they were encoded; `nil` where that does not matter.
        var format: PixelFormat?
    }

    private typealias Outcome = Result<Entry, any Error>

    private struct State: Sendable {
        var young: [Key: Entry] = [:]
        var old: [Key: Entry] = [:]
        var youngLength = 0
        /// Who waits for what is being made.
        var flights: [Key: [Int: CheckedContinuation<Outcome, Never>]] = [:]
        var nextID = 0
    }

    private enum Role {
        case hit(Entry)
        case leader
        case follower(Int)
    }

    /// Bytes that an entry costs beside its frame.
    private static let overhead = 256

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: Bytes of all frames together; 0 keeps none.
    init(limit: Int) {
        self.limit = limit
    }

    /// The entry of a key: kept, being made by another, or made now.
    func entry(for key: Key, make: () async throws -> Entry) async throws -> Entry {
        while true {
            switch role(for: key) {
            case .hit(let entry): return entry
            case .leader:
                do {
                    let entry = try await make()
                    end(key, .success(entry))
                    return entry
                } catch {
                    // Those who wait have not given up, whatever giving up looks like in what makes.
                    end(key, .failure(Task.isCancelled ? CancellationError() : error))
                    throw error
                }
            case .follower(let id):
                switch await wait(for: key, id) {
                case .success(let entry): return entry
                case .failure(let error):
                    // Whoever made it has gone; those who wait have not.
                    guard error is CancellationError, !Task.isCancelled else { throw error }
                }
            }
        }
    }

    /// How many wait for what others make.
    var waiterCount: Int { state.withLock { $0.flights.values.reduce(0) { $0 + $1.count } } }

    private func role(for key: Key) -> Role {
        state.withLock { state in
            if let entry = state.young[key] { return .hit(entry) }
            if let entry = state.old.removeValue(forKey: key) {
                keep(entry, key, &state)
                return .hit(entry)
            }
            guard state.flights[key] != nil else {
                state.flights[key] = [:]
                return .leader
            }
            state.nextID += 1
            return .follower(state.nextID)
        }
    }

    private func wait(for key: Key, _ id: Int) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !Task.isCancelled, state.flights[key] != nil else { return true }
                    state.flights[key]?[id] = continuation
                    return false
                }
                // It has landed in between: ask again.
                if isOver { continuation.resume(returning: .failure(CancellationError())) }
            }
        } onCancel: {
            let left = state.withLock { $0.flights[key]?.removeValue(forKey: id) }
            left?.resume(returning: .failure(CancellationError()))
        }
    }

    private func end(_ key: Key, _ outcome: Outcome) {
        let waiting = state.withLock { state in
            if case .success(let entry) = outcome { keep(entry, key, &state) }
            return state.flights.removeValue(forKey: key) ?? [:]
        }
        for continuation in waiting.values { continuation.resume(returning: outcome) }
    }

    private func keep(_ entry: Entry, _ key: Key, _ state: inout State) {
        let length = entry.bytes.storageCapacity + Self.overhead
        guard length <= limit / 2 else { return }
        if state.youngLength + length > limit / 2 {
            state.old = state.young
            state.young = [:]
            state.youngLength = 0
        }
        if state.young.updateValue(entry, forKey: key) == nil { state.youngLength += length }
    }
}
