import Model
import YAML

/// Amounts with a unit.
public enum Amounts {
    /// `2%`.
    public static func percent(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Double>, _ reporter: Reporter) -> Double? {
        guard let text = node.text, text.hasSuffix("%"), let value = Double(text.dropLast()), value.isFinite else {
            reporter.report("type", "'\(what)' must be a percentage", at: node, hint: "such as 2%")
            return nil
        }
        guard range.contains(value) else {
            reporter.report(
                "range", "'\(what)' must be between \(number(range.lowerBound))% and \(number(range.upperBound))%",
                at: node)
            return nil
        }
        return value
    }

    /// `128 MB`; at least 64 kB and at most 4 GB.
    public static func bytes(_ node: YAMLNode, _ what: String, _ reporter: Reporter) -> Int? {
        let units = ["B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1_024, "MiB": 1_048_576, "GiB": 1_073_741_824]
        let text = node.text ?? ""
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let value = Double(digits), let factor = units[String(unit)], value.isFinite else {
            reporter.report("type", "'\(what)' must be a size", at: node, hint: "such as 128 MB")
            return nil
        }
        guard (64_000...4e9).contains(value * factor) else {
            reporter.report("range", "'\(what)' must be between 64 kB and 4 GB", at: node)
            return nil
        }
        return Int(value * factor)
    }

    /// `0.15 USD/M`: USD for a million tokens.
    public static func price(_ node: YAMLNode, _ reporter: Reporter) -> Double? {
        let words = (node.text ?? "").split(separator: " ")
        guard words.count == 2, words[1] == "USD/M", let value = Double(words[0]), value.isFinite, value >= 0 else {
            reporter.report("type", "a price is in USD for a million tokens", at: node, hint: "such as 0.15 USD/M")
            return nil
        }
        return value
    }

    public static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
