/// "Did you mean": the known name that a mistyped one is closest to.
public enum Nearest {
    /// The candidate with the smallest distance, the first among equals; nil when none is close: more than a third of
    /// the longer name's letters would have to change.
    public static func name(to text: String, among candidates: some Sequence<String>) -> String? {
        let wanted = letters(text)
        guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let known = letters(candidate)
            let limit = max(1, max(wanted.count, known.count) / 3)
            guard abs(known.count - wanted.count) <= limit else { continue }
            let distance = distance(wanted, known)
            if distance <= limit, distance < best?.distance ?? .max, known.count > distance {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// `did you mean 'x'?`, or nil.
    public static func hint(to text: String, among candidates: some Sequence<String>) -> String? {
        name(to: text, among: candidates).map { "did you mean '\($0)'?" }
    }

    /// Case and the choice between `-` and `_` do not count.
    private static func letters(_ text: String) -> [UInt32] {
        text.lowercased().unicodeScalars.map { $0 == "-" ? 0x5F : $0.value }
    }

    /// Damerau-Levenshtein, optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
    static func distance(_ a: [UInt32], _ b: [UInt32]) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var above = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                row[j + 1] = min(above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], before[j - 1] + 1) }
            }
            before = above
            above = row
        }
        return above[b.count]
    }
}
