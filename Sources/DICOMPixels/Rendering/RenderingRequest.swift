/// What a viewer asks of a rendered frame (PS3.18 8.3.5); without any wish the frame looks as its object says.
public struct RenderingRequest: Sendable, Hashable {
    /// What is written into the picture (PS3.18 8.3.5.1.1).
    public enum Annotation: String, Sendable, Hashable, CaseIterable {
        /// Name, identifier, birth date and sex.
        case patient
        /// Modality, dates, numbers and window.
        case technique
    }

    /// The window; `nil` takes that of the object.
    public var window: WindowRequest?
    /// Which of several windows or VOI LUTs of the object, from 0; one that is not there is refused.
    public var windowIndex = 0
    /// The part of the image and the size; `nil` is the pixel matrix as it is.
    public var viewport: Viewport?
    /// What is written into the picture.
    public var annotations: Set<Annotation> = []
    /// Whether overlays are drawn.
    public var showsOverlays = true
    /// Bits of a sample of the result: 8 or 16.
    public var bitsPerSample = 8

    /// Makes a request.
    public init(window: WindowRequest? = nil, viewport: Viewport? = nil, annotations: Set<Annotation> = []) {
        self.window = window
        self.viewport = viewport
        self.annotations = annotations
    }
}

/// A window that was asked for (PS3.18 8.3.5.1.4).
public struct WindowRequest: Sendable, Hashable {
    /// How values become levels (PS3.3 C.11.2.1.2, C.11.2.1.3).
    public enum Function: String, Sendable, Hashable, CaseIterable {
        /// `LINEAR`: from `center - 0.5 - (width - 1) / 2` on.
        case linear
        /// `LINEAR_EXACT`: from `center - width / 2` on.
        case linearExact = "linear-exact"
        /// `SIGMOID`.
        case sigmoid
    }

    /// Window Center, in the values that come out of the Modality LUT.
    public var center: Double
    /// Window Width; below what the function allows its smallest value is taken.
    public var width: Double
    /// How values become levels.
    public var function: Function

    /// Makes a window.
    public init(center: Double, width: Double, function: Function = .linear) {
        self.center = center
        self.width = width
        self.function = function
    }

    /// Reads `center,width,function` of PS3.18 8.3.5.1.4.
    ///
    /// - Parameter allowsShort: whether the function may be missing, as people type it.
    /// - Returns: `nil` for anything that is not well-formed, and for a width that is not above 0 (LINEAR: below 1).
    public init?(parameter: String, allowsShort: Bool = false) {
        let parts = parameter.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3 || (allowsShort && parts.count == 2), let center = DecimalParameter.value(parts[0]),
            let width = DecimalParameter.value(parts[1])
        else { return nil }
        var function = Function.linear
        if parts.count == 3 {
            guard let named = Function(rawValue: String(parts[2])) else { return nil }
            function = named
        }
        guard function == .linear ? width >= 1 : width > 0 else { return nil }
        self.init(center: center, width: width, function: function)
    }
}

/// The region of an image and the size that it is to have (PS3.18 8.3.5.1.3).
public struct Viewport: Sendable, Hashable {
    /// The largest width of the result; from 1.
    public var width: Int
    /// The largest height of the result; from 1.
    public var height: Int
    /// The left edge of the region, in pixels of the image from 0.
    public var sourceX: Double
    /// The upper edge of the region.
    public var sourceY: Double
    /// The width of the region; `nil` goes to the right edge.
    public var sourceWidth: Double?
    /// The height of the region; `nil` goes to the lower edge.
    public var sourceHeight: Double?
    /// Whether left and right are exchanged.
    public var flipsHorizontally: Bool
    /// Whether top and bottom are exchanged.
    public var flipsVertically: Bool

    /// Makes a viewport; without a region it shows the whole image.
    public init(
        width: Int,
        height: Int,
        sourceX: Double = 0,
        sourceY: Double = 0,
        sourceWidth: Double? = nil,
        sourceHeight: Double? = nil,
        flipsHorizontally: Bool = false,
        flipsVertically: Bool = false
    ) {
        self.width = width
        self.height = height
        self.sourceX = sourceX
        self.sourceY = sourceY
        self.sourceWidth = sourceWidth
        self.sourceHeight = sourceHeight
        self.flipsHorizontally = flipsHorizontally
        self.flipsVertically = flipsVertically
    }

    /// Whether it shows the whole image: all that a Presentation State or thumbnail allows.
    public var isWhole: Bool {
        sourceX == 0 && sourceY == 0 && sourceWidth == nil && sourceHeight == nil && !flipsHorizontally
            && !flipsVertically
    }

    /// Reads `vw,vh[,[sx],[sy],[sw],[sh]]` of PS3.18 8.3.5.1.3.
    ///
    /// - Returns: `nil` for anything that is not well-formed: a size of 0 or beyond 65,535, more than six values, an
    ///   empty region.
    public init?(parameter: String) {
        let parts = parameter.split(separator: ",", omittingEmptySubsequences: false)
        guard (2...6).contains(parts.count), let width = Self.size(parts[0]), let height = Self.size(parts[1]) else {
            return nil
        }
        var numbers: [Double?] = []
        for part in parts.dropFirst(2) {
            guard !part.isEmpty else {
                numbers.append(nil)
                continue
            }
            guard let number = DecimalParameter.value(part) else { return nil }
            numbers.append(number)
        }
        numbers += Array(repeating: nil, count: 4 - numbers.count)
        guard numbers[2] != 0, numbers[3] != 0 else { return nil }
        // The sign of a width is the flip, and all count by their absolute values.
        self.init(
            width: width,
            height: height,
            sourceX: abs(numbers[0] ?? 0),
            sourceY: abs(numbers[1] ?? 0),
            sourceWidth: numbers[2].map { abs($0) },
            sourceHeight: numbers[3].map { abs($0) },
            flipsHorizontally: (numbers[2] ?? 0) < 0,
            flipsVertically: (numbers[3] ?? 0) < 0
        )
    }

    private static func size(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            return nil
        }
        return (1...65_535).contains(number) ? number : nil
    }
}
