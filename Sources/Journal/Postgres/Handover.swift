import Synchronization

/// Carries what only one thread at a time may touch from whoever made it to its next owner, whichever threads they are on.
final class Handover<Value>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: sending Value) { self.value = Mutex(value) }

    /// Once; nil from then on.
    func take() -> sending Value? {
        value.withLock { value in
            let taken = value
            value = nil
            return taken
        }
    }
}
