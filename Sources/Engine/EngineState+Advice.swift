import Model

extension EngineState {
    /// Puts a model's text on an open incident; it changes nothing else. False when the incident is not open or has one.
    public mutating func advise(_ incident: String, _ advice: Advice) -> Bool {
        guard let current = self.incident(incident), current.resolvedAt == nil, current.advice == nil else { return false }
        return change(incident) { $0.advice = advice }
    }
}
