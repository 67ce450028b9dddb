import Model

/// Where leases land besides the gate.
extension Assembly {
    /// The actions that some adapter besides the gate can land on every app. For `check`, between whose passes no gate runs.
    public var landableWithoutGate: Set<ActionKind> {
        Assembly.landable(configuration, withGate: false)
    }
}
