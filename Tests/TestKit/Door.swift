import Glibc

/// Blocks whoever waits until it is opened: each opening lets one through.
public final class Door: Sendable {
    private let ends: (read: Int32, write: Int32)

    public init() {
        var pair: [Int32] = [-1, -1]
        // A program that another test starts meanwhile must not hold it.
        let code = pipe(&pair)
        precondition(code == 0, "no pipe left")
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ends = (pair[0], pair[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    public func wait() {
        var byte: UInt8 = 0
        _ = read(ends.read, &byte, 1)
    }

    public func open() {
        var byte: UInt8 = 1
        _ = write(ends.write, &byte, 1)
    }
}
