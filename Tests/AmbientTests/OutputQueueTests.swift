import Glibc
import Synchronization
import Testing

@testable import Ambient

/// Lines that wait for a reader.
@Suite struct OutputQueueTests {
    /// A pipe, with one end for each side.
    private struct Pipe {
        let read: Int32
        let write: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (read, write) = (ends[0], ends[1])
            signal(SIGPIPE, SIG_IGN)
        }

        /// Leaves no room in it. How many bytes that took.
        func fill() throws -> Int {
            try #require(fcntl(write, F_SETFL, O_NONBLOCK) == 0)
            defer { _ = fcntl(write, F_SETFL, 0) }
            var count = 0
            for size in [4_096, 1] {
                let bytes = [UInt8](repeating: UInt8(ascii: "."), count: size)
                while case let written = Glibc.write(write, bytes, size), written > 0 { count += written }
            }
            return count
        }

        /// What comes until `last` stands in it, or everybody has closed the other end.
        func text(until last: String) -> String {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while !String(decoding: bytes, as: UTF8.self).contains(last) {
                let count = Glibc.read(read, &chunk, chunk.count)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func line(_ index: Int) -> [UInt8] { Array("line \(index) \(String(repeating: ".", count: 88))\n".utf8) }
    private static func notice(_ missing: Int) -> [UInt8] { Array("\(missing) missing\n".utf8) }

    @Test func `nobody waits for a reader that does not read; what is missing is said in its place`() throws {
        let pipe = try Pipe()
        let filled = try pipe.fill()
        let queue = OutputQueue(descriptor: pipe.write, limit: 2_000)
        // Nobody reads: a queue that waits hangs here.
        let count = 100
        for index in 0..<count { queue.offer(Self.line(index), notice: Self.notice) }
        #expect(queue.lost > 0)
        #expect(!queue.drain(atMost: 0))
        let missing = queue.lost
        var text = String(pipe.text(until: " missing\n").dropFirst(filled))
        // The thread that writes may have taken the first lines on its way: then there are two gaps, each said in its place.
        func told() -> Int { text.split(separator: "\n").filter { $0.hasSuffix(" missing") }.reduce(0) { $0 + (Int($1.dropLast(8)) ?? 0) } }
        while told() < missing { text += pipe.text(until: " missing\n") }
        #expect(text.hasPrefix("line 0 ") && text.hasSuffix(" missing\n") && told() == missing)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("line ") } == count - missing)
        // With the reader back, all is as before.
        queue.offer(Self.line(7), notice: Self.notice)
        #expect(pipe.text(until: "\n").hasPrefix("line 7 "))
        #expect(queue.drain(atMost: nil) && queue.lost == missing)
        queue.close()
    }

    @Test func `a reader that is gone ends nothing; each line is counted`() throws {
        let pipe = try Pipe()
        close(pipe.read)
        let failures = Mutex<[Int32]>([])
        let queue = OutputQueue(descriptor: pipe.write) { code in failures.withLock { $0.append(code) } }
        for index in 0..<3 { queue.offer(Self.line(index), notice: Self.notice) }
        #expect(queue.drain(atMost: nil))
        #expect(queue.lost == 3)
        #expect(Set(failures.withLock { $0 }) == [EPIPE])
        queue.close()
        close(pipe.write)
    }

    @Test func `a line that comes when all is written, and nobody waits for it, goes out too`() throws {
        let pipe = try Pipe()
        let queue = OutputQueue(descriptor: pipe.write)
        for index in 0..<3 {
            queue.offer(Self.line(index))
            #expect(queue.drain(atMost: nil))
            // Its thread is asleep by now, or on its way there; the next line is to wake it either way.
            #expect(pipe.text(until: "line \(index) ").contains("line \(index) "))
        }
        queue.close()
    }

    @Test func `a line goes out whole, also over a descriptor that does not wait`() throws {
        let pipe = try Pipe()
        try #require(fcntl(pipe.write, F_SETFL, O_NONBLOCK) == 0)
        let queue = OutputQueue(descriptor: pipe.write)
        let long = Array((String(repeating: "x", count: 50_000) + "\n").utf8)
        queue.offer(long)
        #expect(pipe.text(until: "\n").utf8.count == long.count)
        #expect(queue.drain(atMost: nil) && queue.lost == 0)
        queue.close()
    }
}

@Suite struct ConditionLockTests {
    @Test func `a waiting thread is woken by a change, and takes what it waited for`() {
        let lock = ConditionLock([Int]())
        let thread = Task.detached { lock.change { $0.append(7) } }
        #expect(lock.wait(atMost: nil) { $0.popLast() } == 7)
        #expect(lock.locked { $0.isEmpty })
        thread.cancel()
    }

    @Test func `who waits no longer gets nothing, and the state is as it was`() {
        let lock = ConditionLock(1)
        let none: Int? = lock.wait(atMost: 0) { $0 == 2 ? $0 : nil }
        #expect(none == nil && lock.locked { $0 } == 1)
        // More seconds than a clock can count are no overflow.
        #expect(lock.wait(atMost: .greatestFiniteMagnitude) { $0 == 1 ? $0 : nil } == 1)
    }
}
