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
        case "null", "nil", "none", "nan", "undefined", "unknown", "missing", "absent":
            return "whether something is known is asked by 'missing(tokens)'"
        case "min", "h", "s": return "a rate is written without spaces: 10/min"
        case "metric", "metrics", "runtime.metric", "prometheus": return "write 'metric(\"mozaiks_active_connections\")'"
        default: break
        }
        if let clock = clock(word) { return clock }
        if let function = HistoryFunction(rawValue: word) {
            return "a function looks back over a range: write '\(call(function, function == .predict ? "disk_free" : "tokens"))'"
        }
        if let number = numbers.firstIndex(of: word) { return "write '\(number)'" }
        if thresholds.contains(where: { $0.isSame(as: name) }) { return "did you mean '$\(name)'?" }
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

    /// How the time of day and the days of the week are asked for.
    static func clock(_ word: String) -> String? {
        switch word {
        case "hour", "hours", "hour_of_day", "time", "time_of_day", "now", "clock", "local_hour":
            return "the hour by the configured zone is 'hour()', 0 to 23: write 'hour() >= 22'"
        case "weekday", "day_of_week", "dayofweek", "dow", "isodow", "day":
            return "days of the week are 'weekday()', 1 (Monday) to 7 (Sunday): write 'weekday() >= 6'"
        case "weekend": return "write 'weekday() >= 6'"
        case "minute", "minutes": return "time of day is by the hour: write 'hour() == 22'"
        default: break
        }
        let day = LocalHour.dayNames.map { $0.lowercased() }.firstIndex {
            $0 == word || (3...5).contains(word.utf8.count) && $0.hasPrefix(word)
        }
        return day.map { "weekday() counts from 1 (Monday) to 7 (Sunday): write '\($0 + 1)'" }
    }

    private static let numbers = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ]

    /// A function as it is called.
    static func call(_ function: HistoryFunction, _ signal: String) -> String {
        "\(function.rawValue)(\(signal)[\(range(of: function))]\(function == .predict ? ", 4h" : ""))"
    }

    /// A range that a function can look back over.
    static func range(of function: HistoryFunction) -> String {
        switch function {
        case .avg, .min, .max, .rise: "10m"
        case .baseline, .mad, .spike, .outgrew, .excess: "24h"
        case .earlier, .total: "1h"
        case .predict: "6h"
        }
    }

    /// A word in brackets, where a length of time should stand or the day or the month.
    static func bracket(_ word: String) -> String? {
        switch word.lowercased() {
        case "today", "day", "this_day", "daily", "midnight", "since_midnight": "write '[today]': since midnight by the configured zone"
        case "month", "this_month", "thismonth", "mtd", "monthly", "month_to_date":
            "write '[this_month]': since the first by the configured zone"
        case "yesterday", "last_day", "last_week", "last_month", "previous_month":
            "of days and months that are over no sums are kept: there are [today] and [this_month]"
        case "this": "there are [today] and [this_month]"
        case "week", "this_week", "weekly": "there are [today] and [this_month]; seven days are '[7d]', under a function"
        default: Nearest.hint(to: word, among: CalendarPeriod.allCases.map(\.rawValue))
        }
    }

    /// How people call the times that a rate is by.
    static let rates = [
        "s": "/s", "sec": "/s", "second": "/s", "min": "/min", "minute": "/min", "m": "/min", "h": "/h", "hr": "/h", "hour": "/h",
    ]

    /// A word that stands where a function should.
    /// - Parameter argument: the signal that it is called with, and its range as written, brackets included.
    static func function(_ name: String, of argument: (signal: String, bracket: String)?, among known: [String]) -> String {
        // Of a signal that there is; else an example.
        let named = argument.flatMap { argument in
            Signal(name: Signal.withoutScope(argument.signal)).map { (argument, $0) }
        }
        func call(_ function: HistoryFunction) -> String {
            let least = function == .rise || function == .avg || function == .min || function == .max
            let bracket = least ? named?.0.bracket ?? "" : ""
            return "write '\(function.rawValue)(\(named?.0.signal ?? "tokens")\(bracket.isEmpty ? "[\(range(of: function))]" : bracket))'"
        }
        if let clock = clock(name.lowercased()) { return clock }
        // `disk_free("/")`, `tokens(1h)`
        if let signal = Signal(name: Signal.withoutScope(name)), signal != .metric {
            return "'\(name)' is a signal, and no function: write '\(name)\(signal.isWindowed ? "[10m]" : "")'"
        }
        switch name.lowercased() {
        case "mean", "average", "avg_over_time", "ewma", "moving_average": return call(.avg)
        case "maximum", "peak", "highest", "max_over_time": return call(.max)
        case "minimum", "lowest", "min_over_time": return call(.min)
        case "median", "typical", "usual", "normal": return call(.baseline)
        case "stddev", "stdev", "std", "stdvar", "deviation": return call(.mad)
        case "predict_linear", "forecast", "holt_winters", "extrapolate", "linear_regression":
            return "write '\(Self.call(.predict, named?.0.signal ?? "disk_free"))'"
        case "delta", "deriv", "growth", "trend": return call(.rise)
        case "rate", "irate", "increase", "sum", "count", "sum_over_time", "count_over_time", "total", "last", "last_over_time", "abs":
            guard let (argument, signal) = named else {
                return "what is counted is a rate already: 'errors[10m]' are errors per minute over 10m"
            }
            guard signal.isWindowed else { return "'\(argument.signal)' is one figure already: write '\(argument.signal)'" }
            return signal.unit == .perMinute || signal.unit == .dollarsPerHour
                ? "what is counted is a rate already: write '\(argument.signal)\(argument.bracket)'"
                : "'\(argument.signal)' is one figure already: write '\(argument.signal)\(argument.bracket)'"
        case "p50", "p90", "p95", "p99", "quantile", "percentile", "histogram_quantile": return "write 'turn_latency.p95[10m]'"
        case "absent", "isnull", "is_missing", "exists", "defined", "is_null": return "write 'missing(\(named?.0.signal ?? "tokens"))'"
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

    /// What is paid with elsewhere.
    static let money = ["EUR", "eur", "euro", "euros", "Euro", "GBP", "CHF", "JPY", "cents"]

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
        case "offset": return "an offset stands right behind a signal and its window: tokens[1h] offset 7d"
        case "then", "if", "when", "unless": return "a condition is what must hold, without '\(word)'"
        case "for": return "how long it must hold stands in the rule's 'for:'"
        case "over" where number == nil: return "write '>'"
        case "in", "over", "within", "during", "last": return "a window stands in brackets behind its signal: errors[10m]"
        default: break
        }
        guard let number else { return nil }
        return money.contains(word)
            ? "money is in USD: write '\(number) USD/h'"
            : "a count has no unit: write '\(number)'; units: " + Quantity.knownUnits.joined(separator: " ")
    }
}
