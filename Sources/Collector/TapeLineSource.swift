import Glibc

/// Reads a file line by line, however long its lines are, and keeps no more than one of them.
final class TapeLineSource {
    private let file: String
    private let descriptor: Int32
    private let isOwner: Bool
    private var memory: UnsafeMutableRawBufferPointer
    /// Bytes of `memory` that have been read and not given out.
    private var pending = 0..<0
    private var isAtEnd = false

    private static let step = 1 << 20

    init(path: String) throws(TapeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TapeError(file: path, "cannot open the tape: \(String(cString: strerror(errno)))")
        }
        file = path
        self.descriptor = descriptor
        isOwner = true
        memory = .allocate(byteCount: TapeLineSource.step, alignment: 64)
    }

    /// Reads from an open descriptor, which stays open.
    init(descriptor: Int32, name: String) {
        file = name
        self.descriptor = descriptor
        isOwner = false
        memory = .allocate(byteCount: TapeLineSource.step, alignment: 64)
    }

    deinit {
        memory.deallocate()
        if isOwner { close(descriptor) }
    }

    /// The next line without its end, which lives until the next call; nil at the end. `isComplete` is false for a last
    /// line without a line end.
    func next() throws(TapeError) -> (line: UnsafeRawBufferPointer, isComplete: Bool)? {
        var searched = pending.lowerBound
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: memory[searched..<pending.upperBound])
            if let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
                let length = UnsafeRawPointer(end) - start + searched - pending.lowerBound
                return (take(length, andEnd: 1), true)
            }
            searched = pending.upperBound
            if isAtEnd {
                return pending.isEmpty ? nil : (take(pending.count, andEnd: 0), false)
            }
            searched -= try fill()
        }
    }

    private func take(_ length: Int, andEnd end: Int) -> UnsafeRawBufferPointer {
        let start = pending.lowerBound
        pending = (start + length + end)..<pending.upperBound
        return UnsafeRawBufferPointer(rebasing: memory[start..<start + length])
    }

    /// Reads more; returns by how much the pending bytes were moved towards the beginning.
    private func fill() throws(TapeError) -> Int {
        var moved = 0
        if memory.count - pending.upperBound < TapeLineSource.step / 4 {
            moved = pending.lowerBound
            let old = memory
            if pending.count > memory.count / 2 {
                memory = .allocate(byteCount: memory.count * 2, alignment: 64)
            }
            memmove(memory.baseAddress!, old.baseAddress! + pending.lowerBound, pending.count)
            if memory.baseAddress != old.baseAddress { old.deallocate() }
            pending = 0..<pending.count
        }
        while true {
            let count = read(descriptor, memory.baseAddress! + pending.upperBound, memory.count - pending.upperBound)
            if count < 0 {
                if errno == EINTR { continue }
                throw TapeError(file: file, "cannot read on: \(String(cString: strerror(errno)))", isRetryable: true)
            }
            if count == 0 { isAtEnd = true }
            pending = pending.lowerBound..<(pending.upperBound + count)
            return moved
        }
    }
}
