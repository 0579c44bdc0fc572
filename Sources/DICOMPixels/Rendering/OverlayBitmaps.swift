public import DICOMCore

/// The overlays of an object as pictures, so that text in them can be found.
public enum OverlayBitmaps {
    /// The groups that hold an overlay with bits of its own.
    public static func groups(in header: DataSet) -> [UInt16] {
        Overlay.groups.filter { header[Overlay.tag($0, 0x3000)] != nil }
    }

    /// Whether overlays are in the unused bits of the pixels (retired).
    public static func areEmbedded(in header: DataSet) -> Bool {
        Overlay.groups.contains { group in
            header[Overlay.tag(group, 0x3000)] == nil && header[Overlay.tag(group, 0x0102)] != nil
                && header[Overlay.tag(group, 0x0010)] != nil
        }
    }

    /// How many planes the overlay of a group has.
    public static func planeCount(_ header: DataSet, group: UInt16) -> Int {
        max(1, header.integer(Overlay.tag(group, 0x0015)) ?? 1)
    }

    /// One plane of an overlay, its bits black on white.
    ///
    /// - Parameter planeIndex: 0-based.
    /// - Returns: `nil` when there is no such plane, or its bits are not there.
    /// - Throws: `.tooLarge`.
    public static func picture(
        of header: DataSet,
        group: UInt16,
        planeIndex: Int
    ) throws(PixelError) -> GrayPicture? {
        let firstFrame = max(1, header.integer(Overlay.tag(group, 0x0051)) ?? 1) - 1
        let (frameIndex, overflow) = firstFrame.addingReportingOverflow(planeIndex)
        guard !overflow, let overlay = Overlay(header, group: group, frameIndex: frameIndex, frame: nil) else {
            return nil
        }
        guard overlay.rows * overlay.columns <= GrayPicture.pixelLimit else {
            throw PixelError(.tooLarge, "an overlay of \(overlay.columns) × \(overlay.rows)")
        }
        var raster = Raster<UInt8>(
            width: overlay.columns,
            height: overlay.rows,
            channels: 1,
            samples: Array(repeating: 0xFF, count: overlay.rows * overlay.columns)
        )
        overlay.drawAtOrigin(on: &raster, level: 0)
        return try GrayPicture(width: raster.width, height: raster.height, samples: raster.samples)
    }
}
