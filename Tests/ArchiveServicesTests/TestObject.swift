import DICOMCoding
import DICOMCore
import NIOCore

/// A small object: what tests want to say about it, the rest as any CT has it.
struct TestObject: Sendable {
    var study = UID(literal: "1.2.3.1")
    var series = UID(literal: "1.2.3.1.1")
    var instance = UID(literal: "1.2.3.1.1.1")
    var sopClass = UID(literal: "1.2.840.10008.5.1.4.1.1.2")
    var transferSyntax = TransferSyntax.explicitVRLittleEndian
    var patientID = "P1"
    var patientName = "DOE^JANE"
    var number = 1
    var frames = 1
    /// Bytes of one frame: 8 rows, columns as many, 16 bits.
    var frameLength = 128
    var extra: [DataElement] = []

    /// The Data Set as a value.
    var dataSet: DataSet {
        var dataSet = DataSet([
            .uid(.sopClassUID, sopClass), .uid(.sopInstanceUID, instance),
            .uid(.studyInstanceUID, study), .uid(.seriesInstanceUID, series),
            .text(.patientID, .lo, patientID), .text(.patientName, .pn, patientName),
            .text(.modality, .cs, "CT"), .text(.studyDate, .da, "20260314"),
            .text(.instanceNumber, .is, String(number)), .text(.numberOfFrames, .is, String(frames)),
            .unsignedShort(.samplesPerPixel, 1), .unsignedShort(.rows, 8), .unsignedShort(.columns, 8),
            .unsignedShort(.bitsAllocated, 16), .unsignedShort(.bitsStored, 16), .unsignedShort(.highBit, 15),
            .unsignedShort(.pixelRepresentation, 0), .text(.photometricInterpretation, .cs, "MONOCHROME2"),
            DataElement(tag: .pixelData, vr: .ow, value: .bytes(pixels)),
        ])
        for element in extra { dataSet.set(element) }
        return dataSet
    }

    /// Pixel Data in which no two frames are alike.
    var pixels: ByteBuffer {
        var bytes = ByteBuffer()
        for frame in 0..<frames {
            for position in 0..<frameLength {
                bytes.writeInteger(UInt8(truncatingIfNeeded: frame &* 31 &+ position &+ number))
            }
        }
        return bytes
    }

    /// The Data Set as bytes.
    func encoded() throws -> ByteBuffer {
        try DataSetEncoder.encode(dataSet, in: transferSyntax)
    }

    /// The object as a file.
    func part10() throws -> ByteBuffer {
        var file = try Part10Header.encoded(
            sopClassUID: sopClass,
            sopInstanceUID: instance,
            transferSyntax: transferSyntax,
            implementationClassUID: UID(literal: "1.2.3.4"),
            implementationVersionName: "TEST"
        )
        file.writeImmutableBuffer(try encoded())
        return file
    }
}
