/// What the extension inside a runtime says (`docs/deploy/runtime-extension`): the runs that really run, by the runtime's own
/// tasks. Nil is what it could not tell.
public struct InsideView: Hashable, Sendable {
    public struct App: Hashable, Sendable {
        public let app: AppID
        public let runs: Int64
        /// Runs that were let in and have not begun yet, within seconds; extensions before 1.2 do not tell, and 0 stands.
        public let coming: Int64
        /// Of `runs` those that wait for a person who has no websocket any more. Extensions before 1.3 do not count them; there
        /// it is what their list of chats shows, and 0 where that is shortened.
        public let parked: Int64

        public init(app: AppID, runs: Int64, coming: Int64 = 0, parked: Int64 = 0) {
            self.app = app
            self.runs = runs
            self.coming = coming
            self.parked = parked
        }
    }

    /// Longer ids are shortened in the body, and say nothing of anybody.
    public static let longestID = 255

    /// Running runs of the process; nil where this build of the runtime does not show them, or not all.
    public var runs: Int64?
    /// Of these, those that wait for a person who has left.
    public var parked: Int64
    /// Those with runs or websockets, each once.
    public var apps: [App]
    /// The body left apps out: of one that is not listed nothing is known.
    public var isShortened: Bool
    /// How late the event loop came round at worst within the last half minute, seconds.
    public var loopLag: Double?
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    public init(
        runs: Int64? = nil, parked: Int64 = 0, apps: [App] = [], isShortened: Bool = false, loopLag: Double? = nil,
        malformedFields: Int = 0
    ) {
        self.runs = runs
        self.parked = parked
        self.apps = apps
        self.isShortened = isShortened
        self.loopLag = loopLag
        self.malformedFields = malformedFields
    }
}
