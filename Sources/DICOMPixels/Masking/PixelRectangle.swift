/// A rectangle of whole pixels.
public struct PixelRectangle: Sendable, Hashable {
    /// The first column, from 0.
    public let x: Int
    /// The first row, from 0.
    public let y: Int
    /// Columns, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int

    /// Makes a rectangle; sizes below 1 become 1, and places that no image has the nearest that can be calculated with.
    public init(x: Int, y: Int, width: Int, height: Int) {
        let limit = 1 << 40
        self.x = max(-limit, min(limit, x))
        self.y = max(-limit, min(limit, y))
        self.width = max(1, min(limit, width))
        self.height = max(1, min(limit, height))
    }

    /// The column behind the last.
    public var endX: Int { x + width }

    /// The row behind the last.
    public var endY: Int { y + height }

    /// The part within an image; `nil` when there is none.
    public func clipped(width: Int, height: Int) -> PixelRectangle? {
        let left = max(0, x)
        let top = max(0, y)
        let right = min(width, endX)
        let bottom = min(height, endY)
        guard left < right, top < bottom else { return nil }
        return PixelRectangle(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// Larger on all sides.
    public func expanded(by margin: Int) -> PixelRectangle {
        PixelRectangle(x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin)
    }

    /// Whether a pixel is in both.
    public func intersects(_ other: PixelRectangle) -> Bool {
        x < other.endX && other.x < endX && y < other.endY && other.y < endY
    }

    /// Whether all of the other one lies in it.
    public func contains(_ other: PixelRectangle) -> Bool {
        x <= other.x && y <= other.y && other.endX <= endX && other.endY <= endY
    }

    /// The smallest rectangle around both.
    public func union(_ other: PixelRectangle) -> PixelRectangle {
        let left = min(x, other.x)
        let top = min(y, other.y)
        return PixelRectangle(
            x: left,
            y: top,
            width: max(endX, other.endX) - left,
            height: max(endY, other.endY) - top
        )
    }

    /// What of an image lies in none of the rectangles, as rectangles that do not overlap.
    public static func outside(of inner: [PixelRectangle], width: Int, height: Int) -> [PixelRectangle] {
        let inner = inner.compactMap { $0.clipped(width: width, height: height) }
        // Between two neighbouring edges all rows are alike.
        let edges = Set([0, height] + inner.flatMap { [$0.y, $0.endY] }).sorted()
        var outside: [PixelRectangle] = []
        for (top, bottom) in zip(edges, edges.dropFirst()) {
            let covering = inner.filter { $0.y <= top && $0.endY >= bottom }.sorted { $0.x < $1.x }
            var left = 0
            for box in covering {
                if box.x > left {
                    outside.append(PixelRectangle(x: left, y: top, width: box.x - left, height: bottom - top))
                }
                left = max(left, box.endX)
            }
            if left < width {
                outside.append(PixelRectangle(x: left, y: top, width: width - left, height: bottom - top))
            }
        }
        return outside
    }
}
