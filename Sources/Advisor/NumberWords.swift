/// English words for numbers, and what numbers count.
enum NumberWords {
    private static let units: [String: Double] = [
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
        "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
        "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40,
        "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12, "couple": 2, "pair": 2,
    ]
    private static let scales: [String: Double] = [
        "hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "k": 1e3, "K": 1e3, "M": 1e6,
    ]
    /// Words that are a whole number by themselves.
    private static let factors: [String: Double] = [
        "half": 0.5, "halved": 0.5, "quarter": 0.25, "thirds": 1.0 / 3, "quarters": 0.25, "fifth": 0.2, "tenth": 0.1,
        "twice": 2, "double": 2, "doubled": 2, "doubles": 2, "doubling": 2, "thrice": 3, "triple": 3, "tripled": 3,
        "triples": 3, "quadruple": 4, "quadrupled": 4, "twofold": 2, "threefold": 3, "fourfold": 4, "fivefold": 5,
        "tenfold": 10, "hundredfold": 100,
    ]

    private static let vague: Set<String> = ["dozens", "hundreds", "thousands", "tens", "umpteen", "countless", "halving"]

    /// Words that claim a number and cannot be checked: `dozens`, and by their ends `sevenfold`, `quintupled`, `zillions`.
    static func isVague(_ word: String) -> Bool {
        if vague.contains(word) { return true }
        guard factors[word] == nil, scales[word] == nil else { return false }
        return ["fold", "upled", "upling", "illion", "illions", "tripling"].contains { word.hasSuffix($0) && word != $0 }
            || ["tripling", "triples", "trebled", "trebling", "treble"].contains(word)
    }

    /// Parts of something: `an eighth of it`, `by a third`.
    static let ordinals: Set<String> = [
        "third", "fourth", "sixth", "seventh", "eighth", "ninth", "hundredth", "thousandth", "millionth", "sixths", "sevenths",
        "eighths", "ninths", "hundredths", "thousandths",
    ]

    /// Words behind a number that are not what it counts, but what the sentence goes on with.
    static let connectives: Set<String> = [
        "a", "above", "after", "again", "ago", "already", "also", "an", "and", "are", "as", "at", "because", "been", "before",
        "below", "between", "beyond", "but", "by", "compared", "down", "during", "each", "every", "exceeding", "exceeds",
        "followed", "for", "from", "had", "has", "have", "if", "in", "into", "is", "it", "its", "lower", "higher", "less",
        "near", "nearly", "not", "now", "of", "off", "on", "only", "or", "out", "over", "per", "plus", "rather", "since", "so",
        "still", "than", "that", "the", "their", "then", "there", "these", "they", "this", "those", "though", "threshold",
        "through", "to", "today", "until", "up", "usually", "versus", "vs", "was", "well", "were", "when", "where", "whereas",
        "which", "while", "who", "will", "with", "within", "without", "yet",
    ]

    /// Words that may stand between a number and what it counts.
    static let adjectives: Set<String> = [
        "active", "open", "concurrent", "new", "other", "more", "running", "stalled", "of", "the", "its", "parallel",
        "simultaneous", "different", "ended", "failed", "silent", "total", "such", "agent", "tool", "model", "dead",
    ]

    /// What is counted, in the singular; words that people use for the same are one.
    static let nouns: [String: String] = {
        var nouns = [
            "processes": "process", "retries": "retry", "workflows": "run", "workflow": "run", "tenants": "app", "tenant": "app",
            "applications": "app", "application": "app", "websockets": "connection", "websocket": "connection",
        ]
        for noun in [
            "run", "app", "chat", "connection", "replica", "user", "customer", "process", "instance", "server", "node",
            "container", "pod", "error", "failure", "call", "turn", "token", "start", "counter", "attempt", "restart",
            "retry", "request", "incident", "alert", "person", "runtime", "database", "core", "thread",
        ] {
            nouns[noun] = noun
            if nouns[noun + "s"] == nil { nouns[noun + "s"] = noun }
        }
        return nouns
    }()

    /// Whether a number can begin with this word.
    static func begins(_ word: String) -> Bool {
        units[word] != nil || factors[word] != nil || (scales[word] ?? 0) >= 100 && word.utf8.count > 1
    }

    /// Words that stand inside a number.
    static func isInner(_ word: String) -> Bool {
        word == "and" || word == "a" || word == "point" || scales[word] != nil && word.utf8.count > 1
    }

    /// The factor that a word or suffix is: `thousand`, `k`.
    static func scale(_ word: String) -> Double? { scales[word] }

    /// The dimension of a unit and how much of its base one is.
    static func measure(_ unit: String) -> (dimension: Dimension, factor: Double)? {
        switch unit {
        case "percent", "pct": (.percent, 1)
        case "ms", "millisecond", "milliseconds": (.seconds, 0.001)
        case "s", "sec", "secs", "second", "seconds": (.seconds, 1)
        case "m", "min", "mins", "minute", "minutes": (.seconds, 60)
        case "h", "hr", "hrs", "hour", "hours": (.seconds, 3_600)
        case "d", "day", "days": (.seconds, 86_400)
        case "usd", "USD", "dollar", "dollars": (.dollars, 1)
        case "cent", "cents": (.dollars, 0.01)
        case "b", "B", "byte", "bytes": (.bytes, 1)
        case "kb", "kB", "KB": (.bytes, 1e3)
        case "mb", "MB", "megabytes": (.bytes, 1e6)
        case "gb", "GB", "gigabytes": (.bytes, 1e9)
        case "x", "times", "fold": (.times, 1)
        case "week", "weeks", "month", "months", "year", "years", "us", "µs", "ns": (.unknown, 1)
        default: nil
        }
    }

    /// How far a number in words is rounded: `forty-eight thousand` to the thousand, as its zeros say.
    static func step(_ value: Double) -> Double {
        var step = 1.0
        while value >= 100 * step, (value / (step * 10)).rounded() * step * 10 == value { step *= 10 }
        return step
    }

    /// What a run of words says: `twenty five`, `two and a half`, `three quarters`. Nil where it is none.
    static func value(_ words: [String]) -> (value: Double, dimension: Dimension?)? {
        if words.count == 1, let factor = factors[words[0]] { return (factor, .times) }
        var total = 0.0
        var current = 0.0
        var fraction: Double?
        var hasAny = false
        for word in words {
            if word == "point" {
                fraction = 0.1
            } else if let scale = fraction, let unit = units[word] {
                current += unit * scale
                fraction = scale / 10
                hasAny = true
            } else if let unit = units[word] {
                current = word == "dozen" && current > 0 ? current * 12 : current + unit
                hasAny = true
            } else if let factor = factors[word], factor < 1 {
                // `three quarters` multiplies, `two and a half` adds.
                current = words.contains("and") ? current + factor : max(current, 1) * factor
                hasAny = true
            } else if let factor = factors[word] {
                current = max(current, 1) * factor
                hasAny = true
            } else if let scale = scales[word] {
                hasAny = true
                current = max(current, 1) * scale
                if scale >= 1_000 {
                    total += current
                    current = 0
                }
            }
        }
        return hasAny ? (total + current, nil) : nil
    }
}
