import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

/// Writes the markers of a stream.
struct MarkerWriter {
    private(set) var bytes: [UInt8] = [0xFF, 0xD8]

    mutating func marker(_ code: UInt8) { bytes += [0xFF, code] }

    mutating func segment(_ code: UInt8, _ content: [UInt8]) {
        let length = content.count + 2
        bytes += [0xFF, code, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }

    mutating func frame(
        _ code: UInt8 = 0xC0,
        precision: UInt8 = 8,
        rows: UInt16 = 2,
        columns: UInt16 = 3,
        components: [(identifier: UInt8, sampling: UInt8)] = [(1, 0x11)]
    ) {
        let numbers = [precision, UInt8(rows >> 8), UInt8(rows & 0xFF), UInt8(columns >> 8), UInt8(columns & 0xFF)]
        segment(code, numbers + [UInt8(components.count)] + components.flatMap { [$0.identifier, $0.sampling, 0] })
    }

    mutating func scan(_ components: Int = 1, parameters: [UInt8] = [0, 63, 0]) {
        segment(0xDA, [UInt8(components)] + (0..<components).flatMap { [UInt8($0 + 1), 0] } + parameters)
    }

    func header() throws(PixelError) -> JPEGHeader { try JPEGHeader(ByteBuffer(bytes: bytes)) }
}

private let red = UInt8(ascii: "R")
private let green = UInt8(ascii: "G")
private let blue = UInt8(ascii: "B")
private let jfif = Array("JFIF\0".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0]

private func adobe(_ transform: UInt8) -> [UInt8] { Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, transform] }

@Suite struct `The header of a JPEG stream` {
    @Test func `says size, precision and components`() throws {
        var writer = MarkerWriter()
        writer.frame(0xC1, precision: 12, rows: 258, columns: 515)
        writer.scan()

        let header = try writer.header()

        #expect(header.process == .sequential)
        #expect(header.precision == 12)
        #expect(header.rows == 258)
        #expect(header.columns == 515)
        #expect(header.components.count == 1)
        #expect(header.precisionPlace == 6)
        #expect(header.scanPlace == writer.bytes.count)
    }

    @Test func `fill bytes, bytes without a marker, and markers without a segment are passed over`() throws {
        var writer = MarkerWriter()
        writer.marker(0xFF)
        writer.segment(0xE5, [0xFF, 0xD9, 0xFF, 0xDA])
        writer.marker(0x01)
        writer.frame()
        writer.marker(0x00)
        writer.scan()
        let bytes = [0xFF, 0x00] + writer.bytes

        let header = try JPEGHeader(ByteBuffer(bytes: bytes))

        #expect(header.start == 2)
        #expect(header.rows == 2)
        #expect(bytes[header.start + header.precisionPlace] == 8)
    }

    @Test func `cut before the first scan it is an error, wherever`() throws {
        var writer = MarkerWriter()
        writer.segment(0xE0, jfif)
        writer.frame()
        writer.segment(0xC4, [0, 1, 2, 3])
        writer.scan()

        for length in 0..<writer.bytes.count {
            let error = #expect(throws: PixelError.self) {
                try JPEGHeader(ByteBuffer(bytes: writer.bytes.prefix(length)))
            }
            #expect(error?.code == .malformed)
        }
    }

    @Test(arguments: [
        (UInt8(0xC5), PixelError.Code.unsupported), (0xC9, .unsupported), (0xCB, .unsupported), (0xCF, .unsupported),
    ])
    func `processes without a Transfer Syntax are named`(code: UInt8, expected: PixelError.Code) throws {
        var writer = MarkerWriter()
        writer.frame(code)
        writer.scan()

        let error = #expect(throws: PixelError.self) { try writer.header() }

        #expect(error?.code == expected)
    }

    @Test func `a frame without samples, or two frames, are damaged`() throws {
        for (precision, columns, count) in [(8, 0, 1), (1, 3, 1), (17, 3, 1), (8, 3, 0)] {
            var writer = MarkerWriter()
            let components = [(identifier: UInt8(1), sampling: UInt8(0x11))].prefix(count)
            writer.frame(precision: UInt8(precision), columns: UInt16(columns), components: Array(components))
            writer.scan()
            #expect(throws: PixelError.self) { try writer.header() }
        }
        var twice = MarkerWriter()
        twice.frame()
        twice.frame()
        twice.scan()
        #expect(throws: PixelError.self) { try twice.header() }
    }

    @Test func `a height that comes later is not supported`() throws {
        var writer = MarkerWriter()
        writer.frame(rows: 0)
        writer.scan()

        let error = #expect(throws: PixelError.self) { try writer.header() }

        #expect(error?.code == .unsupported)
    }

    @Test func `markers without end are an error`() throws {
        var bytes: [UInt8] = [0xFF, 0xD8]
        for _ in 0..<200_000 { bytes += [0xFF, 0x01] }

        let error = #expect(throws: PixelError.self) { try JPEGHeader(ByteBuffer(bytes: bytes)) }

        #expect(error?.code == .malformed)
    }

    @Test func `which library has a process and a precision`() throws {
        let cases: [(UInt8, UInt8, JPEGLibrary?)] = [
            (0xC0, 8, .turbo), (0xC1, 8, .turbo), (0xC2, 8, .turbo), (0xC1, 12, .gdcm12), (0xC1, 10, nil),
            (0xC3, 2, .gdcm8), (0xC3, 8, .gdcm8), (0xC3, 9, .gdcm12), (0xC3, 12, .gdcm12), (0xC3, 13, .gdcm16),
            (0xC3, 16, .gdcm16), (0xC0, 16, nil),
        ]
        for (code, precision, library) in cases {
            var writer = MarkerWriter()
            writer.frame(code, precision: precision)
            writer.scan()
            let header = try writer.header()
            #expect((try? JPEGLibrary(header)) == library, "SOF\(code - 0xC0) of \(precision) bits")
        }
    }
}

@Suite struct `The colour of a lossy JPEG stream` {
    private func isYBR(
        _ interpretation: PhotometricInterpretation,
        code: UInt8 = 0xC0,
        identifiers: [UInt8] = [1, 2, 3],
        sampling: UInt8 = 0x11,
        segments: [(UInt8, [UInt8])] = []
    ) throws -> Bool {
        var writer = MarkerWriter()
        for (code, content) in segments { writer.segment(code, content) }
        let components = identifiers.enumerated().map { ($0.element, $0.offset == 0 ? sampling : UInt8(0x11)) }
        writer.frame(code, components: components)
        writer.scan(3)
        let format = try PixelFormat(
            rows: 2,
            columns: 3,
            samplesPerPixel: 3,
            bitsAllocated: 8,
            photometricInterpretation: interpretation
        )
        return try writer.header().isYBR(labelled: format)
    }

    @Test func `a mark in the stream decides, whatever the label says`() throws {
        for label in [PhotometricInterpretation.rgb, .ybrFull422] {
            #expect(try isYBR(label, segments: [(0xE0, jfif)]))
            #expect(try isYBR(label, segments: [(0xEE, adobe(1))]))
            #expect(try !isYBR(label, segments: [(0xEE, adobe(0))]))
            #expect(try !isYBR(label, identifiers: [red, green, blue]))
        }
    }

    @Test func `without a mark the label decides`() throws {
        #expect(try !isYBR(.rgb))
        #expect(try isYBR(.ybrFull))
        #expect(try isYBR(.ybrFull422))
    }

    @Test func `subsampled chrominance is no RGB`() throws {
        #expect(try isYBR(.rgb, sampling: 0x21))
        #expect(try isYBR(.rgb, sampling: 0x22))
    }

    @Test func `of a lossless stream the label is right`() throws {
        #expect(try !isYBR(.rgb, code: 0xC3, segments: [(0xE0, jfif)]))
        #expect(try isYBR(.ybrFull, code: 0xC3))
    }
}
