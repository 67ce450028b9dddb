/// A length of time in milliseconds. Written `10m`, `1h30m`, `1.5s`, `200ms`.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static let zero = TimeSpan(milliseconds: 0)
    public static func seconds(_ value: Double) -> TimeSpan { .init(milliseconds: Int64((value * 1_000).rounded())) }
    public static func minutes(_ value: Int) -> TimeSpan { .init(milliseconds: Int64(value) * 60_000) }
    public static func hours(_ value: Int) -> TimeSpan { .init(milliseconds: Int64(value) * 3_600_000) }

    public var seconds: Double { Double(milliseconds) / 1_000 }
    public var minutes: Double { Double(milliseconds) / 60_000 }

    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }
    public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan { .init(milliseconds: a.milliseconds &+ b.milliseconds) }
    public static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan { .init(milliseconds: a.milliseconds &- b.milliseconds) }
    public static func * (a: TimeSpan, b: Int64) -> TimeSpan {
        let (product, overflow) = a.milliseconds.multipliedReportingOverflow(by: b)
        return .init(milliseconds: overflow ? .max : product)
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads `5m`, `1h30m`, `1.5s`, `200ms`, `7d`, `0s`. Nil when it is not one, is negative, or is above 10 years.
    public init?(_ text: some StringProtocol) {
        var total = 0.0
        var bytes = Array(text.utf8)[...]
        guard !bytes.isEmpty else { return nil }
        while !bytes.isEmpty {
            let number = bytes.prefix { (48...57).contains($0) || $0 == 46 }
            let unit = bytes.dropFirst(number.count).prefix { (97...122).contains($0) }
            guard !number.isEmpty, let value = Double(String(decoding: number, as: UTF8.self)),
                let scale = TimeSpan.units.first(where: { Array($0.name.utf8) == Array(unit) })
            else { return nil }
            total += value * Double(scale.milliseconds)
            bytes = bytes.dropFirst(number.count + unit.count)
        }
        guard total.isFinite, total <= 10 * 366 * 86_400_000 else { return nil }
        milliseconds = Int64(total.rounded())
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The shortest exact form that `init(_:)` reads back: `5m`, `1h30m`, `1s500ms`, `0s`.
    public var description: String {
        guard milliseconds != 0 else { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        // A day is written 24h, as people do; days begin at two.
        let units = rest < 2 * 86_400_000 ? TimeSpan.units.dropFirst() : TimeSpan.units[...]
        for unit in units where rest >= UInt64(unit.milliseconds) {
            text += "\(rest / UInt64(unit.milliseconds))\(unit.name)"
            rest %= UInt64(unit.milliseconds)
        }
        return text
    }

    /// For people: the two largest units, `3m20s`, `2h5m`, `450ms`.
    public var brief: String {
        var rest = milliseconds.magnitude
        if rest >= 1_000 { rest = (rest / 1_000) * 1_000 }
        guard rest != 0 else { return "0s" }
        var parts: [String] = []
        for unit in TimeSpan.units where rest >= UInt64(unit.milliseconds) && parts.count < 2 {
            parts.append("\(rest / UInt64(unit.milliseconds))\(unit.name)")
            rest %= UInt64(unit.milliseconds)
        }
        return parts.joined()
    }
}
