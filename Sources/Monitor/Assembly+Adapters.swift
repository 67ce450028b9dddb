import Actions
import Model

/// Where leases land besides the gate.
extension Assembly {
    /// The actions that some adapter can land, whether or not there is a gate. For `check`, between whose passes no gate runs.
    public var landableWithoutGate: Set<ActionKind> {
        Set(
            ActionKind.allCases.filter { kind in
                let key = LeaseKey(
                    kind: kind, runtime: "", app: AppID(""), pack: kind == .disablePack ? PackID("any") : nil)
                return adapters.contains { $0.capability(for: key).map { $0.approval == nil } ?? false }
            })
    }
}
