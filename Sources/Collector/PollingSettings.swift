import Model
import Settings
import YAML

/// What polling may cost.
public struct PollingSettings: Sendable {
    /// The most of a runtime's time that polling it may take, in percent.
    public var budgetPercent = 2.0
    public var timeout = TimeSpan.seconds(10)
    /// The largest answer that is read, in bytes.
    public var bodyLimit = 128 << 20

    public init() {}

    private static let usual = PollingSettings()
    private static let budget = SettingKey(
        "budget", .percent(0.01...50), fallback: "\(Amounts.number(usual.budgetPercent))%",
        "Most of a runtime's time that answering may take; dear endpoints are asked less often to stay within it")
    private static let timeout = SettingKey(
        "timeout", .span(TimeSpan(milliseconds: 100)...TimeSpan.minutes(5)), fallback: "\(usual.timeout)",
        "How long an answer is waited for")
    private static let bodyLimit = SettingKey(
        "body_limit", .bytes, fallback: "\(usual.bodyLimit >> 20) MiB", "Largest answer that is read")
    public static let key = SettingKey(
        "polling", .section(SettingSection([budget, timeout, bodyLimit])), "What polling may cost a runtime")

    /// Reads `polling`. What is absent or reported stays as it is by default.
    public init(_ root: Fields, _ reader: SettingReader) {
        guard let fields = root.section(PollingSettings.key) else { return }
        if let percent = reader.percent(fields, PollingSettings.budget) { budgetPercent = percent }
        if let span = reader.span(fields, PollingSettings.timeout) { timeout = span }
        if let node = fields.node(PollingSettings.bodyLimit), let bytes = Amounts.bytes(node, "body_limit", reader.reporter) {
            bodyLimit = bytes
        }
        fields.finish()
    }

    /// For `config show`: key and value in the order of the file's keys.
    public var shown: [(key: String, value: String)] {
        [
            ("polling.budget", "\(Amounts.number(budgetPercent))%"), ("polling.timeout", "\(timeout)"),
            ("polling.body_limit", "\(bodyLimit) B"),
        ]
    }
}
