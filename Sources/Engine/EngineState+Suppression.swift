import Model

/// A rule that is true, or on its way there, and kept quiet by its cause.
public struct Suppression: Hashable, Sendable {
    public let rule: String
    public let subject: Subject
    /// The rule of the cause.
    public let cause: String
    /// Its own incident, where it was open before its cause was; nil where none was opened.
    public let incident: String?
}

extension EngineState {
    /// What causes keep quiet on a runtime, by rule, then subject.
    public func suppressions(of runtime: String) -> [Suppression] {
        guard let state = runtimes[runtime] else { return [] }
        return state.rules.keys.sorted().flatMap { key in
            (state.rules[key] ?? []).compactMap { entry in
                guard let cause = entry.state.suppressedBy else { return nil }
                return Suppression(
                    rule: key.rule, subject: Subject(key.kind, id: entry.id, runtime: runtime), cause: cause,
                    incident: entry.state.incident.flatMap { state.incidents[$0]?.id })
            }
        }
    }
}
