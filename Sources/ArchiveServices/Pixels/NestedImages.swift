import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// Takes compressed images inside a sequence (icons) out of their compression.
///
/// In another Transfer Syntax they could not be read: compressed Pixel Data is in the Transfer Syntax of the Data Set, and
/// what is nested may always stand as it is (PS3.5 A.4).
struct NestedImages: Sendable {
    let pixels: PixelService
    let source: TransferSyntax

    /// The tokens of the sequence without compression; the sequence without items when an image cannot be decoded.
    func decoded(_ tokens: [DataSetToken]) async -> [DataSetToken] {
        var result: [DataSetToken] = []
        /// Elements of the items that are open, and where each began among the tokens.
        var items: [(elements: DataSet, start: Int)] = []
        var image: NestedImage?
        for token in tokens {
            switch token {
            case .beginItem:
                items.append((DataSet(), result.count))
                result.append(token)
            case .endItem:
                items.removeLast()
                result.append(token)
            case .element(let header, let value):
                let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(value))
                if !items.isEmpty { items[items.count - 1].elements.set(element) }
                result.append(token)
            case .beginFragments: image = NestedImage()
            case .endFragments:
                guard let item = items.last, let encoded = image?.bytes,
                    let frame = await decode(encoded, item.elements)
                else { return withoutItems(tokens) }
                image = nil
                Self.replace(in: &result, from: item.start, frame.format, item.elements)
                result += DataSetToken.bulk(.pixelData, frame.format.bitsAllocated > 8 ? .ow : .ob, frame.bytes)
            default:
                if image == nil { result.append(token) } else { image?.accept(token) }
            }
        }
        return result
    }

    private func decode(_ encoded: ByteBuffer, _ elements: DataSet) async -> PixelFrame? {
        guard let format = try? PixelFormat(elements) else { return nil }
        return try? await pixels.decode(encoded, in: source, as: format)
    }

    private func withoutItems(_ tokens: [DataSetToken]) -> [DataSetToken] {
        [tokens.first, tokens.last].compactMap { $0 }
    }

    /// Makes the elements of the item, which have passed, say what the image has become.
    private static func replace(
        in tokens: inout [DataSetToken],
        from start: Int,
        _ format: PixelFormat,
        _ elements: DataSet
    ) {
        for position in tokens.indices[start...] {
            guard case .element(let header, _) = tokens[position] else { continue }
            switch header.tag {
            case .photometricInterpretation:
                let name = format.photometricInterpretation.rawValue
                if elements.string(header.tag) != name { tokens[position] = .element(.text(header.tag, .cs, name)) }
            case .planarConfiguration:
                tokens[position] = .element(.unsignedShort(header.tag, format.isPlanar ? 1 : 0))
            default: continue
            }
        }
    }
}

/// The fragments of one nested image, joined.
private struct NestedImage {
    private(set) var bytes = ByteBuffer()
    private var fragments = 0

    mutating func accept(_ token: DataSetToken) {
        switch token {
        case .beginFragment: fragments += 1
        // The first fragment is the Basic Offset Table.
        case .bulkBytes(let piece) where fragments > 1: bytes.writeImmutableBuffer(piece)
        default: break
        }
    }
}
