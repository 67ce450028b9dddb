import Model

/// Whether actions are stopped, as whoever turned the kill switch left it.
public enum KillSwitchView {
    /// `actions stop -o json`.
    /// - Parameters:
    ///   - isEngineRunning: whether there is an engine that stops.
    ///   - file: what was put into the state folder.
    public static func stopped(isEngineRunning: Bool, file: String) -> OutputDocument {
        OutputDocument(.killSwitch, ["stopped": true, "engine_running": .bool(isEngineRunning), "file": .string(file)])
    }

    /// `actions resume -o json`.
    public static var resumed: OutputDocument { OutputDocument(.killSwitch, ["stopped": false]) }
}
