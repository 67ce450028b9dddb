import Model

/// A way to reach people. It delivers one message at a time and never decides whether to send.
public protocol Channel: Sendable {
    /// Its name in the configuration.
    var name: String { get }

    /// How often each open incident that the service heard of is told again, because the service forgets what is not
    /// repeated. Nil, as for most: never.
    var keepAlive: TimeSpan? { get }

    /// Hands the message to the service. Never throws: what went wrong is in the answer, without secrets. A message may
    /// come twice, after an attempt whose outcome is unknown. Cancelling the task ends the attempt soon, with `retry`.
    func deliver(_ message: Message) async -> Delivery

    /// The same, with what the service called the message's incident the last time: what `deliveredAs` said. Nil before
    /// that, and where the answer that held it was lost.
    func deliver(_ message: Message, knownAs reference: String?) async -> Delivery

    /// What would be sent, to be looked at. Sends nothing and reads no secret.
    func draft(_ message: Message) -> Draft
}

/// A channel whose texts an operator may word himself.
public protocol WordedChannel: Channel {
    /// What it words otherwise.
    var template: MessageTemplate { get set }
}

/// What a channel would send, without what is secret in it.
public struct Draft: Sendable {
    /// As a person sees it, as far as text can show it; nil where the document says it all.
    public let text: String?
    /// What the service gets: the body of a request, the parts of a mail.
    public let document: JSON

    public init(text: String?, document: JSON) {
        self.text = text
        self.document = document
    }
}

extension Channel {
    public var keepAlive: TimeSpan? { nil }

    public func deliver(_ message: Message, knownAs reference: String?) async -> Delivery { await deliver(message) }

    public func draft(_ message: Message) -> Draft { Draft(text: nil, document: MessageDocument.document(message)) }
}

/// What came of one attempt.
public enum Delivery: Sendable, Equatable {
    case delivered
    /// Delivered, and this is what the service calls the incident: the place of its thread, the number of its ticket. It
    /// is kept with the message and given to the incident's next ones. No secret; at most a few hundred bytes.
    case deliveredAs(String)
    /// Worth another attempt, not before `after` if the service said so.
    case retry(after: TimeSpan?, reason: String)
    /// The set-up is at fault, not the message: a wrong token, an address that is gone. Nothing else would be taken either
    /// until a person mends it, so it is tried again, slowly, and said loudly.
    case blocked(after: TimeSpan? = nil, reason: String)
    /// The service will never take it; trying again is noise.
    case rejected(reason: String)

    public var isDelivered: Bool {
        switch self {
        case .delivered, .deliveredAs: true
        case .retry, .blocked, .rejected: false
        }
    }
}
