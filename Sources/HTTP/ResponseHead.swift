/// The head of an answer as its lines come in. Interim (1xx) heads and those of followed redirects give way to
/// the next one.
struct ResponseHead {
    /// A server that sends more than this is broken or hostile; real ones send a few hundred bytes.
    static let byteLimit = 64 * 1_024
    static let fieldLimit = 256

    private(set) var headers = HTTPHeaders()
    private(set) var isComplete = false
    /// Bytes of head received, over all heads of this transfer.
    private(set) var byteCount = 0
    private(set) var contentLength: Int?

    var isChunked: Bool { headers["transfer-encoding"] != nil }

    /// Takes one line as libcurl hands it over, line end included. Returns what is wrong with it, if anything.
    mutating func receive(_ line: UnsafeRawBufferPointer) -> String? {
        byteCount += line.count
        guard byteCount <= Self.byteLimit else { return "more than \(Self.byteLimit) bytes of headers" }

        let content = line[..<(line.lastIndex { $0 != 0x0D && $0 != 0x0A }.map { $0 + 1 } ?? line.startIndex)]
        if isStatusLine(content) {
            headers = HTTPHeaders()
            contentLength = nil
            isComplete = false
            return nil
        }
        guard !content.isEmpty else {
            isComplete = true
            return nil
        }
        // Trailers of a chunked body come through here too; they change nothing about the head.
        guard !isComplete else { return nil }
        guard headers.fields.count < Self.fieldLimit else { return "more than \(Self.fieldLimit) header fields" }
        guard let colon = content.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = String(decoding: content[..<colon], as: UTF8.self)
        let value = String(decoding: trimmed(content[(colon + 1)...]), as: UTF8.self)
        headers.append(name: name, value: value)
        // A length that is no number is libcurl's to refuse; here it only steers the first allocation.
        contentLength = headers["content-length"].flatMap(Int.init)
        return nil
    }

    private func isStatusLine(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        line.starts(with: "HTTP/".utf8)
    }

    private func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }),
            let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return bytes[bytes.endIndex...] }
        return bytes[first...last]
    }
}
