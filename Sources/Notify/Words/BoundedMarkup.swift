/// Text in a service's markup, written piece by piece within a limit.
protocol BoundedMarkup {
    /// What was written.
    var text: String { get set }
    /// UTF-16 units that are left. Services count characters; units are never fewer.
    var room: Int { get set }

    init()

    /// Words as words: nothing of them formats, links or mentions.
    mutating func put(words: String)
    /// A code span.
    mutating func put(code: String)
    /// What the operator wrote in the service's own markup.
    mutating func put(own markup: String)
}

extension BoundedMarkup {
    init(limit: Int) {
        self.init()
        room = limit
    }

    /// Markup of our own: all of it or nothing. False when there is no room.
    @discardableResult
    mutating func put(_ markup: String) -> Bool {
        guard markup.utf16.count <= room else { return false }
        room -= markup.utf16.count
        text += markup
        return true
    }

    mutating func put(_ phrase: Phrase) {
        for span in phrase.spans {
            switch span {
            case .words(let words): put(words: words)
            case .code(let code): put(code: code)
            case .own(let markup): put(own: markup)
            }
        }
    }
}
