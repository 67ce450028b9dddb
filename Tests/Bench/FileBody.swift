import Glibc
import Model

/// A body read from a file into memory of its own, as the HTTP client hands one over: zeroed bytes behind its end.
///
/// `@unchecked Sendable`: one thread at a time reads it, as `BodyStorage` asks for.
final class FileBody: BodyStorage, @unchecked Sendable {
    let count: Int
    private let memory: UnsafeMutableRawBufferPointer

    init(_ path: String) throws(BenchFailure) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw BenchFailure("cannot open \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        count = Int(status.st_size)
        memory = .allocate(byteCount: count + Body.padding, alignment: 64)
        memory[count...].initializeMemory(as: UInt8.self, repeating: 0)
        var filled = 0
        while filled < count {
            let more = read(file, memory.baseAddress.map { $0 + filled }, count - filled)
            guard more > 0 else { throw BenchFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
            filled += more
        }
    }

    deinit { memory.deallocate() }

    func withBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(rebasing: memory[0..<count]))
    }
}
