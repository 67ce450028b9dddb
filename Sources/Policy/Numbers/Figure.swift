import Model

/// Figures for people: short, with their unit, the same on every machine.
public enum Figure {
    /// `61%`, `34`, `2.5/min`, `0.12 USD/h`, `40ms`, `1.5s`, `2h5m`, `38.4 MB`.
    public static func text(_ value: Double, _ unit: Unit) -> String {
        switch unit {
        case .seconds where value.magnitude >= 120 && value.magnitude < 1e11:
            (value < 0 ? "-" : "") + TimeSpan.seconds(value.magnitude).brief
        case .seconds where value != 0 && value.magnitude < 1: number(value * 1_000) + "ms"
        case .bytes: bytes(value)
        // A tenth of a percent is as much as anybody can use; below one percent the small figures matter.
        case .percent where value.magnitude >= 1: number((value * 10).rounded() / 10) + unit.suffix
        default: number(value) + unit.suffix
        }
    }

    /// `61%`, or `missing: dead_counter`.
    public static func text(_ evidence: Evidence, _ unit: Unit) -> String {
        switch evidence {
        case .value(let value): text(value, unit)
        case .missing(let reason): "missing: \(reason)"
        }
    }

    /// At most four decimals for small figures, fewer for larger ones, no trailing zeros.
    public static func number(_ value: Double) -> String {
        if value.isNaN { return "not a number" }
        if value.isInfinite { return value > 0 ? "infinite" : "-infinite" }
        let size = value.magnitude
        let decimals = size < 1 ? 4 : size < 10 ? 3 : size < 1_000 ? 2 : size < 1e6 ? 1 : 0
        guard size < 9e18 else { return String(value) }
        let scale = [1.0, 10, 100, 1_000, 10_000][decimals]
        let scaled = Int64((size * scale).rounded())
        var text = String(scaled / Int64(scale))
        var fraction = String(scaled % Int64(scale) + Int64(scale)).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        if decimals > 0, !fraction.isEmpty { text += "." + fraction }
        return (value < 0 && scaled != 0 ? "-" : "") + text
    }

    private static func bytes(_ value: Double) -> String {
        for (name, factor) in [(" GB", 1e9), (" MB", 1e6), (" kB", 1e3)] where value.magnitude >= factor {
            return number((value / factor * 10).rounded() / 10) + name
        }
        return number(value) + " B"
    }
}

extension ComparedReading {
    /// For people: `61%`, `at least 61%`; nil where nothing is known of it.
    public var known: String? {
        if let least { return "at least \(Figure.text(least, unit))" }
        return evidence.value.map { Figure.text($0, unit) }
    }
}
