import Model

/// Who asks, as far as is known.
struct Visitor: Sendable {
    enum Way: Sendable {
        /// Nobody in particular: reading is open here.
        case nobody
        case bearer
        /// The password that a browser sends along by itself: good for reading alone.
        case basic
        case session(Session)
        /// A proxy that is trusted said who it is; the session holds what its forms must.
        case proxy(Session)
    }

    /// The token's; nil for whoever showed none, or the token of `read_token`.
    let name: String?
    let role: Role
    let way: Way

    /// Why whoever had signed in is nobody any more, in words; nil otherwise.
    var ended: String?

    static let nobody = Visitor(name: nil, role: .viewer, way: .nobody)

    init(name: String?, role: Role, way: Way, ended: String? = nil) {
        (self.name, self.role, self.way, self.ended) = (name, role, way, ended)
    }

    var session: Session? {
        switch way {
        case .session(let session), .proxy(let session): session
        case .nobody, .bearer, .basic: nil
        }
    }

    /// Whether there is something to sign out of.
    var hasSignedIn: Bool { if case .session = way { true } else { false } }

    /// As journal and audit name them.
    var actor: String {
        if case .proxy = way { return "user:\(name ?? "?")" }
        return name.map { "token:\($0)" } ?? "token:?"
    }

    /// What a page made for them differs by from pages for others.
    var key: String { (session?.id ?? "") + "\0" + (ended ?? "") }

    /// Whether the page shows them the buttons of a role.
    func mayPress(_ needed: Role) -> Bool { session != nil && name != nil && role >= needed }
}
