import Model

/// Ids that people type: `a3f2` for an incident whose id is 31 characters long.
///
/// The first hexadecimal digits of SHA-256 over the whole id, so it is the same in a message, on every screen and after
/// every restart. Not the beginning of the id itself: all incidents of one rule on one subject begin alike.
public enum ShortID {
    /// How many digits a short id has at least.
    public static let least = 4

    /// All digits, of which a short id is the beginning.
    public static func digits(of id: String) -> String { SHA256.hex(Array(id.utf8)) }

    /// Where nobody knows the other ids: the fewest digits. With ten thousand incidents in a journal one in seven of
    /// these is ambiguous; whoever asks by it is then shown the candidates.
    public static func of(_ id: String) -> String { String(digits(of: id).prefix(least)) }

    /// As many digits as it takes to tell each of `ids` from all of `known`, at least four. What begins another whole id
    /// is not taken, since ids may be given by their beginnings, too.
    public static func shortest(of ids: [String], among known: [String]) -> [String: String] {
        let all = Set(known + ids).map { (id: $0, digits: digits(of: $0)) }.sorted { $0.digits < $1.digits }
        let wanted = Set(ids)
        let sorted = all.map(\.id).inByteOrder()
        var short: [String: String] = [:]
        for (place, one) in all.enumerated() where wanted.contains(one.id) {
            var length = least
            for other in [place - 1, place + 1] where all.indices.contains(other) {
                length = max(length, common(one.digits, all[other].digits) + 1)
            }
            while length < one.digits.utf8.count, begins(String(one.digits.prefix(length)), one: sorted) { length += 1 }
            short[one.id] = String(one.digits.prefix(length))
        }
        return short
    }

    private static func common(_ a: String, _ b: String) -> Int {
        zip(a.utf8, b.utf8).prefix { $0 == $1 }.count
    }

    /// Whether any of the sorted ids begins so.
    private static func begins(_ text: String, one sorted: [String]) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].precedes(text) { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low].utf8.starts(with: text.utf8)
    }
}
