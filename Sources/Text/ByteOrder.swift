/// The order of names: by their bytes. `String`'s own `<` and `==` go by Unicode equivalence, which takes two ids for one and
/// sorts otherwise than the journal and every other program; names of any kind are sorted and compared by these alone.
extension StringProtocol {
    /// Whether these are the very same bytes.
    @inlinable
    public func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Whether it stands before another one.
    @inlinable
    public func precedes(_ other: some StringProtocol) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension Sequence where Element: StringProtocol {
    @inlinable
    public func inByteOrder() -> [Element] { sorted { $0.precedes($1) } }
}

extension Sequence {
    /// By the names that its elements have.
    @inlinable
    public func inByteOrder(of name: (Element) -> String) -> [Element] { sorted { name($0).precedes(name($1)) } }
}
