import DICOMCore
import NIOCore

extension PDUBodyDecoder {
    func userInformation(_ body: ByteBuffer) throws(PDUError) -> UserInformation {
        var body = body
        var information = UserInformation(maximumLength: 0, implementationClassUID: nil)
        var count = 0
        while let item = try nextItem(&body) {
            try checkCount(count, below: limits.userItemCount, named: "limits.association.user-items")
            count += 1
            try take(item, into: &information)
        }
        return information
    }

    private func take(_ item: Item, into information: inout UserInformation) throws(PDUError) {
        var body = item.body
        switch item.type {
        case ItemType.maximumLength:
            information.maximumLength = try integer(&body)
        case ItemType.implementationClassUID:
            information.implementationClassUID = uid(body)
        case ItemType.implementationVersionName:
            information.implementationVersionName = printable(body)
        case ItemType.asynchronousOperationsWindow:
            information.asynchronousOperationsWindow = AsynchronousOperationsWindow(
                invoked: try integer(&body),
                performed: try integer(&body)
            )
        case ItemType.roleSelection:
            let name = try field(&body)
            let isSCU: UInt8 = try integer(&body)
            let isSCP: UInt8 = try integer(&body)
            guard let sopClassUID = uid(name) else { return }
            information.roleSelections.append(
                RoleSelection(sopClassUID: sopClassUID, isSCU: isSCU == 1, isSCP: isSCP == 1)
            )
        case ItemType.sopClassExtendedNegotiation:
            guard let sopClassUID = uid(try field(&body)) else { return }
            information.extendedNegotiations.append(
                SOPClassExtendedNegotiation(sopClassUID: sopClassUID, information: body)
            )
        case ItemType.sopClassCommonExtendedNegotiation:
            if let negotiation = try commonExtendedNegotiation(&body) {
                information.commonExtendedNegotiations.append(negotiation)
            }
        case ItemType.userIdentity:
            information.userIdentity = try userIdentity(&body)
        case ItemType.userIdentityResponse:
            information.userIdentityResponse = try field(&body)
        default:
            break
        }
    }

    private func commonExtendedNegotiation(
        _ body: inout ByteBuffer
    ) throws(PDUError) -> SOPClassCommonExtendedNegotiation? {
        let sopClassUID = uid(try field(&body))
        let serviceClassUID = uid(try field(&body))
        // Older peers leave the list of related general SOP classes out.
        var list = body.readableBytes == 0 ? ByteBuffer() : try field(&body)
        var related: [UID] = []
        while list.readableBytes > 0 {
            try checkCount(related.count, below: limits.userItemCount, named: "limits.association.user-items")
            if let uid = uid(try field(&list)) { related.append(uid) }
        }
        guard let sopClassUID, let serviceClassUID else { return nil }
        return SOPClassCommonExtendedNegotiation(
            sopClassUID: sopClassUID,
            serviceClassUID: serviceClassUID,
            relatedGeneralSOPClassUIDs: related
        )
    }

    private func userIdentity(_ body: inout ByteBuffer) throws(PDUError) -> UserIdentity {
        let kind: UInt8 = try integer(&body)
        let response: UInt8 = try integer(&body)
        let primaryField = try field(&body)
        let secondaryField = try field(&body)
        // A kind that nobody here can judge must not pass for an association without identity.
        guard let kind = UserIdentity.Kind(rawValue: kind) else { throw PDUError(.parameterInvalid, pduType: type) }
        return UserIdentity(
            kind: kind,
            wantsPositiveResponse: response == 1,
            primaryField: primaryField,
            secondaryField: secondaryField
        )
    }

    /// A field with its length in two bytes before it.
    private func field(_ body: inout ByteBuffer) throws(PDUError) -> ByteBuffer {
        let length: UInt16 = try integer(&body)
        guard let field = body.readSlice(length: Int(length)) else {
            throw PDUError(.itemLengthInvalid, pduType: type)
        }
        return field
    }

    private func integer<Value: FixedWidthInteger>(_ body: inout ByteBuffer) throws(PDUError) -> Value {
        guard let value = body.readInteger(as: Value.self) else { throw PDUError(.itemLengthInvalid, pduType: type) }
        return value
    }

    private func printable(_ body: ByteBuffer) -> String? {
        let text = body.readableBytesView.prefix(16)
        guard text.allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
