/// Web addresses within an operator's own words.
enum WebAddress {
    /// The text in pieces, in order, each with whether it is an address.
    static func pieces(_ text: String) -> [(text: String, isAddress: Bool)] {
        var pieces: [(text: String, isAddress: Bool)] = []
        var words = ""
        var rest = text[...]
        while !rest.isEmpty {
            if ["https://", "http://"].contains(where: { rest.hasPrefix($0) }) {
                var address = rest.prefix { !" \n<>\"|()[]{}`'".contains($0) }
                // What ends a sentence ends no address.
                while let last = address.last, ".,;:!?".contains(last) { address = address.dropLast() }
                if !words.isEmpty { pieces.append((words, false)) }
                words = ""
                pieces.append((String(address), true))
                rest = rest.dropFirst(address.count)
            } else {
                words.append(rest.removeFirst())
            }
        }
        if !words.isEmpty { pieces.append((words, false)) }
        return pieces
    }

    /// The text with its addresses as `link` writes them, except those that stand in markup already: behind `<` or `(`.
    static func linked(_ text: String, _ link: (String) -> String) -> String {
        var out = ""
        for (piece, isAddress) in pieces(text) {
            out += isAddress && out.last != "<" && out.last != "(" ? link(piece) : piece
        }
        return out
    }
}
