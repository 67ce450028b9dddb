/// What a ping sends and what it hears, of either version of ICMP (RFC 792, RFC 4443). The kernel writes the identifier of a
/// ping socket itself, and the checksum of version 6.
struct EchoMessage {
    let isVersion6: Bool
    /// Which of several it is.
    let sequence: UInt16
    /// What makes the answer ours.
    let token: [UInt8]

    var bytes: [UInt8] {
        let body = [isVersion6 ? 128 : 8, 0, 0, 0, 0, 0] + sequence.bigBytes + token
        guard !isVersion6 else { return body }
        let sum = EchoMessage.checksum(body).bigBytes
        return body[..<2] + sum + body[4...]
    }

    /// Whether these bytes are the answer to it, or to an earlier one of the same ping.
    func isAnswered(by bytes: [UInt8]) -> Bool {
        var reader = ByteReader(bytes[...])
        guard reader.byte() == (isVersion6 ? 129 : 0), reader.byte() == 0, reader.take(4) != nil, let number = reader.big(UInt16.self)
        else { return false }
        return number <= sequence && reader.rest.elementsEqual(token)
    }

    /// RFC 1071.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
            sum = (sum & 0xFFFF) + (sum >> 16)
        }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
