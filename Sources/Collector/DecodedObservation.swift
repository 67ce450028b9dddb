import Model

/// An observation with what its answer says. Decoding needs the bytes and nothing else: it is done by whoever brought them, and
/// takes no turn of whoever judges.
public struct DecodedObservation: Sendable {
    public let observation: Observation
    public let content: Decoded

    public init(_ observation: Observation) {
        self.observation = observation
        content = Decoder.decode(observation)
    }
}
