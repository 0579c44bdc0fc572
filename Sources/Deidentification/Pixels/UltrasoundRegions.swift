import DICOMCore
import DICOMPixels

/// Sequence of Ultrasound Regions (0018,6011): where a device shows echoes and curves (PS3.3 C.8.5.5).
///
/// Everything else on its screen is text, menus and logos.
enum UltrasoundRegions {
    /// The regions within an image; empty where the object has none that could be.
    static func regions(_ header: DataSet, columns: Int, rows: Int) -> [PixelRectangle] {
        header.items(.sequenceOfUltrasoundRegions).compactMap { region in
            guard let left = region.integer(.regionLocationMinX0), let top = region.integer(.regionLocationMinY0),
                let right = region.integer(.regionLocationMaxX1), let bottom = region.integer(.regionLocationMaxY1),
                0 <= left, left < right, right <= columns, 0 <= top, top < bottom, bottom <= rows
            else { return nil }
            // The last pixel belongs to the region.
            return PixelRectangle(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
                .clipped(width: columns, height: rows)
        }
    }

    /// What lies outside of all regions; empty where the object has none.
    static func outside(_ header: DataSet, columns: Int, rows: Int) -> [PixelRectangle] {
        let regions = regions(header, columns: columns, rows: rows)
        return regions.isEmpty ? [] : PixelRectangle.outside(of: regions, width: columns, height: rows)
    }
}
