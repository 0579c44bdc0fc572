import NIOCore

/// The records of a ZIP file without compression (APPNOTE.TXT 6.3.10), with ZIP64 where a number needs it.
///
/// Equal contents make equal bytes: all times are the first that ZIP knows, and lengths stand in front of the bytes.
enum ZIPFormat {
    /// One file of the archive.
    struct Entry: Sendable, Hashable {
        let name: String
        let length: UInt64
        let crc32: UInt32
        /// Bytes from the beginning of the archive to its header.
        let offset: UInt64

        init(_ file: ExportedFile, offset: UInt64) {
            name = file.path
            length = file.length
            crc32 = file.crc32
            self.offset = offset
        }

        /// Bytes that the file takes, with its header.
        var storedLength: UInt64 {
            let extra: UInt64 = length >= ZIPFormat.limit32 ? 20 : 0
            return 30 + UInt64(name.utf8.count) + extra + length
        }
    }

    /// Numbers from here on do not fit into 32 bits: all ones says so.
    static let limit32: UInt64 = 0xFFFF_FFFF
    /// As many entries do not fit into 16 bits.
    static let limit16: UInt64 = 0xFFFF

    /// 1 January 1980.
    private static let date: UInt16 = 0x0021
    /// Made on Unix, so that readers understand the permissions; version 4.5 knows ZIP64.
    private static let maker: UInt16 = 3 << 8 | 45
    /// A regular file that its owner may read and write.
    private static let permissions: UInt32 = 0o100600 << 16

    /// What stands in front of the bytes of a file.
    static func localHeader(_ entry: Entry) -> ByteBuffer {
        let isLong = entry.length >= limit32
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(0x0403_4B50), endianness: .little)
        writeCommon(entry, isLong: isLong, extraLength: isLong ? 20 : 0, into: &bytes)
        bytes.writeString(entry.name)
        if isLong {
            writeExtraHeader(length: 16, into: &bytes)
            bytes.writeInteger(entry.length, endianness: .little)
            bytes.writeInteger(entry.length, endianness: .little)
        }
        return bytes
    }

    /// The record of a file in the directory at the end.
    static func centralHeader(_ entry: Entry) -> ByteBuffer {
        let isLong = entry.length >= limit32
        let isFar = entry.offset >= limit32
        let extra = (isLong ? 16 : 0) + (isFar ? 8 : 0)
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(0x0201_4B50), endianness: .little)
        bytes.writeInteger(maker, endianness: .little)
        writeCommon(
            entry,
            isLong: isLong || isFar,
            hasLongLength: isLong,
            extraLength: extra > 0 ? extra + 4 : 0,
            into: &bytes
        )
        // No comment, disk 0, no internal attributes.
        for _ in 0..<3 { bytes.writeInteger(UInt16(0), endianness: .little) }
        bytes.writeInteger(permissions, endianness: .little)
        bytes.writeInteger(UInt32(clamping: entry.offset), endianness: .little)
        bytes.writeString(entry.name)
        if extra > 0 { writeExtraHeader(length: extra, into: &bytes) }
        if isLong {
            bytes.writeInteger(entry.length, endianness: .little)
            bytes.writeInteger(entry.length, endianness: .little)
        }
        if isFar { bytes.writeInteger(entry.offset, endianness: .little) }
        return bytes
    }

    /// What stands at the end of the archive.
    static func end(count: UInt64, directoryOffset: UInt64, directoryLength: UInt64) -> ByteBuffer {
        var bytes = ByteBuffer()
        if count >= limit16 || directoryOffset >= limit32 || directoryLength >= limit32 {
            bytes.writeInteger(UInt32(0x0606_4B50), endianness: .little)
            bytes.writeInteger(UInt64(44), endianness: .little)
            bytes.writeInteger(maker, endianness: .little)
            bytes.writeInteger(UInt16(45), endianness: .little)
            bytes.writeInteger(UInt32(0), endianness: .little)
            bytes.writeInteger(UInt32(0), endianness: .little)
            for number in [count, count, directoryLength, directoryOffset] {
                bytes.writeInteger(number, endianness: .little)
            }
            bytes.writeInteger(UInt32(0x0706_4B50), endianness: .little)
            bytes.writeInteger(UInt32(0), endianness: .little)
            bytes.writeInteger(directoryOffset + directoryLength, endianness: .little)
            bytes.writeInteger(UInt32(1), endianness: .little)
        }
        bytes.writeInteger(UInt32(0x0605_4B50), endianness: .little)
        bytes.writeInteger(UInt32(0), endianness: .little)
        for _ in 0..<2 { bytes.writeInteger(UInt16(clamping: count), endianness: .little) }
        bytes.writeInteger(UInt32(clamping: directoryLength), endianness: .little)
        bytes.writeInteger(UInt32(clamping: directoryOffset), endianness: .little)
        bytes.writeInteger(UInt16(0), endianness: .little)
        return bytes
    }

    /// The fields that both headers of a file share.
    private static func writeCommon(
        _ entry: Entry,
        isLong: Bool,
        hasLongLength: Bool? = nil,
        extraLength: Int,
        into bytes: inout ByteBuffer
    ) {
        bytes.writeInteger(UInt16(isLong ? 45 : 20), endianness: .little)
        // No flags, stored, midnight.
        for _ in 0..<3 { bytes.writeInteger(UInt16(0), endianness: .little) }
        bytes.writeInteger(date, endianness: .little)
        bytes.writeInteger(entry.crc32, endianness: .little)
        let length = hasLongLength ?? isLong ? UInt32.max : UInt32(clamping: entry.length)
        bytes.writeInteger(length, endianness: .little)
        bytes.writeInteger(length, endianness: .little)
        bytes.writeInteger(UInt16(clamping: entry.name.utf8.count), endianness: .little)
        bytes.writeInteger(UInt16(clamping: extraLength), endianness: .little)
    }

    /// The ZIP64 extended information (4.5.3).
    private static func writeExtraHeader(length: Int, into bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt16(1), endianness: .little)
        bytes.writeInteger(UInt16(clamping: length), endianness: .little)
    }
}
