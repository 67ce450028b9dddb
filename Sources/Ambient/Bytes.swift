import CPlatform

extension UnsafeRawBufferPointer {
    /// Where `part` first stands at or behind `start`; nil where it does not, and for an empty one.
    public func offset(of part: [UInt8], from start: Int = 0) -> Int? {
        guard let base = baseAddress, !part.isEmpty, start < count else { return nil }
        let found = part.withUnsafeBytes { part in
            cplatform_find(base + start, UInt(count - start), part.baseAddress, UInt(part.count))
        }
        return found.map { $0 - base }
    }
}
