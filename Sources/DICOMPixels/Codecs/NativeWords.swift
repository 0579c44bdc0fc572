public import NIOCore

/// Words of 16 bits with their most significant byte first.
public enum NativeWords {
    /// The bytes with those of each word in the other order.
    ///
    /// What Pixel Data of up to 8 Bits Allocated needs in Explicit VR Big Endian where its VR is OW (PS3.5 8.1.2, Annex D),
    /// before frames are taken out of it: two samples share a word there, maybe of two frames. An odd last byte stays.
    ///
    /// - Parameter bytes: from an even offset of the value.
    public static func swapped(_ bytes: ByteBuffer) -> ByteBuffer {
        NativeScheme.swapped(bytes, UInt16.self)
    }
}
