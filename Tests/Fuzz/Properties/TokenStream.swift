import DICOMCoding
import DICOMCore
import NIOCore

/// Everything that a Data Set is decoded to; bulk that came in pieces is put together.
struct TokenStream {
    private(set) var tokens: [DataSetToken] = []
    private(set) var error: DataSetError?
    /// Bytes of values that were kept in memory.
    private(set) var keptLength = 0
    /// What was odd.
    private(set) var quirks: [Quirk.Kind] = []

    init(
        decoding pieces: [ByteBuffer],
        transferSyntax: TransferSyntax,
        limits: DataSetLimits,
        thresholds: BulkThresholds,
        tolerance: Tolerance = .unambiguous
    ) {
        var decoder = DataSetDecoder(
            transferSyntax: transferSyntax,
            limits: limits,
            thresholds: thresholds,
            tolerance: tolerance
        )
        defer { quirks = decoder.quirks.map(\.kind) }
        do throws(DataSetError) {
            for piece in pieces {
                decoder.append(piece)
                while let token = try decoder.next() { append(token) }
            }
            try decoder.finish()
            while let token = try decoder.next() { append(token) }
        } catch {
            self.error = error
        }
    }

    private mutating func append(_ token: DataSetToken) {
        if case .element(_, let bytes) = token { keptLength += bytes.readableBytes }
        guard case .bulkBytes(let bytes) = token, case .bulkBytes(var joined)? = tokens.last else {
            tokens.append(token)
            return
        }
        joined.writeImmutableBuffer(bytes)
        tokens[tokens.count - 1] = .bulkBytes(joined)
    }

    /// Beginnings and ends are paired, offsets ascend, and no more is open than the limit allows.
    func checkStructure(limits: DataSetLimits) throws(PropertyViolation) {
        var open: [Opening] = []
        var offset: UInt64 = 0
        var depth = 0
        for token in tokens {
            if let beginning = Self.offset(of: token) {
                try require(beginning >= offset, "offset \(beginning) comes behind \(offset)")
                offset = beginning
            }
            if let opening = Opening(beginningWith: token) {
                try require(opening.mayStand(in: open.last), "\(token) stands in \(String(describing: open.last))")
                open.append(opening)
                if opening == .sequence { depth += 1 }
            } else if let opening = Opening(endingWith: token) {
                try require(open.popLast() == opening, "\(token) ends what is not open")
                if opening == .sequence { depth -= 1 }
            }
            try require(depth <= limits.depth, "deeper than the limit")
        }
        try require(error != nil || open.isEmpty, "the Data Set ends with \(open) open")
    }

    private static func offset(of token: DataSetToken) -> UInt64? {
        switch token {
        case .element(let header, _), .beginSequence(let header), .beginBulk(let header),
            .beginFragments(let header):
            header.offset
        case .beginFragment(let offset, _), .endFragments(let offset): offset
        case .endSequence, .beginItem, .endItem, .bulkBytes, .endBulk, .endFragment: nil
        }
    }

    /// What is open between a beginning and an end.
    private enum Opening {
        case sequence
        case item
        case bulk
        case fragments
        case fragment

        init?(beginningWith token: DataSetToken) {
            switch token {
            case .beginSequence: self = .sequence
            case .beginItem: self = .item
            case .beginBulk: self = .bulk
            case .beginFragments: self = .fragments
            case .beginFragment: self = .fragment
            default: return nil
            }
        }

        init?(endingWith token: DataSetToken) {
            switch token {
            case .endSequence: self = .sequence
            case .endItem: self = .item
            case .endBulk: self = .bulk
            case .endFragments: self = .fragments
            case .endFragment: self = .fragment
            default: return nil
            }
        }

        func mayStand(in outer: Opening?) -> Bool {
            switch self {
            case .sequence, .bulk, .fragments: outer == nil || outer == .item
            case .item: outer == .sequence
            case .fragment: outer == .fragments
            }
        }
    }
}
