/// One question to a name server, and what its answer says (RFC 1035, 4). What reads it is total: any bytes are an answer to
/// the question or none.
struct DNSMessage {
    enum RecordType: UInt16, Sendable, Hashable, CaseIterable {
        case a = 1
        case ns = 2
        case cname = 5
        case soa = 6
        case ptr = 12
        case mx = 15
        case txt = 16
        case aaaa = 28
        case srv = 33
        case caa = 257

        /// `A`, `SRV`.
        var name: String { "\(self)".uppercased() }

        init?(name: String) {
            guard let type = RecordType.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
            self = type
        }
    }

    enum Answer: Sendable, Equatable {
        /// So many records of the wanted type; 0: the name has none of them.
        case records(Int, isTruncated: Bool)
        /// There is no such name.
        case noName
        /// The server could not find out, or refused; its number.
        case failed(code: UInt8)
        /// No answer to the question.
        case foreign
    }

    let id: UInt16
    let name: String
    let type: RecordType
    /// The name as it stands in messages.
    private let labels: [UInt8]

    /// Nil where it is no name: labels have at most 63 bytes, all together 253.
    init?(id: UInt16, name: String, type: RecordType) {
        let text = name.hasSuffix(".") ? String(name.dropLast()) : name
        guard !text.isEmpty, text.utf8.count <= 253 else { return nil }
        var labels: [UInt8] = []
        for label in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            labels += [UInt8(label.count)] + label
        }
        (self.id, self.name, self.type) = (id, text, type)
        self.labels = labels + [0]
    }

    /// The question, for a server that asks others for us, with word that an answer may have 1,232 bytes (RFC 6891).
    var question: [UInt8] {
        let flags = UInt16(0x0100).bigBytes
        let counts = UInt16(1).bigBytes + UInt16(0).bigBytes + UInt16(0).bigBytes + UInt16(1).bigBytes
        let option: [UInt8] = [0] + UInt16(41).bigBytes + UInt16(1_232).bigBytes + UInt32(0).bigBytes + UInt16(0).bigBytes
        return id.bigBytes + flags + counts + labels + type.rawValue.bigBytes + UInt16(1).bigBytes + option
    }

    func answer(_ bytes: [UInt8]) -> Answer {
        var reader = ByteReader(bytes[...])
        guard reader.big(UInt16.self) == id, let flags = reader.big(UInt16.self), flags & 0x8000 != 0, reader.big(UInt16.self) == 1,
            let answers = reader.big(UInt16.self), reader.take(4) != nil, let asked = reader.take(labels.count),
            isSame(asked), reader.big(UInt16.self) == type.rawValue, reader.big(UInt16.self) == 1
        else { return .foreign }
        switch UInt8(flags & 0xF) {
        case 0: break
        case 3: return .noName
        case let code: return .failed(code: code)
        }
        let isTruncated = flags & 0x0200 != 0
        var records = 0
        for _ in 0..<answers {
            guard skipName(&reader), let kind = reader.big(UInt16.self), let group = reader.big(UInt16.self), reader.take(4) != nil,
                let length = reader.big(UInt16.self), reader.take(Int(length)) != nil
            else { return isTruncated ? .records(records, isTruncated: true) : .foreign }
            if kind == type.rawValue, group == 1 { records += 1 }
        }
        return .records(records, isTruncated: isTruncated)
    }

    /// Names are the same whatever the case of their letters.
    private func isSame(_ other: ArraySlice<UInt8>) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
        return other.count == labels.count && zip(other, labels).allSatisfy { lower($0) == lower($1) }
    }

    /// Passes over a name, which ends with a zero or with where the rest of it stands; that is not followed, so that no circle
    /// is walked in.
    private func skipName(_ reader: inout ByteReader) -> Bool {
        while let length = reader.byte() {
            switch length {
            case 0: return true
            case 1...63: guard reader.take(Int(length)) != nil else { return false }
            case 0xC0...: return reader.byte() != nil
            default: return false
            }
        }
        return false
    }
}
