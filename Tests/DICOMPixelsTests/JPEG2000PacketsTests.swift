import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

@Suite struct `The packets of JPEG 2000` {
    @Test(arguments: [1, 64]) func `are those of each layer, resolution, component and precinct`(tile: Int) throws {
        // SPcod: halved once, code-blocks of 64 by 64, no options, 9/7; precincts of 2^5 and 2^6.
        let style = try #require(JPEG2000Packets.Style([1, 4, 4, 0, 0, 0x55, 0x66], hasPrecincts: true))
        var packets = JPEG2000Packets()
        let isNoted = packets.note(style, layers: 3)
        #expect(isNoted)

        let count = packets.most(
            columns: TileEdges(end: 100, length: tile == 1 ? 100 : tile),
            rows: TileEdges(end: 60, length: 64),
            steps: [(1, 1), (1, 1)]
        )

        // By hand, with one tile or two: 50 by 30 of 32 by 32 are 2, 100 by 60 of 64 by 64 are 2.
        #expect(count == 3 * 2 * (2 + 2))
    }

    @Test func `too many to count are very many`() throws {
        var packets = JPEG2000Packets()
        let style = try #require(JPEG2000Packets.Style([0, 4, 4, 0, 0, 0], hasPrecincts: true))
        _ = packets.note(style, layers: 65_535)
        let side = TileEdges(end: Int(UInt32.max), length: Int(UInt32.max))

        #expect(packets.most(columns: side, rows: side, steps: [(1, 1)]) == .max)
    }

    @Test func `are not looked for where there are no bytes for them`() throws {
        let frame = try FrameShape(columns: 512, rows: 512, allocated: 8, stored: 8, pattern: .flat).frame()
        for transferSyntax in [TransferSyntax.jpeg2000Lossless, .htj2kLossless] {
            let encoded = try CodecLibrary.encode(
                frame,
                in: transferSyntax,
                options: EncodingOptions(quality: 90),
                limits: PixelLimits()
            )
            var bytes = Array(encoded.readableBytesView)
            let cod = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0x52 })
            let resolutions = Int(bytes[cod + 9]) + 1
            // Precincts of a sample each.
            try #require(bytes[cod + 4] & 1 == 0)
            bytes[cod + 4] |= 1
            bytes[cod + 3] += UInt8(resolutions)
            bytes.insert(contentsOf: Array(repeating: 0, count: resolutions), at: cod + 14)

            let error = #expect(throws: PixelError.self) {
                try CodecLibrary.decode(
                    ByteBuffer(bytes: bytes),
                    in: transferSyntax,
                    as: frame.format,
                    limits: PixelLimits()
                )
            }

            #expect(error?.code == .malformed)
            #expect(error?.detail.contains("precincts") == true)
        }
    }
}
