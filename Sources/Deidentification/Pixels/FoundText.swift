import DICOMPixels

/// Text that was found in a frame; what it says is not kept.
struct FoundText: Sendable, Hashable {
    /// Where it is, in pixels of the frame.
    let box: PixelRectangle
    /// Whether it resembles an identifier of the patient.
    let isIdentifying: Bool

    /// Whether letters of that many fit a box: noise that is taken for text seldom does.
    static func hasShapeOfText(_ text: String, _ box: PixelRectangle) -> Bool {
        let count = text.unicodeScalars.count
        guard count > 0, (4...200).contains(box.height) else { return false }
        let letterWidth = Double(box.width) / Double(count)
        return letterWidth >= 0.2 * Double(box.height) && letterWidth <= 1.8 * Double(box.height)
    }

    /// Boxes of one line with little room between them as one, so that letters which were not read between two words go,
    /// too.
    static func joined(_ texts: [FoundText]) -> [FoundText] {
        var lines: [FoundText] = []
        for text in texts.sorted(by: { ($0.box.x, $0.box.y) < ($1.box.x, $1.box.y) }) {
            guard let position = lines.firstIndex(where: { isNeighbour($0.box, text.box) }) else {
                lines.append(text)
                continue
            }
            let line = lines[position]
            lines[position] = FoundText(
                box: line.box.union(text.box),
                isIdentifying: line.isIdentifying || text.isIdentifying
            )
        }
        return lines
    }

    private static func isNeighbour(_ line: PixelRectangle, _ word: PixelRectangle) -> Bool {
        let height = min(line.height, word.height)
        let common = min(line.endY, word.endY) - max(line.y, word.y)
        let gap = max(line.x, word.x) - min(line.endX, word.endX)
        return common * 2 >= height && max(line.height, word.height) <= 3 * height && gap <= 2 * height
    }
}
