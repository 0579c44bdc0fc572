import DICOMCore
import NIOCore

/// Decodes the variable field of a PDU that was collected whole.
struct PDUBodyDecoder {
    let type: UInt8
    let limits: UpperLayerLimits

    func decode(_ body: ByteBuffer) throws(PDUError) -> PDU {
        var body = body
        switch type {
        case PDUType.associateRequest: return .associateRequest(try associateRequest(&body))
        case PDUType.associateAccept: return .associateAccept(try associateAccept(&body))
        case PDUType.releaseRequest: return .releaseRequest
        case PDUType.releaseResponse: return .releaseResponse
        case PDUType.associateReject:
            let fields = try reasonFields(&body)
            return .associateReject(AssociateReject(result: fields.0, source: fields.1, reason: fields.2))
        case PDUType.abort:
            let fields = try reasonFields(&body)
            return .abort(Abort(source: fields.1, reason: fields.2))
        default: throw PDUError(.unrecognizedPDU, pduType: type)
        }
    }

    private func reasonFields(_ body: inout ByteBuffer) throws(PDUError) -> (UInt8, UInt8, UInt8) {
        guard let fields = body.readMultipleIntegers(as: (UInt8, UInt8, UInt8, UInt8).self) else {
            throw PDUError(.lengthInvalid, pduType: type)
        }
        return (fields.1, fields.2, fields.3)
    }

    private struct FixedPart {
        let protocolVersion: UInt16
        let calledAETitle: AETitle?
        let callingAETitle: AETitle?
    }

    private func fixedPart(_ body: inout ByteBuffer) throws(PDUError) -> FixedPart {
        guard let (version, _) = body.readMultipleIntegers(as: (UInt16, UInt16).self),
            let called = body.readSlice(length: 16),
            let calling = body.readSlice(length: 16),
            body.readSlice(length: 32) != nil
        else { throw PDUError(.lengthInvalid, pduType: type) }
        return FixedPart(
            protocolVersion: version,
            calledAETitle: AETitle(String(buffer: called)),
            callingAETitle: AETitle(String(buffer: calling))
        )
    }

    private func associateRequest(_ body: inout ByteBuffer) throws(PDUError) -> AssociateRequest {
        let fixed = try fixedPart(&body)
        var request = AssociateRequest(
            calledAETitle: fixed.calledAETitle,
            callingAETitle: fixed.callingAETitle,
            presentationContexts: [],
            userInformation: UserInformation(maximumLength: 0, implementationClassUID: nil)
        )
        request.protocolVersion = fixed.protocolVersion
        request.applicationContextName = nil
        var seen: Set<UInt8> = []
        while let item = try nextItem(&body) {
            switch item.type {
            case ItemType.applicationContext:
                request.applicationContextName = uid(item.body)
            case ItemType.proposedPresentationContext:
                try checkCount(
                    request.presentationContexts.count,
                    below: limits.presentationContextCount,
                    named: "limits.association.presentation-contexts"
                )
                let context = try proposedPresentationContext(item.body)
                guard context.id & 1 == 1, seen.insert(context.id).inserted else {
                    throw PDUError(.parameterInvalid, pduType: type)
                }
                request.presentationContexts.append(context)
            case ItemType.userInformation:
                request.userInformation = try userInformation(item.body)
            default:
                // "Items received with unrecognized types shall be ignored" (PS3.8 9.3.1).
                continue
            }
        }
        return request
    }

    private func associateAccept(_ body: inout ByteBuffer) throws(PDUError) -> AssociateAccept {
        let fixed = try fixedPart(&body)
        var accept = AssociateAccept(
            calledAETitle: fixed.calledAETitle,
            callingAETitle: fixed.callingAETitle,
            presentationContexts: [],
            userInformation: UserInformation(maximumLength: 0, implementationClassUID: nil)
        )
        while let item = try nextItem(&body) {
            switch item.type {
            case ItemType.presentationContextAnswer:
                try checkCount(
                    accept.presentationContexts.count,
                    below: limits.presentationContextCount,
                    named: "limits.association.presentation-contexts"
                )
                accept.presentationContexts.append(try presentationContextAnswer(item.body))
            case ItemType.userInformation:
                accept.userInformation = try userInformation(item.body)
            default: continue
            }
        }
        return accept
    }

    private func proposedPresentationContext(_ body: ByteBuffer) throws(PDUError) -> ProposedPresentationContext {
        var body = body
        guard let (id, _) = body.readMultipleIntegers(as: (UInt8, UInt8).self), body.readSlice(length: 2) != nil
        else { throw PDUError(.itemLengthInvalid, pduType: type) }
        var abstractSyntax: UID?
        var transferSyntaxes: [TransferSyntax] = []
        var count = 0
        while let item = try nextItem(&body) {
            switch item.type {
            case ItemType.abstractSyntax:
                abstractSyntax = uid(item.body)
            case ItemType.transferSyntax:
                try checkCount(count, below: limits.transferSyntaxCount, named: "limits.association.transfer-syntaxes")
                count += 1
                if let uid = uid(item.body) { transferSyntaxes.append(TransferSyntax(uid: uid)) }
            default: continue
            }
        }
        return ProposedPresentationContext(
            id: id,
            abstractSyntax: abstractSyntax,
            transferSyntaxes: transferSyntaxes
        )
    }

    private func presentationContextAnswer(_ body: ByteBuffer) throws(PDUError) -> PresentationContextAnswer {
        var body = body
        guard let (id, _, result, _) = body.readMultipleIntegers(as: (UInt8, UInt8, UInt8, UInt8).self) else {
            throw PDUError(.itemLengthInvalid, pduType: type)
        }
        var transferSyntax: TransferSyntax?
        // The transfer syntax of a rejected context is not significant and often garbage (PS3.8 9.3.3.2).
        if result == 0 {
            while let item = try nextItem(&body) {
                guard item.type == ItemType.transferSyntax else { continue }
                transferSyntax = uid(item.body).map(TransferSyntax.init(uid:))
            }
        }
        return PresentationContextAnswer(
            id: id,
            result: PresentationContextAnswer.Result(rawValue: result) ?? .noReason,
            transferSyntax: transferSyntax
        )
    }
}

extension PDUBodyDecoder {
    struct Item {
        let type: UInt8
        let body: ByteBuffer
    }

    /// The next item of a list; `nil` at its end.
    func nextItem(_ list: inout ByteBuffer) throws(PDUError) -> Item? {
        guard list.readableBytes > 0 else { return nil }
        guard let (itemType, _, length) = list.readMultipleIntegers(as: (UInt8, UInt8, UInt16).self),
            let body = list.readSlice(length: Int(length))
        else { throw PDUError(.itemLengthInvalid, pduType: type) }
        return Item(type: itemType, body: body)
    }

    func uid(_ body: ByteBuffer) -> UID? {
        // 64 characters and the padding that some peers add; anything longer is no UID and need not become a string.
        guard body.readableBytes <= UID.lengthLimit + 2 else { return nil }
        return UID(String(buffer: body))
    }

    func checkCount(_ count: Int, below limit: Int, named name: String) throws(PDUError) {
        guard count < limit else {
            throw PDUError(.tooManyItems, pduType: type, limit: .init(name: name, value: limit))
        }
    }
}
