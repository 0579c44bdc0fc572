import NIOCore

/// What the markers before the first scan of a JPEG or JPEG-LS stream say (ISO/IEC 10918-1 B, ISO/IEC 14495-1 C).
///
/// Is read before any library sees the stream: what it is decides which library, and whether anything is allocated.
struct JPEGHeader: Sendable, Hashable {
    /// The coding process, from the kind of the frame header.
    enum Process: Sendable, Hashable {
        /// SOF0, SOF1: one or more scans with all bits of their coefficients.
        case sequential
        /// SOF2.
        case progressive
        /// SOF3: prediction instead of the cosine transform.
        case lossless
        /// SOF55: JPEG-LS.
        case jpegLS
    }

    /// One component of the frame header.
    struct Component: Sendable, Hashable {
        let identifier: UInt8
        let horizontalSampling: UInt8
        let verticalSampling: UInt8
    }

    /// Bytes before the start of image (SOI), from the first readable one.
    private(set) var start = 0
    private(set) var process = Process.sequential
    private(set) var precision = 0
    /// Where the byte with the precision stands, in bytes from SOI.
    private(set) var precisionPlace = 0
    private(set) var rows = 0
    private(set) var columns = 0
    private(set) var components: [Component] = []
    private(set) var hasJFIF = false
    /// The colour transform of Adobe's APP14: 0 none, 1 YCbCr, 2 YCCK.
    private(set) var adobeTransform: UInt8?
    /// The first scan: its components, and its Ss, Se, Ah and Al; what these mean depends on the process.
    private(set) var scanComponentCount = 0
    private(set) var scanStart: UInt8 = 0
    private(set) var scanEnd: UInt8 = 0
    private(set) var pointTransform: UInt8 = 0
    /// Where the first scan's samples begin, in bytes from SOI.
    private(set) var scanPlace = 0
    /// The largest sample of JPEG-LS where an LSE segment says it.
    private(set) var maximumSample: Int?
    /// After how many samples JPEG-LS halves its counters (RESET), where an LSE segment says it.
    private(set) var resetInterval: Int?

    /// Reads the markers up to the first scan.
    ///
    /// Fill bytes before the start and before each marker are passed over, as are bytes between segments that belong to
    /// no marker.
    ///
    /// - Throws: `.malformed` where the bytes end or are none of these; `.unsupported` for the processes that no Transfer
    ///   Syntax has (arithmetic coding, hierarchical) and for a height that only comes after the scan (DNL).
    init(_ stream: ByteBuffer) throws(PixelError) {
        var cursor = JPEGCursor(stream)
        start = try cursor.skipToStart()
        while true {
            let marker = try cursor.nextMarker()
            switch marker {
            case 0x01, 0xD0...0xD7: continue
            case 0xD8: throw PixelError(.malformed, "a second start of image at \(cursor.offset)")
            case 0xD9: throw PixelError(.malformed, "the stream ends without a scan")
            default: break
            }
            var segment = try cursor.segment()
            switch marker {
            case 0xC4, 0xC8, 0xCC: break
            case 0xC0...0xCF, 0xF7: try readFrame(marker, &segment)
            case 0xE0: hasJFIF = hasJFIF || segment.begins(with: "JFIF\0".utf8)
            case 0xEE: readAdobe(&segment)
            case 0xF8: try readParameters(&segment)
            case 0xDA:
                try readScan(&segment)
                scanPlace = cursor.offset - start
                return
            default: break
            }
        }
    }

    private mutating func readFrame(_ marker: UInt8, _ segment: inout JPEGCursor) throws(PixelError) {
        guard components.isEmpty else { throw PixelError(.malformed, "a second frame header at \(segment.offset)") }
        switch marker {
        case 0xC0, 0xC1: process = .sequential
        case 0xC2: process = .progressive
        case 0xC3: process = .lossless
        case 0xF7: process = .jpegLS
        default: throw PixelError(.unsupported, "JPEG with frame header \(marker - 0xC0)")
        }
        precisionPlace = segment.offset - start
        precision = Int(try segment.byte())
        rows = try segment.word()
        columns = try segment.word()
        let count = try segment.byte()
        guard rows > 0 else { throw PixelError(.unsupported, "JPEG whose height comes after the scan") }
        guard columns > 0, count > 0, (2...16).contains(precision) else {
            throw PixelError(.malformed, "frame header without samples")
        }
        for _ in 0..<count {
            let identifier = try segment.byte()
            let sampling = try segment.byte()
            _ = try segment.byte()
            components.append(
                Component(
                    identifier: identifier,
                    horizontalSampling: sampling >> 4,
                    verticalSampling: sampling & 15
                )
            )
        }
    }

    private mutating func readAdobe(_ segment: inout JPEGCursor) {
        // "Adobe", version, two flags, transform.
        guard segment.begins(with: "Adobe".utf8), segment.count >= 12 else { return }
        adobeTransform = segment.peek(at: 11)
    }

    private mutating func readParameters(_ segment: inout JPEGCursor) throws(PixelError) {
        guard try segment.byte() == 1 else { return }
        let maximum = try segment.word()
        maximumSample = maximum == 0 ? nil : maximum
        // Three thresholds stand in between.
        for _ in 0..<3 { _ = try segment.word() }
        let interval = try segment.word()
        resetInterval = interval == 0 ? nil : interval
    }

    private mutating func readScan(_ segment: inout JPEGCursor) throws(PixelError) {
        guard !components.isEmpty else { throw PixelError(.malformed, "a scan without a frame header") }
        scanComponentCount = Int(try segment.byte())
        guard (1...4).contains(scanComponentCount), scanComponentCount <= components.count else {
            throw PixelError(.malformed, "a scan of \(scanComponentCount) components")
        }
        for _ in 0..<2 * scanComponentCount { _ = try segment.byte() }
        scanStart = try segment.byte()
        scanEnd = try segment.byte()
        pointTransform = try segment.byte() & 15
    }
}

/// A place in the markers of a stream, within bounds that it never leaves.
struct JPEGCursor {
    /// Markers, with and without a segment, before the first scan; real streams have some dozens.
    private static let markerLimit = 65_536

    private let stream: ByteBuffer
    /// In bytes from the first readable one of the stream.
    private(set) var offset: Int
    private let end: Int
    private var markerCount = 0

    /// Begins with the first byte.
    init(_ stream: ByteBuffer) {
        self.init(stream, 0, stream.readableBytes)
    }

    private init(_ stream: ByteBuffer, _ offset: Int, _ end: Int) {
        self.stream = stream
        self.offset = offset
        self.end = end
    }

    /// Bytes that are left.
    var count: Int { end - offset }

    /// The byte `distance` after the place, if there is one.
    func peek(at distance: Int) -> UInt8? {
        guard distance < count else { return nil }
        return stream.getInteger(at: stream.readerIndex + offset + distance)
    }

    /// Whether the bytes from the place on are these.
    func begins(with bytes: some Sequence<UInt8>) -> Bool {
        var distance = 0
        for byte in bytes {
            guard peek(at: distance) == byte else { return false }
            distance += 1
        }
        return true
    }

    /// Takes a byte.
    mutating func byte() throws(PixelError) -> UInt8 {
        guard let byte = peek(at: 0) else { throw PixelError(.malformed, "the stream ends at \(offset)") }
        offset += 1
        return byte
    }

    /// Takes a number of two bytes.
    mutating func word() throws(PixelError) -> Int {
        let high = try byte()
        return Int(high) << 8 | Int(try byte())
    }

    /// Takes the start of image, and fill bytes before it.
    ///
    /// - Returns: where it stands.
    mutating func skipToStart() throws(PixelError) -> Int {
        while !begins(with: [0xFF, 0xD8]) {
            guard let byte = peek(at: 0), byte == 0 || byte == 0xFF else {
                throw PixelError(.malformed, "no start of image")
            }
            offset += 1
        }
        offset += 2
        return offset - 2
    }

    /// Takes bytes up to the next marker, and the marker.
    mutating func nextMarker() throws(PixelError) -> UInt8 {
        markerCount += 1
        guard markerCount <= Self.markerLimit else { throw PixelError(.malformed, "too many markers") }
        while true {
            guard try byte() == 0xFF else { continue }
            var code = try byte()
            while code == 0xFF { code = try byte() }
            if code != 0 { return code }
        }
    }

    /// Takes the segment of a marker; the result goes over what comes after its length.
    mutating func segment() throws(PixelError) -> JPEGCursor {
        let length = try word()
        guard length >= 2, length - 2 <= count else {
            throw PixelError(.malformed, "a segment at \(offset) of \(length) bytes")
        }
        let segment = JPEGCursor(stream, offset, offset + length - 2)
        offset += length - 2
        return segment
    }
}
