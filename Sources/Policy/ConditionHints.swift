import Model
import YAML

/// What was probably meant by words that no condition has: those of other languages, of people, of other monitors.
enum ConditionHints {
    /// A word that stands where a signal should.
    ///
    /// - Parameters:
    ///   - known: the signals of the kind of subject.
    ///   - thresholds: the names that there are, without the `$`.
    static func signal(_ name: String, known: [String], thresholds: [String]) -> String? {
        let word = name.lowercased()
        switch word {
        case "true", "yes", "on": return "yes is written 1: write '1'"
        case "false", "no", "off": return "no is written 0: write '0'"
        case "down": return "write 'up == 0'"
        case "null", "nil", "none", "nan", "undefined", "unknown", "missing", "absent": return "whether something is known is asked by 'missing(signal)'"
        case "min", "h", "s": return "a rate is written without spaces: 10/min"
        default: break
        }
        if let function = HistoryFunction(rawValue: word) { return "a function looks back over a range: write '\(function.rawValue)(signal[\(range(of: function))])'" }
        if let number = numbers.firstIndex(of: word) { return "write '\(number)'" }
        if thresholds.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return "did you mean '$\(name)'?" }
        // `turn_latency`, `turn_latency.p90`: which of its figures is not said, or is none that there is. The nearest by its letters
        // would be a guess: p90 is no misspelt p50.
        let base = name.split(separator: ".").first.map(String.init) ?? name
        let figures = known.filter { $0.hasPrefix(base + ".") }
        if !figures.isEmpty, word.split(separator: ".").last?.hasPrefix("p") == true || !known.contains(base) && base == name {
            return "there are: " + figures.joined(separator: ", ")
        }
        if let near = Nearest.name(to: name, among: known), near.utf8.count <= name.utf8.count + 2 { return "did you mean '\(near)'?" }
        if !figures.isEmpty, !known.contains(base) { return "there are: " + figures.joined(separator: ", ") }
        let ends = known.filter { $0.hasSuffix("." + word) }
        if !ends.isEmpty { return "did you mean '\(ends[0])'?" + (ends.count > 1 ? " There are: " + ends.joined(separator: ", ") : "") }
        return Nearest.hint(to: name, among: known) ?? Nearest.name(to: name, among: thresholds).map { "did you mean '$\($0)'?" }
    }

    private static let numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

    /// A range that a function can look back over.
    static func range(of function: HistoryFunction) -> String {
        switch function {
        case .avg, .min, .max, .rise: "10m"
        case .baseline, .mad, .spike, .outgrew, .excess: "24h"
        }
    }

    /// A word that stands where a function should.
    static func function(_ name: String, among known: [String]) -> String {
        switch name.lowercased() {
        case "mean", "average", "avg_over_time": return "write 'avg(signal[10m])'"
        case "maximum", "peak", "highest", "max_over_time": return "write 'max(signal[10m])'"
        case "minimum", "lowest", "min_over_time": return "write 'min(signal[10m])'"
        case "median", "typical", "usual", "normal": return "write 'baseline(signal[24h])'"
        case "stddev", "stdev", "std", "stdvar", "deviation": return "write 'mad(signal[24h])'"
        case "delta", "deriv", "growth", "trend": return "write 'rise(signal[10m])'"
        case "rate", "irate", "increase", "sum", "count", "sum_over_time", "total":
            return "what is counted is a rate already: 'errors[10m]' are errors per minute over 10m"
        case "p50", "p90", "p95", "p99", "quantile", "percentile", "histogram_quantile": return "write 'turn_latency.p95[10m]'"
        case "absent", "isnull", "is_missing", "exists", "defined", "is_null": return "write 'missing(signal)'"
        default: return Nearest.hint(to: name, among: known) ?? "functions: " + known.joined(separator: ", ")
        }
    }

    /// A word that stands where the reason of a missing reading should.
    static func reason(_ name: String, among known: [String]) -> String {
        let word = name.lowercased()
        let meant: String? =
            switch word {
            case "refused", "timeout", "timed_out", "down", "offline", "connection_refused", "dns", "network", "tls": "unreachable"
            case "dead": "dead_counter"
            case "stub", "untracked": "not_tracked"
            case "forbidden", "token", "auth", "denied": "unauthorized"
            case "invalid", "parse", "json", "broken": "malformed"
            case "old", "late": "stale"
            case "new", "insufficient", "young", "no_data": "too_little_data"
            case "idle", "zero", "empty": "no_traffic"
            case "status", "http", "failed", "failure": "error"
            default: nil
            }
        if let meant { return "did you mean '\(meant)'?" }
        return Nearest.hint(to: name, among: known) ?? "reasons: " + known.joined(separator: ", ")
    }

    /// A word that stands behind something whole, where an operator should. Nil for a name that may be anything.
    static func behind(_ word: String, number: String?) -> String? {
        switch word.lowercased() {
        case "is", "equals", "eq": return "write '=='"
        case "isnt", "ne", "differs": return "write '!='"
        case "gt", "above", "exceeds", "greater", "more": return number == nil ? "write '>'" : nil
        case "lt", "below", "under", "less": return number == nil ? "write '<'" : nil
        case "gte", "ge": return "write '>='"
        case "lte", "le": return "write '<='"
        case "between": return "write both ends: 'active_runs >= 5 and active_runs <= 10'"
        case "then", "if", "when", "unless": return "a condition is what must hold, without '\(word)'"
        case "for": return "how long it must hold stands in the rule's 'for:'"
        case "over" where number == nil: return "write '>'"
        case "in", "over", "within", "during", "last": return "a window stands in brackets behind its signal: errors[10m]"
        default: break
        }
        guard let number else { return nil }
        return ["EUR", "eur", "euro", "euros", "GBP", "CHF", "JPY", "cents"].contains(word)
            ? "money is in USD: write '\(number) USD/h'"
            : "a count has no unit: write '\(number)'; units: " + Quantity.knownUnits.joined(separator: " ")
    }
}
