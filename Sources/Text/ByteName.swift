/// A name that somebody else chose: bytes. Compared, hashed and sorted by its UTF-8 bytes, never by Unicode equivalence, because
/// two names that look alike may be of two things.
///
/// What is compared at each reading can be inlined: the rooms that sort names are not the one that declares them.
public protocol ByteName: Hashable, Comparable, Sendable, CustomStringConvertible {
    var bytes: [UInt8] { get }

    init(bytes: [UInt8])
}

extension ByteName {
    @inlinable
    public init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    /// The name as text; bytes that are not UTF-8 show as U+FFFD. For people and documents, never for comparison.
    @inlinable
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// For people, safe to show: see `Shown`. Never the name itself, which is `text` or `bytes`.
    public var description: String { Shown.id(text) }

    @inlinable
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
