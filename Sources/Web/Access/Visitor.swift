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
    }

    /// The token's; nil for whoever showed none, or the token of `read_token`.
    let name: String?
    let role: Role
    let way: Way

    static let nobody = Visitor(name: nil, role: .viewer, way: .nobody)

    var session: Session? {
        guard case .session(let session) = way else { return nil }
        return session
    }

    /// As journal and audit name them.
    var actor: String { name.map { "token:\($0)" } ?? "token:?" }

    /// What a page made for them differs by from pages for others.
    var key: String { session?.id ?? "" }

    /// Whether the page shows them the buttons of a role.
    func mayPress(_ needed: Role) -> Bool { session != nil && name != nil && role >= needed }
}
