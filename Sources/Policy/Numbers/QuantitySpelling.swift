import Model
import YAML

/// How people write numbers elsewhere, and how the same is written here: `1k`, `50 USD/day`, `$5/h`, `10 per minute`.
enum QuantitySpelling {
    private struct Parts {
        var isMoney: Bool
        var number: Double
        var per: String?
        /// Bytes of the text that it takes.
        var length: Int
        var isStrange: Bool
    }

    /// Bytes of the quantity at the beginning of the text; nil where there is none of these spellings.
    static func length(_ text: String) -> Int? { foreign(text)?.length ?? parts(text).flatMap { $0.isStrange ? $0.length : nil } }

    /// `write '1000'`; nil where nothing better is known.
    static func hint(_ text: String) -> String? {
        if let foreign = foreign(text) { return foreign.hint }
        guard let parts = parts(text), parts.isStrange else { return nil }
        let number = Figure.number(parts.number)
        guard let per = parts.per else { return "write '\(number)\(parts.isMoney ? " USD" : "")'" }
        if parts.isMoney {
            // Spending is compared by the hour.
            switch per {
            case "s", "sec", "second": return "write '\(number) USD/s'"
            case "min", "minute": return "write '\(number) USD/min'"
            case "h", "hr", "hour": return "write '\(number) USD/h'"
            case "d", "day": return "a spend is by the hour: write '\(Figure.number(parts.number / 24)) USD/h'"
            case "week": return "a spend is by the hour: write '\(Figure.number(parts.number / 168)) USD/h'"
            case "month", "mo": return "a spend is by the hour: write '\(Figure.number(parts.number / 720)) USD/h' (of 30 days)"
            default: return nil
            }
        }
        switch per {
        case "s", "sec", "second": return "write '\(number)/s'"
        case "min", "minute", "m": return "write '\(number)/min'"
        case "h", "hr", "hour": return "write '\(number)/h'"
        case "d", "day": return "write '\(Figure.number(parts.number / 24))/h'"
        case "week": return "write '\(Figure.number(parts.number / 168))/h'"
        case "month", "mo": return "write '\(Figure.number(parts.number / 720))/h' (of 30 days)"
        default: return nil
        }
    }

    /// `30 sec`, `5 percent`, `2000 rpm`, `3x`, `1e3`: a unit that has another name here, or none.
    private static func foreign(_ text: String) -> (hint: String, length: Int)? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { (48...57).contains($0) || $0 == 46 }
        guard let number = Double(String(decoding: digits, as: UTF8.self)), digits.last != 46 else { return nil }
        if let power = power(bytes, digits: digits.count) { return power }
        let blanks = bytes[digits.count...].prefix { $0 == 0x20 }.count
        let start = digits.count + blanks
        // A threshold's value stands alone, without whoever reads a condition.
        if blanks > 0, start + 1 == bytes.count, bytes[start] == 37 {
            return ("write '\(String(decoding: digits, as: UTF8.self))%'", start + 1)
        }
        let sign = String(decoding: bytes[start...].prefix(3), as: UTF8.self).unicodeScalars.first
        if let sign, !sign.isASCII, sign.properties.generalCategory == .currencySymbol {
            return ("money is in USD: write '\(String(decoding: digits, as: UTF8.self)) USD/h'", bytes.count)
        }
        var end = start
        while end < bytes.count,
            (65...90).contains(bytes[end]) || (97...122).contains(bytes[end]) || ((48...57).contains(bytes[end]) && end > start)
        { end += 1 }
        let perCent = Array("per cent".utf8)
        if bytes[start...].starts(with: perCent) {
            let behind = start + perCent.count
            if behind == bytes.count || !((97...122).contains(bytes[behind]) || bytes[behind] == 95) {
                return ("write '\(String(decoding: digits, as: UTF8.self))%'", behind)
            }
        }
        let word = String(decoding: bytes[start..<end], as: UTF8.self)
        // A name of a signal, a function's call, a rate of something else.
        guard !word.isEmpty, end == bytes.count || ![40, 46, 47, 91, 95].contains(bytes[end]) else { return nil }
        let written = String(decoding: digits, as: UTF8.self)
        switch word {
        case "x", "X", "times": return ("write '\(written) *'", end)
        default: break
        }
        switch word.lowercased() {
        case "percent", "pct", "percentage", "perc": return ("write '\(written)%'", end)
        case "rpm", "tpm", "qpm", "cpm": return ("write '\(written)/min'", end)
        case "rps", "qps", "tps", "hz": return ("write '\(written)/s'", end)
        case "rph", "qph": return ("write '\(written)/h'", end)
        case "byte", "bytes": return ("write '\(written)B'", end)
        case "kb", "mb", "gb", "kib", "mib", "gib":
            let unit = ["kb": "kB", "mb": "MB", "gb": "GB", "kib": "KiB", "mib": "MiB", "gib": "GiB"][word.lowercased()] ?? "B"
            return word == unit ? nil : ("write '\(written)\(unit)'", end)
        default: break
        }
        // `1M` may be a million, which is said elsewhere; `5m` is right as it is.
        guard word != "M", let (unit, factor) = SpanSpelling.unit(word), blanks > 0 || word != unit else { return nil }
        return ("write '\(Figure.number(number * factor))\(unit)'", end)
    }

    /// `1e3`, `10e3/min`, `1.5E3 USD/h`: a power, with the unit behind it.
    private static func power(_ bytes: [UInt8], digits: Int) -> (hint: String, length: Int)? {
        guard digits < bytes.count, bytes[digits] == 69 || bytes[digits] == 101 else { return nil }
        let exponent = bytes[(digits + 1)...].prefix { (48...57).contains($0) }
        let end = digits + 1 + exponent.count
        guard !exponent.isEmpty, let power = Double(String(decoding: bytes[..<end], as: UTF8.self)), power.isFinite else { return nil }
        let number = Figure.number(power)
        let unit = ["/s", "/min", "/h", "%", " USD/h"].first { unit in
            bytes[end...].starts(with: unit.utf8)
                && (end + unit.utf8.count == bytes.count || !(97...122).contains(bytes[end + unit.utf8.count]))
        }
        if let unit { return ("write '\(number)\(unit)'", end + unit.utf8.count) }
        return end < bytes.count && isNameByte(bytes[end]) ? nil : ("write '\(number)'", end)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == 47 || byte == 95
    }

    /// `1.000.000`: how thousands are parted where a comma is the decimal sign. Nil for anything else.
    static func dotted(_ text: String) -> (number: String, length: Int)? {
        let digits = text.utf8.prefix { (48...57).contains($0) || $0 == 46 }
        let groups = digits.split(separator: 46, omittingEmptySubsequences: false)
        guard groups.count > 2, (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }) else { return nil }
        return (String(decoding: groups.joined(), as: UTF8.self), digits.count)
    }

    private static let factors: [(suffix: String, factor: Double)] = [
        ("k", 1e3), ("K", 1e3), ("M", 1e6), ("mio", 1e6), ("million", 1e6), ("thousand", 1e3), ("G", 1e9), ("bn", 1e9), ("billion", 1e9),
    ]
    private static let money = ["USD", "usd", "US$", "$", "dollars", "dollar", "Dollar"]
    private static let times = [
        "seconds", "second", "sec", "s", "minutes", "minute", "min", "m", "hours", "hour", "hr", "h", "days", "day", "d", "weeks", "week",
        "months", "month", "mo",
    ]

    private static func parts(_ text: String) -> Parts? {
        let bytes = Array(text.utf8)
        var index = 0
        var isStrange = false
        var isMoney = false
        func word(at start: Int) -> String {
            String(decoding: bytes[start...].prefix { (65...90).contains($0) || (97...122).contains($0) || $0 == 36 }, as: UTF8.self)
        }
        func skipBlanks() { while index < bytes.count, bytes[index] == 0x20 { index += 1 } }
        for name in money where bytes.starts(with: name.utf8) {
            (index, isMoney, isStrange) = (name.utf8.count, true, true)
            skipBlanks()
            break
        }
        // Digits with grouping commas; a dot is a decimal point, here as everywhere.
        let digits = bytes[index...].prefix { (48...57).contains($0) || $0 == 46 || $0 == 44 || $0 == 95 }
        let plain = digits.filter { $0 != 44 && $0 != 95 }
        let groups = digits.split(separator: 44, omittingEmptySubsequences: false)
        guard digits.first.map({ (48...57).contains($0) }) == true, var number = Double(String(decoding: plain, as: UTF8.self)),
            digits.last != 44, digits.last != 46, groups.dropFirst().allSatisfy({ $0.prefix { (48...57).contains($0) }.count == 3 })
        else { return nil }
        if plain.count != digits.count { isStrange = true }
        index += digits.count
        var end = index
        skipBlanks()
        let suffix = word(at: index)
        // `1M` has the unit of minutes in small letters, `k` none at all: only what no unit is called.
        if let factor = factors.first(where: { $0.suffix == suffix }) {
            number *= factor.factor
            index += suffix.utf8.count
            (end, isStrange) = (index, true)
            skipBlanks()
        }
        let currency = word(at: index)
        if !isMoney, money.contains(currency) {
            isMoney = true
            if currency != "USD" { isStrange = true }
            index += currency.utf8.count
            end = index
            skipBlanks()
        }
        var per: String?
        let joined = word(at: index)
        if index < bytes.count, bytes[index] == 47 || joined == "per" || joined == "a" {
            var after = index + (bytes[index] == 47 ? 1 : joined.utf8.count)
            let hadBlank = after < bytes.count && bytes[after] == 0x20
            while after < bytes.count, bytes[after] == 0x20 { after += 1 }
            let time = word(at: after)
            if times.contains(time), !(bytes[index] == 47 && hadBlank) {
                let singular = time.utf8.count > 2 && time.hasSuffix("s") ? String(time.dropLast()) : time
                per = singular
                let isKnown = bytes[index] == 47 && ["s", "min", "h"].contains(time) && index == end
                if !isKnown { isStrange = true }
                end = after + time.utf8.count
            }
        }
        return Parts(isMoney: isMoney, number: number, per: per, length: end, isStrange: isStrange)
    }
}
