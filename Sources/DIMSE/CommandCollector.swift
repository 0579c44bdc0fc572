import DICOMUpperLayer
import NIOCore

/// Puts the fragments of one command together.
struct CommandCollector {
    private let lengthLimit: Int
    private var presentationContextID: UInt8?
    private var bytes = ByteBuffer()

    init(lengthLimit: Int) {
        self.lengthLimit = lengthLimit
    }

    /// Whether a command has begun.
    var isMidCommand: Bool { presentationContextID != nil }

    /// Takes a value; returns the command when it is complete.
    mutating func take(_ value: PresentationDataValue) throws(DIMSEError) -> ReceivedCommand? {
        guard value.isCommand, presentationContextID == nil || presentationContextID == value.presentationContextID
        else { throw DIMSEError(.fragmentUnexpected) }
        guard bytes.readableBytes + value.bytes.readableBytes <= lengthLimit else {
            throw DIMSEError(.commandTooLong)
        }
        if presentationContextID == nil {
            bytes = value.bytes
        } else {
            bytes.writeImmutableBuffer(value.bytes)
        }
        presentationContextID = value.presentationContextID
        guard value.isLast else { return nil }
        defer {
            presentationContextID = nil
            bytes = ByteBuffer()
        }
        return try ReceivedCommand(
            presentationContextID: value.presentationContextID,
            commandSet: CommandSet(decoding: bytes)
        )
    }
}

/// A command with the elements that every command has.
struct ReceivedCommand {
    let presentationContextID: UInt8
    let commandSet: CommandSet
    let commandField: UInt16
    let hasDataSet: Bool

    init(presentationContextID: UInt8, commandSet: CommandSet) throws(DIMSEError) {
        // Without these two nobody can tell where the message ends or what to answer.
        guard let commandField = commandSet.unsignedShort(.commandField),
            let commandDataSetType = commandSet.unsignedShort(.commandDataSetType)
        else { throw DIMSEError(.commandInvalid) }
        self.presentationContextID = presentationContextID
        self.commandSet = commandSet
        self.commandField = commandField
        hasDataSet = commandDataSetType != CommandField.noDataSet
    }
}
