import DICOMCore

/// Lines, figures and text of a Presentation State (PS3.3 C.10.5).
///
/// Areas are not filled, interpolated curves are straight between their points, and text has one size.
struct PresentationGraphics: Sendable {
    private enum Shape: Sendable {
        case point
        case line
        case circle
        case ellipse
        case text([Substring])
    }

    private struct Figure: Sendable {
        let shape: Shape
        /// x and y of each; see `isInPixels`.
        let points: [Point]
        /// Whether points count pixels of the image, otherwise they are parts of the picture (0 to 1).
        let isInPixels: Bool
        /// From 0 to 1.
        let level: Double
    }

    /// More would cover the picture.
    private static let figureLimit = 4_096
    private static let pointLimit = 65_536
    private static let stepCount = 90

    private var figures: [Figure] = []

    init(_ annotations: [DataSet], layers: [DataSet], characterSet: SpecificCharacterSet) {
        let known = layers.map {
            (name: $0.string(.graphicLayer), order: $0.integer(.graphicLayerOrder) ?? 0, item: $0)
        }
        let ordered = annotations.map { annotation in
            (annotation, known.first { $0.name == annotation.string(.graphicLayer) })
        }
        for (annotation, layer) in ordered.sorted(by: { ($0.1?.order ?? 0) < ($1.1?.order ?? 0) }) {
            let grey = layer?.item.integer(.graphicLayerRecommendedDisplayGrayscaleValue)
            let level = grey.map { Double($0) / 65_535 } ?? 1
            for graphic in annotation.items(.graphicObjectSequence) { add(graphic, level) }
            for text in annotation.items(.textObjectSequence) { add(text: text, level, characterSet) }
        }
    }

    private mutating func add(_ graphic: DataSet, _ level: Double) {
        let shape: Shape
        switch graphic.string(.graphicType) {
        case "POINT": shape = .point
        case "POLYLINE", "INTERPOLATED": shape = .line
        case "CIRCLE": shape = .circle
        case "ELLIPSE": shape = .ellipse
        default: return
        }
        let points = Self.points(graphic.decimals(.graphicData))
        let needed =
            switch shape {
            case .point: 1
            case .line, .circle: 2
            case .ellipse: 4
            case .text: 0
            }
        guard points.count >= needed, points.count <= Self.pointLimit, figures.count < Self.figureLimit else { return }
        let isInPixels = graphic.string(.graphicAnnotationUnits) != "DISPLAY"
        figures.append(Figure(shape: shape, points: points, isInPixels: isInPixels, level: level))
    }

    private mutating func add(text: DataSet, _ level: Double, _ characterSet: SpecificCharacterSet) {
        guard figures.count < Self.figureLimit,
            let value = text.string(.unformattedTextValue, characterSet: characterSet)
        else { return }
        let box = Self.points(text.decimals(.boundingBoxTopLeftHandCorner))
        let anchor = Self.points(text.decimals(.anchorPoint))
        guard let place = box.first ?? anchor.first else { return }
        let units: Tag = box.isEmpty ? .anchorPointAnnotationUnits : .boundingBoxAnnotationUnits
        let lines = value.split(whereSeparator: \.isNewline).prefix(64)
        figures.append(
            Figure(
                shape: .text(Array(lines)),
                points: [place],
                isInPixels: text.string(units) != "DISPLAY",
                level: level
            )
        )
        guard text.string(.anchorPointVisibility) == "Y", let end = anchor.first, !box.isEmpty else { return }
        // Drawn only where both count alike: the line from the text to what it speaks of.
        guard text.string(.anchorPointAnnotationUnits) == text.string(.boundingBoxAnnotationUnits) else { return }
        let isInPixels = text.string(.anchorPointAnnotationUnits) != "DISPLAY"
        figures.append(Figure(shape: .line, points: [place, end], isInPixels: isInPixels, level: level))
    }

    private static func points(_ numbers: [Double]) -> [Point] {
        stride(from: 0, to: numbers.count - 1, by: 2).map { Point(numbers[$0], numbers[$0 + 1]) }
    }

    /// Draws all that is there.
    func draw<Sample: RasterSample>(on raster: inout Raster<Sample>, _ placement: Placement) {
        for figure in figures {
            let level: Sample = GreyPipeline.sample(figure.level)
            let points = Self.outline(figure).map { point in
                // The upper left corner of the first pixel is 0, its lower right one is 1 (PS3.3 C.10.5.1.2).
                figure.isInPixels
                    ? placement.point(point.x, point.y)
                    : Point(point.x * Double(raster.width), point.y * Double(raster.height))
            }
            if case .text(let lines) = figure.shape {
                guard let place = points.first else { continue }
                let canvas = TextPlace(x: Int(clamping: place.x), y: Int(clamping: place.y), raster)
                canvas.draw(lines.map(String.init), on: &raster, level: level)
            } else if case .point = figure.shape {
                for point in points {
                    raster.line(Point(point.x - 3, point.y), Point(point.x + 3, point.y), level)
                    raster.line(Point(point.x, point.y - 3), Point(point.x, point.y + 3), level)
                }
            } else {
                for (start, end) in zip(points, points.dropFirst()) { raster.line(start, end, level) }
            }
        }
    }

    /// The points between which lines are drawn.
    private static func outline(_ figure: Figure) -> [Point] {
        let points = figure.points
        switch figure.shape {
        case .point, .line, .text: return points
        case .circle:
            // The middle, and a point of the circumference.
            let radius =
                ((points[1].x - points[0].x) * (points[1].x - points[0].x)
                + (points[1].y - points[0].y) * (points[1].y - points[0].y)).squareRoot()
            return around(points[0], Point(radius, 0), Point(0, radius))
        case .ellipse:
            // The ends of the major axis, then those of the minor one.
            let middle = Point((points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2)
            return around(
                middle,
                Point((points[1].x - points[0].x) / 2, (points[1].y - points[0].y) / 2),
                Point((points[3].x - points[2].x) / 2, (points[3].y - points[2].y) / 2)
            )
        }
    }

    private static func around(
        _ middle: Point,
        _ first: Point,
        _ second: Point
    ) -> [Point] {
        (0...stepCount).map { step in
            let (cosine, sine) = Trigonometry.unit(Double(step) / Double(stepCount))
            return Point(
                middle.x + first.x * cosine + second.x * sine,
                middle.y + first.y * cosine + second.y * sine
            )
        }
    }
}

extension Raster {
    /// Draws a line of one pixel, as far as it is in the picture.
    mutating func line(_ start: Point, _ end: Point, _ level: Sample) {
        guard let (start, end) = clipped(start, end) else { return }
        let steps = max(1, Int(clamping: max(abs(end.x - start.x), abs(end.y - start.y)).rounded(.up)))
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            let x = start.x + (end.x - start.x) * part
            let y = start.y + (end.y - start.y) * part
            set(Int(clamping: x.rounded(.down)), Int(clamping: y.rounded(.down)), level)
        }
    }

    /// The part of a line that is in the picture, so that the work is bounded by its size.
    private func clipped(
        _ start: Point,
        _ end: Point
    ) -> (start: Point, end: Point)? {
        var (from, to) = (0.0, 1.0)
        let borders = [
            (start.x + 1, end.x - start.x), (Double(width) + 1 - start.x, start.x - end.x),
            (start.y + 1, end.y - start.y), (Double(height) + 1 - start.y, start.y - end.y),
        ]
        for (distance, approach) in borders {
            guard distance.isFinite, approach.isFinite else { return nil }
            // Inside where distance + part × approach is not negative.
            if approach == 0 {
                guard distance >= 0 else { return nil }
            } else if approach > 0 {
                from = max(from, -distance / approach)
            } else {
                to = min(to, -distance / approach)
            }
        }
        guard from <= to else { return nil }
        func at(_ part: Double) -> Point {
            Point(start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part)
        }
        return (at(from), at(to))
    }
}
