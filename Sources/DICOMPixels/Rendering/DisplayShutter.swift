import DICOMCore

/// What hides the part of an image around what is worth seeing (PS3.3 C.7.6.11, C.7.6.15).
///
/// Several shapes hide what lies outside of any of them.
struct DisplayShutter: Sendable {
    private struct Circle: Sendable {
        let row: Int
        let column: Int
        let radius: Int
    }

    /// Columns and rows that are seen, from 1; the edges are.
    private var rectangle: (columns: ClosedRange<Int>, rows: ClosedRange<Int>)?
    private var circle: Circle?
    /// Corners of a polygon.
    private var corners: [(row: Int, column: Int)] = []
    /// The group of an overlay whose bits hide.
    let overlayGroup: UInt16?
    /// From 0 to 1.
    let level: Double

    /// Beyond every image, and small enough to calculate with.
    private static let coordinates = -1_000_000...1_000_000
    private static let cornerLimit = 1_024

    /// Reads the module; `nil` without a shape that makes sense.
    init?(_ dataSet: DataSet) {
        func number(_ tag: Tag) -> Int? {
            dataSet.integer(tag).flatMap { Self.coordinates.contains($0) ? $0 : nil }
        }
        let shapes = dataSet.strings(for: .shutterShape)
        if shapes.contains("RECTANGULAR"), let left = number(.shutterLeftVerticalEdge),
            let right = number(.shutterRightVerticalEdge), let upper = number(.shutterUpperHorizontalEdge),
            let lower = number(.shutterLowerHorizontalEdge), left <= right, upper <= lower
        {
            rectangle = (left...right, upper...lower)
        }
        let center = dataSet.integers(.centerOfCircularShutter).filter(Self.coordinates.contains)
        if shapes.contains("CIRCULAR"), center.count == 2, let radius = number(.radiusOfCircularShutter), radius > 0 {
            circle = Circle(row: center[0], column: center[1], radius: radius)
        }
        let vertices = dataSet.integers(.verticesOfThePolygonalShutter)
        if shapes.contains("POLYGONAL"), vertices.count >= 6, vertices.count <= 2 * Self.cornerLimit,
            vertices.allSatisfy(Self.coordinates.contains)
        {
            corners = stride(from: 0, to: vertices.count - 1, by: 2).map { (vertices[$0], vertices[$0 + 1]) }
        }
        overlayGroup = shapes.contains("BITMAP") ? number(.shutterOverlayGroup).flatMap { UInt16(exactly: $0) } : nil
        guard rectangle != nil || circle != nil || !corners.isEmpty || overlayGroup != nil else { return nil }
        level = max(0, min(1, Double(dataSet.integer(.shutterPresentationValue) ?? 0) / 65_535))
    }

    /// Gives what is hidden the level of the shutter.
    func draw<Sample: RasterSample>(on raster: inout Raster<Sample>) {
        let hidden: Sample = GreyPipeline.sample(level)
        for row in 1...raster.height {
            var seen = [Bool](repeating: true, count: raster.width)
            keep(&seen, rectangle.map { $0.rows.contains(row) ? $0.columns : nil })
            keep(&seen, circle.map { span(of: $0, row) })
            if !corners.isEmpty {
                let inside = insidePolygon(row, width: raster.width)
                for column in seen.indices where !inside[column] { seen[column] = false }
            }
            for column in seen.indices where !seen[column] { raster.set(column, row - 1, hidden) }
        }
    }

    /// - Parameter span: `nil` is no shape, `.some(nil)` one that the row does not meet.
    private func keep(_ seen: inout [Bool], _ span: ClosedRange<Int>??) {
        guard let span else { return }
        for column in seen.indices where span?.contains(column + 1) != true { seen[column] = false }
    }

    private func span(of circle: Circle, _ row: Int) -> ClosedRange<Int>? {
        let distance = row - circle.row
        let rest = circle.radius * circle.radius - distance * distance
        guard rest >= 0 else { return nil }
        let half = Int(Double(rest).squareRoot())
        return circle.column - half...circle.column + half
    }

    /// Which pixels have their middles inside of the polygon: those with an odd number of edges to their left.
    private func insidePolygon(_ row: Int, width: Int) -> [Bool] {
        var crossings: [Double] = []
        for (position, corner) in corners.enumerated() {
            let next = corners[(position + 1) % corners.count]
            guard (corner.row <= row) != (next.row <= row) else { continue }
            let part = Double(row - corner.row) / Double(next.row - corner.row)
            crossings.append(Double(corner.column) + part * Double(next.column - corner.column))
        }
        crossings.sort()
        var inside = [Bool](repeating: false, count: width)
        for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
            let first = max(1, Int(crossings[pair].rounded(.up)))
            let last = min(width, Int(crossings[pair + 1].rounded(.down)))
            guard first <= last else { continue }
            for column in first...last { inside[column - 1] = true }
        }
        return inside
    }
}
