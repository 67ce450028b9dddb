import Synchronization

/// The memory that all answers of a client may take together while they are read and decoded. One limit a request is
/// not enough: a broken runtime answers four questions of each replica at once, and each without an end.
///
/// Small answers never wait for large ones: the first `free` bytes of each are not counted.
final class BodyMemory: Sendable {
    /// Of each body, bytes that are always there.
    static let free = 64 << 10

    let limit: Int
    private let held = Atomic<Int>(0)

    /// - Parameter limit: bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes more bytes for one body; false where there is no room for them.
    func take(_ bytes: Int) -> Bool {
        guard bytes > 0 else { return true }
        let (_, now) = held.add(bytes, ordering: .relaxed)
        guard now <= limit else {
            give(bytes)
            return false
        }
        return true
    }

    func give(_ bytes: Int) {
        if bytes > 0 { held.subtract(bytes, ordering: .relaxed) }
    }
}
