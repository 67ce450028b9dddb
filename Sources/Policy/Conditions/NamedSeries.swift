import Model
import YAML

/// A reading as a person names it outside of a condition: `active_runs`, `error_rate[10m]`, `rise(error_rate[10m])`.
public struct NamedSeries: Sendable {
    /// As conditions ask for it, with the window filled in.
    public let series: SeriesRef
    /// Neither a window nor a function was named.
    public let isBare: Bool

    /// Resolves a name for subjects of a kind. What is wrong is reported at the node, with the place within it; then nil.
    public init?(_ node: YAMLNode, subject: SubjectKind, window: TimeSpan, _ reporter: Reporter) {
        guard let text = reporter.string(node, "a series") else { return nil }
        func fail(_ fault: ConditionFault) {
            Sourced(node: node, reporter: reporter).report(fault, text)
        }
        do throws(ConditionFault) {
            guard case .reading(let use) = try ConditionParser.parse(text).kind else {
                throw ConditionFault(
                    "series", "this is not the name of a reading", 0..<text.utf8.count,
                    hint: "such as active_runs, error_rate[10m] or rise(error_rate[10m])")
            }
            if use.ofRuntime {
                throw ConditionFault(
                    "series", "series of the runtime stand below 'runtime:'", use.nameRange, hint: "write '\(use.name)'")
            }
            if use.ofApp {
                throw ConditionFault(
                    "series", "series of the app stand below 'apps:'", use.nameRange, hint: "write '\(use.name)'")
            }
            var faults: [ConditionFault] = []
            let resolved = SignalResolution(subject: subject, window: window).resolve(use, &faults)
            faults.forEach(fail)
            guard let resolved else { return nil }
            series = resolved
            isBare = use.bracket == nil && use.function == nil && use.offset == nil && use.period == nil
        } catch {
            fail(error)
            return nil
        }
    }

    /// A number with the unit of a reading, or without a unit, in the base of that unit; nil when it is neither.
    public static func value(_ text: String, in unit: Unit) -> Double? {
        if text == "inf" { return .infinity }
        guard let quantity = Quantity(text), quantity.unit == unit || quantity.unit == .number else { return nil }
        return quantity.value
    }
}
