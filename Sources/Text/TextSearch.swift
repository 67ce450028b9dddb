extension StringProtocol {
    /// Whether the bytes of `part` stand somewhere in this text. An empty part stands everywhere.
    public func contains(bytesOf part: String) -> Bool {
        firstIndex(ofBytes: part) != nil
    }

    /// Where the bytes of `part` first begin at or behind a place of this text's own; nil where they do not.
    public func firstIndex(ofBytes part: String, from start: Index? = nil) -> Index? {
        var place = start ?? startIndex
        while true {
            if utf8[place...].starts(with: part.utf8) { return place }
            guard place < endIndex else { return nil }
            place = utf8.index(after: place)
        }
    }

    /// With every place where the bytes of `part` stand replaced, from the left. An empty part stands nowhere.
    public func replacing(bytesOf part: String, with replacement: String) -> String {
        guard !part.isEmpty else { return String(self) }
        var out = ""
        var rest = startIndex
        while let found = firstIndex(ofBytes: part, from: rest) {
            out += self[rest..<found]
            out += replacement
            rest = utf8.index(found, offsetBy: part.utf8.count)
        }
        return out + self[rest...]
    }
}
