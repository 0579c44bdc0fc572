import DICOMCore
public import NIOCore

/// Encodes PDUs (PS3.8 9.3).
public enum PDUEncoder {
    /// Bytes of a P-DATA-TF header with the header of one presentation data value.
    public static let presentationDataValueOverhead = 12

    /// Writes a PDU at the end of `buffer`.
    public static func write(_ pdu: PDU, to buffer: inout ByteBuffer) {
        switch pdu {
        case .associateRequest(let request): write(request, to: &buffer)
        case .associateAccept(let accept): write(accept, to: &buffer)
        case .associateReject(let reject):
            writeShort(PDUType.associateReject, (reject.result, reject.source, reject.reason), to: &buffer)
        case .releaseRequest: writeShort(PDUType.releaseRequest, (0, 0, 0), to: &buffer)
        case .releaseResponse: writeShort(PDUType.releaseResponse, (0, 0, 0), to: &buffer)
        case .abort(let abort): writeShort(PDUType.abort, (0, abort.source, abort.reason), to: &buffer)
        }
    }

    /// Writes the head of a P-DATA-TF that holds one presentation data value; `length` bytes of value must follow.
    public static func writePresentationDataValueHeader(
        length: Int,
        presentationContextID: UInt8,
        isCommand: Bool,
        isLast: Bool,
        to buffer: inout ByteBuffer
    ) {
        let control: UInt8 = (isCommand ? 1 : 0) | (isLast ? 2 : 0)
        buffer.writeMultipleIntegers(
            PDUType.dataTransfer,
            UInt8(0),
            UInt32(length + 6),
            UInt32(length + 2),
            presentationContextID,
            control
        )
    }

    private static func writeShort(_ type: UInt8, _ fields: (UInt8, UInt8, UInt8), to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(type, UInt8(0), UInt32(4), UInt8(0), fields.0, fields.1, fields.2)
    }

    private static func write(_ request: AssociateRequest, to buffer: inout ByteBuffer) {
        writePDU(PDUType.associateRequest, to: &buffer) { buffer in
            writeFixedPart(request.protocolVersion, request.calledAETitle, request.callingAETitle, to: &buffer)
            writeUID(request.applicationContextName, as: ItemType.applicationContext, to: &buffer)
            for context in request.presentationContexts {
                writeItem(ItemType.proposedPresentationContext, to: &buffer) { buffer in
                    buffer.writeMultipleIntegers(context.id, UInt8(0), UInt8(0), UInt8(0))
                    writeUID(context.abstractSyntax, as: ItemType.abstractSyntax, to: &buffer)
                    for transferSyntax in context.transferSyntaxes {
                        writeUID(transferSyntax.uid, as: ItemType.transferSyntax, to: &buffer)
                    }
                }
            }
            write(request.userInformation, to: &buffer)
        }
    }

    private static func write(_ accept: AssociateAccept, to buffer: inout ByteBuffer) {
        writePDU(PDUType.associateAccept, to: &buffer) { buffer in
            writeFixedPart(1, accept.calledAETitle, accept.callingAETitle, to: &buffer)
            writeUID(AssociateRequest.dicomApplicationContextName, as: ItemType.applicationContext, to: &buffer)
            for context in accept.presentationContexts {
                writeItem(ItemType.presentationContextAnswer, to: &buffer) { buffer in
                    buffer.writeMultipleIntegers(context.id, UInt8(0), context.result.rawValue, UInt8(0))
                    // The item has to be there even where it is not significant (PS3.8 9.3.3.2).
                    let transferSyntax = context.transferSyntax ?? .implicitVRLittleEndian
                    writeUID(transferSyntax.uid, as: ItemType.transferSyntax, to: &buffer)
                }
            }
            write(accept.userInformation, to: &buffer)
        }
    }

    private static func write(_ information: UserInformation, to buffer: inout ByteBuffer) {
        writeItem(ItemType.userInformation, to: &buffer) { buffer in
            writeItem(ItemType.maximumLength, to: &buffer) { $0.writeInteger(information.maximumLength) }
            writeUID(information.implementationClassUID, as: ItemType.implementationClassUID, to: &buffer)
            if let window = information.asynchronousOperationsWindow {
                writeItem(ItemType.asynchronousOperationsWindow, to: &buffer) {
                    $0.writeMultipleIntegers(window.invoked, window.performed)
                }
            }
            for role in information.roleSelections {
                writeItem(ItemType.roleSelection, to: &buffer) { buffer in
                    writeField(ByteBuffer(string: role.sopClassUID.string), to: &buffer)
                    buffer.writeMultipleIntegers(UInt8(role.isSCU ? 1 : 0), UInt8(role.isSCP ? 1 : 0))
                }
            }
            if let name = information.implementationVersionName {
                writeItem(ItemType.implementationVersionName, to: &buffer) { $0.writeString(name) }
            }
            writeExtendedNegotiations(information, to: &buffer)
            if let identity = information.userIdentity {
                writeItem(ItemType.userIdentity, to: &buffer) { buffer in
                    buffer.writeMultipleIntegers(
                        identity.kind.rawValue,
                        UInt8(identity.wantsPositiveResponse ? 1 : 0)
                    )
                    writeField(identity.primaryField, to: &buffer)
                    writeField(identity.secondaryField, to: &buffer)
                }
            }
            if let response = information.userIdentityResponse {
                writeItem(ItemType.userIdentityResponse, to: &buffer) { writeField(response, to: &$0) }
            }
        }
    }

    private static func writeExtendedNegotiations(_ information: UserInformation, to buffer: inout ByteBuffer) {
        for negotiation in information.extendedNegotiations {
            writeItem(ItemType.sopClassExtendedNegotiation, to: &buffer) { buffer in
                writeField(ByteBuffer(string: negotiation.sopClassUID.string), to: &buffer)
                buffer.writeImmutableBuffer(negotiation.information)
            }
        }
        for negotiation in information.commonExtendedNegotiations {
            writeItem(ItemType.sopClassCommonExtendedNegotiation, to: &buffer) { buffer in
                writeField(ByteBuffer(string: negotiation.sopClassUID.string), to: &buffer)
                writeField(ByteBuffer(string: negotiation.serviceClassUID.string), to: &buffer)
                var related = ByteBuffer()
                for uid in negotiation.relatedGeneralSOPClassUIDs {
                    writeField(ByteBuffer(string: uid.string), to: &related)
                }
                writeField(related, to: &buffer)
            }
        }
    }

    private static func writeFixedPart(
        _ version: UInt16,
        _ called: AETitle?,
        _ calling: AETitle?,
        to buffer: inout ByteBuffer
    ) {
        buffer.writeMultipleIntegers(version, UInt16(0))
        for title in [called, calling] {
            let text = title?.string ?? ""
            buffer.writeString(text)
            buffer.writeRepeatingByte(0x20, count: 16 - text.utf8.count)
        }
        buffer.writeRepeatingByte(0, count: 32)
    }

    private static func writeUID(_ uid: UID?, as type: UInt8, to buffer: inout ByteBuffer) {
        guard let uid else { return }
        writeItem(type, to: &buffer) { $0.writeString(uid.string) }
    }

    private static func writeField(_ field: ByteBuffer, to buffer: inout ByteBuffer) {
        // What does not fit is our own mistake and is cut off rather than sent with a wrong length.
        let length = UInt16(clamping: field.readableBytes)
        buffer.writeInteger(length)
        buffer.writeBytes(field.readableBytesView.prefix(Int(length)))
    }

    private static func writeItem(_ type: UInt8, to buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
        buffer.writeMultipleIntegers(type, UInt8(0))
        let lengthIndex = buffer.writerIndex
        buffer.writeInteger(UInt16(0))
        body(&buffer)
        buffer.setInteger(UInt16(clamping: buffer.writerIndex - lengthIndex - 2), at: lengthIndex)
    }

    private static func writePDU(_ type: UInt8, to buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
        buffer.writeMultipleIntegers(type, UInt8(0))
        let lengthIndex = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        body(&buffer)
        buffer.setInteger(UInt32(clamping: buffer.writerIndex - lengthIndex - 4), at: lengthIndex)
    }
}
