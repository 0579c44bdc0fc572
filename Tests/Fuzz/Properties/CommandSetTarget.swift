import DICOMCoding
import DICOMCore
import DIMSE
public import NIOCore

/// Command Sets (PS3.7 6.3), against the reader of Data Sets as another witness.
public enum CommandSetTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "CommandSet"

    private static let numbers: [CommandElement] = [
        .commandField, .messageID, .messageIDBeingRespondedTo, .priority, .commandDataSetType, .status,
        .moveOriginatorMessageID,
    ]
    private static let uids: [CommandElement] = [
        .affectedSOPClassUID, .requestedSOPClassUID, .affectedSOPInstanceUID,
    ]
    private static let titles: [CommandElement] = [.moveDestination, .moveOriginatorAETitle]

    /// All bytes are the Command Set.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        guard let command = decode(input) else { return }
        let bytes = command.encoded()
        guard let read = decode(bytes) else { throw PropertyViolation("its own encoding is refused: \(command)") }
        try require(read == command, "\(command) is read back as \(read)")
        try require(
            bytes.readableBytes <= input.readableBytes + 12,
            "\(input.readableBytes) bytes have become \(bytes.readableBytes)"
        )
        try checkAgainstReader(command, bytes)
        // Where setting would add more elements than a command may have, nothing is set.
        if input.readableBytes < 8 * (64 - 12) { try checkSetting(command) }
    }

    private static func decode(_ bytes: ByteBuffer) -> CommandSet? {
        do throws(DIMSEError) {
            return try CommandSet(decoding: bytes)
        } catch {
            return nil
        }
    }

    private static func checkAgainstReader(_ command: CommandSet, _ bytes: ByteBuffer) throws(PropertyViolation) {
        let dataSet: DataSet
        do throws(DataSetError) {
            dataSet = try DataSetReader.dataSet(from: bytes, transferSyntax: .implicitVRLittleEndian)
        } catch {
            throw PropertyViolation("the reader of Data Sets refuses a Command Set: \(error)")
        }
        for element in numbers {
            let value = dataSet[Tag(group: 0, element: element.rawValue)]?.bytes
            try require(command.has(element) == (value != nil), "\(element) is there for one reader only")
            let number: UInt16? = value.flatMap { $0.readableBytes == 2 ? $0.peekInteger(endianness: .little) : nil }
            try require(command.unsignedShort(element) == number, "\(element) is \(String(describing: number))")
        }
    }

    /// What is set can be read, and everything else stays.
    private static func checkSetting(_ command: CommandSet) throws(PropertyViolation) {
        var changed = command
        for element in numbers where command.unsignedShort(element) != 0xA700 {
            changed.set(element, 0xA700)
            try require(changed.unsignedShort(element) == 0xA700, "\(element) does not keep what is set")
        }
        for element in uids {
            guard let uid = command.uid(element) else { continue }
            changed.set(element, uid)
            try require(changed.uid(element) == uid, "\(element) is not \(uid)")
        }
        for element in titles {
            guard let title = command.aeTitle(element) else { continue }
            changed.set(element, title.string)
            try require(changed.aeTitle(element) == title, "\(element) is not \(title)")
        }
        try require(decode(changed.encoded()) == changed, "a changed command is not read back")
    }
}
