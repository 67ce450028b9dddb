import Actions
import Configuration
import Model

/// Where leases land, as the configuration says.
extension Assembly {
    /// What lands at the adapters besides the gate, and at it where there is one.
    /// - Parameter withGate: false for `check`, between whose passes no gate runs.
    static func landings(_ configuration: Configuration, withGate: Bool = true) -> Landings {
        let runtimes = configuration.runtimes.map(\.name)
        var landings = configuration.adapters.reduce(Landings()) { $0.union($1.landings(on: runtimes)) }
        if withGate, configuration.gate != nil { landings.everywhere = [.throttle, .pause, .disablePack] }
        return landings
    }

    /// The actions that some adapter besides the gate can land on every app. For `check`, between whose passes no gate runs.
    public var landableWithoutGate: Set<ActionKind> { Assembly.landings(configuration, withGate: false).everywhere }
}
