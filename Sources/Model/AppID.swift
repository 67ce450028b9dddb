/// The id of a tenant's app: bytes. Compared, hashed and sorted by its UTF-8 bytes, never by Unicode equivalence,
/// because two ids that look alike may be two tenants.
public struct AppID: Hashable, Comparable, Sendable {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The id as text; bytes that are not UTF-8 show as U+FFFD. For people and documents, never for comparison.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public static func < (a: AppID, b: AppID) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
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

extension AppID: CustomStringConvertible {
    /// For people, safe to show: see `Shown`. Never the id itself, which is `text` or `bytes`.
    public var description: String { Shown.id(text) }
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
