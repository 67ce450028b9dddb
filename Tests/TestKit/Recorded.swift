import Glibc
import Testing

extension Fixtures {
    /// Expects that a file of the repository, or what stands in it between `<!-- NAME: begin -->` and `<!-- NAME: end -->`,
    /// is the text. With `MOZAIKS_RECORD` set it is written anew, and the test fails for that run, so that nobody records
    /// by accident.
    /// - Parameter suite: what to filter for, to record it.
    public static func recorded(
        _ path: String, between name: String? = nil, _ text: String, _ suite: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let path = repository + "/" + path
        let page = String(decoding: read(path) ?? [], as: UTF8.self)
        var (head, tail) = (page[page.startIndex..<page.startIndex], page[page.endIndex...])
        if let name {
            let begin = "<!-- \(name): begin -->\n"
            let from = try #require(place(of: begin, in: page), sourceLocation: location)
            let to = try #require(place(of: "<!-- \(name): end -->\n", in: page), sourceLocation: location)
            head = page[..<page.utf8.index(from, offsetBy: begin.utf8.count)]
            tail = page[to...]
        }
        let stands = page[head.endIndex..<tail.startIndex]
        let isSame = stands.utf8.elementsEqual(text.utf8)
        if !isSame, getenv("MOZAIKS_RECORD") != nil {
            let file = try #require(fopen(path, "wb"), sourceLocation: location)
            defer { fclose(file) }
            fputs(head + text + tail, file)
        }
        #expect(isSame, "\(path): MOZAIKS_RECORD=1 swift test --filter \(suite)", sourceLocation: location)
    }

    private static func place(of mark: String, in page: String) -> String.Index? {
        page.utf8.indices.first { page.utf8[$0...].starts(with: mark.utf8) }
    }
}
