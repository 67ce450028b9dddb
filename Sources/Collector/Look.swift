import Model

/// Looks at what is watched beside runtimes. One look is one observation: an answer with a small document, which is decoded as
/// the one on a tape, or the reason why there is none.
public protocol Look: Sendable {
    /// Looks once; comes back within the time of the target that it belongs to. What blocks runs off the cooperative pool.
    func look() async -> Observation.Outcome
}

extension Observation.Answer {
    /// The answer of a look: a document of our own.
    public init(look document: JSON) {
        self.init(status: 200, date: nil, contentType: "application/json", body: Body(document.serializedBytes()))
    }
}
