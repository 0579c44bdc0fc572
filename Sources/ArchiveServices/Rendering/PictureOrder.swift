public import DICOMPixels

/// A picture that somebody asks for.
public struct PictureOrder: Sendable, Hashable {
    /// What it is written as.
    public enum Form: Sendable, Hashable {
        /// JPEG of 8 bits with that quality, 1 to 100.
        case jpeg(quality: Int)
        /// PNG of 8 bits.
        case png
        /// GIF, of one frame.
        case gif
    }

    /// How the frame is shown.
    public var request: RenderingRequest
    /// What it is written as.
    public var form: Form
    /// Whether the ICC Profile of the object goes with it.
    public var keepsProfile: Bool

    /// Makes an order.
    public init(_ request: RenderingRequest, as form: Form, keepsProfile: Bool = true) {
        self.request = request
        self.form = form
        self.keepsProfile = keepsProfile
    }
}
