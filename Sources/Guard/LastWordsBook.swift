import Model

/// The last words of every runtime, and of which of them they changed since they were kept.
///
/// They change in each tick, by when a process was last heard, and nearly nothing else of the guard does. So each runtime's are
/// a row of their own: the tick of one does not write those of five hundred others.
struct LastWordsBook: Hashable, Sendable {
    private(set) var all: [String: LastWords] = [:]
    /// No part of what is remembered: two books that say the same are equal.
    private var changed: Set<String> = []

    static func == (a: LastWordsBook, b: LastWordsBook) -> Bool { a.all == b.all }
    func hash(into hasher: inout Hasher) { hasher.combine(all) }

    subscript(runtime: String) -> LastWords? { all[runtime] }

    /// Changes those of a runtime, which begin where there are none.
    mutating func change<Result>(_ runtime: String, _ body: (inout LastWords) -> Result) -> Result {
        changed.insert(runtime)
        return body(&all[runtime, default: LastWords()])
    }

    /// Takes in what was kept of a runtime. Of two accounts the one counts in which it was heard of later: a version that knew no
    /// rows of their own may have run since they were written.
    mutating func take(_ words: LastWords, of runtime: String, isKept: Bool) {
        if let known = all[runtime]?.heardAt, words.heardAt.map({ $0 <= known }) ?? true { return }
        all[runtime] = words
        if isKept { changed.remove(runtime) } else { changed.insert(runtime) }
    }

    /// The runtimes of which they changed since the last call, sorted by bytes.
    mutating func drainChanged() -> [String] {
        defer { changed = [] }
        return changed.inByteOrder()
    }
}

// MARK: - As rows

extension GuardState {
    /// All that is remembered but last words.
    public var withoutLastWords: GuardState {
        var state = self
        state.lastWords = LastWordsBook()
        return state
    }

    /// The last words that changed since the last call: the runtime's name with the document that `takeLastWords` reads, sorted by
    /// the bytes of the names.
    public mutating func drainLastWords() -> [(runtime: String, document: JSON)] {
        lastWords.drainChanged().compactMap { runtime in lastWords[runtime].map { (runtime, $0.document(runtime)) } }
    }

    /// Takes in the last words of a runtime, as they were kept.
    /// - Returns: the runtime that they are of.
    public mutating func takeLastWords(_ document: JSON) throws(DocumentError) -> String {
        let reader = DocumentReader(document, document: "last words")
        let runtime = try reader.member("runtime").string()
        lastWords.take(try LastWords(reader), of: runtime, isKept: true)
        return runtime
    }
}
