/// The id of a tenant's app. Two ids that look alike may be two tenants: see ``ByteName``.
public struct AppID: ByteName {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension AppID {
    /// The id as the runtime keeps what belongs to it: without white space around it, as Python's `str.strip` takes it off in
    /// its `normalize_app_id`. All spellings of one are one tenant. An id of white space alone stays as it is.
    public var stored: AppID {
        guard let first = bytes.first, let last = bytes.last else { return self }
        // Nearly every id.
        if (0x21...0x7F).contains(first), (0x21...0x7F).contains(last) { return self }
        let scalars = text.unicodeScalars
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value) }
        guard let begin = scalars.firstIndex(where: { !isSpace($0) }), let end = scalars.lastIndex(where: { !isSpace($0) }),
            begin != scalars.startIndex || scalars.index(after: end) != scalars.endIndex
        else { return self }
        return AppID(String(scalars[begin...end]))
    }
}

extension AppID {
    /// The id with every byte outside `[A-Za-z0-9._-]` percent-encoded, as policy file names carry it.
    public var percentEncoded: String { PercentEncoding.encode(bytes) }

    /// Reads what `percentEncoded` wrote. Nil for a bad escape or a byte that would have been encoded.
    public init?(percentEncoded text: some StringProtocol) {
        guard let bytes = PercentEncoding.decode(text.utf8) else { return nil }
        self.bytes = bytes
    }
}
