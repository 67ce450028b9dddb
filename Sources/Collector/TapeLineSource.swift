import Glibc
import Model

/// Reads a file line by line, however long its lines are, and keeps no more than one of them.
final class TapeLineSource {
    private let file: TapeFile
    private var memory = TapeMemory(count: TapeLineSource.step)
    /// Bytes of `memory` that have been read and not given out.
    private var pending = 0..<0
    private var isAtEnd = false

    private static let step = 1 << 20

    init(_ file: TapeFile) { self.file = file }

    struct Line {
        /// Without the line end. Lives until the next one is asked for, or as long as `memory`.
        let bytes: UnsafeRawBufferPointer
        let memory: TapeMemory
        /// False for a last line without a line end.
        let isComplete: Bool
    }

    /// The next line; nil at the end.
    func next() throws(TapeError) -> Line? {
        var searched = pending.lowerBound
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: memory.bytes[searched..<pending.upperBound])
            if let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
                let length = UnsafeRawPointer(end) - start + searched - pending.lowerBound
                return take(length, andEnd: 1, isComplete: true)
            }
            searched = pending.upperBound
            if isAtEnd {
                return pending.isEmpty ? nil : take(pending.count, andEnd: 0, isComplete: false)
            }
            searched -= try fill()
        }
    }

    private func take(_ length: Int, andEnd end: Int, isComplete: Bool) -> Line {
        let start = pending.lowerBound
        pending = (start + length + end)..<pending.upperBound
        let bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + length])
        return Line(bytes: bytes, memory: memory, isComplete: isComplete)
    }

    private var pendingBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.bytes[pending]) }

    /// Reads more; returns by how much the pending bytes were moved towards the beginning.
    private func fill() throws(TapeError) -> Int {
        var moved = 0
        if memory.bytes.count - pending.upperBound < TapeLineSource.step / 4 {
            moved = pending.lowerBound
            let isTooSmall = pending.count > memory.bytes.count / 2
            // Where a body still lies in the memory, nothing in it may move.
            if isTooSmall || !isKnownUniquelyReferenced(&memory) {
                let larger = TapeMemory(count: memory.bytes.count * (isTooSmall ? 2 : 1))
                larger.bytes.copyMemory(from: pendingBytes)
                memory = larger
            } else {
                // The bytes may overlap where they go: memmove.
                memory.bytes.copyMemory(from: pendingBytes)
            }
            pending = 0..<pending.count
        }
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[pending.upperBound...])
            let count = read(file.descriptor, room.baseAddress, room.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw TapeError(file: file.name, "cannot read on: \(String(cString: strerror(errno)))", isRetryable: true)
            }
            if count == 0 { isAtEnd = true }
            pending = pending.lowerBound..<(pending.upperBound + count)
            return moved
        }
    }
}

/// A piece of a tape in memory, with a body's padding behind it.
/// `@unchecked Sendable`: the source writes only behind the bytes that it gave out, and a body in it is handed from one
/// owner to the next, as every body is.
final class TapeMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        let all = UnsafeMutableRawBufferPointer.allocate(byteCount: count + Body.padding, alignment: 64)
        all[count...].initializeMemory(as: UInt8.self, repeating: 0)
        bytes = UnsafeMutableRawBufferPointer(rebasing: all[..<count])
    }

    deinit { bytes.baseAddress?.deallocate() }
}

/// A body where the tape's line has it, without a copy.
final class TapeBody: BodyStorage {
    private let memory: TapeMemory
    private let range: Range<Int>

    var count: Int { range.count }

    /// `bytes` lie in `memory`.
    init(_ bytes: UnsafeRawBufferPointer, in memory: TapeMemory) {
        let start = bytes.baseAddress.map { $0 - UnsafeRawPointer(memory.bytes.baseAddress!) } ?? 0
        self.memory = memory
        range = start..<start + bytes.count
    }

    func withBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(rebasing: memory.bytes[range]))
    }
}
