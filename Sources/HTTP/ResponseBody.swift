import Glibc
import Model

/// The bytes of an answer in one block of memory, with spare bytes behind them, so that a parser that reads ahead
/// (simdjson) can work on them in place.
///
/// Unchecked because it owns raw memory. Invariant: it is written only while a single owner fills it (the transfer
/// thread, or `init(bytes:)`). Once handed out it changes only through `withBytes`, which asks for one owner at a time.
public final class ResponseBody: BodyStorage, @unchecked Sendable {
    /// Readable bytes behind `count`; all zero.
    public static let padding = Body.padding

    /// Bytes of content.
    public private(set) var count = 0

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private let memory: BodyMemory?
    private var announced = Int.max
    /// Bytes taken of `memory`.
    private var taken = 0

    /// - Parameter memory: what it shares with other bodies; nil: as much as the system gives.
    init(sharing memory: BodyMemory? = nil) {
        self.memory = memory
    }

    /// A body that did not come over the network: a recorded one, or one of a test.
    public init(bytes: some Sequence<UInt8>) {
        memory = nil
        let bytes = Array(bytes)
        bytes.withUnsafeBytes { _ = append($0) }
        seal()
    }

    deinit {
        free(base)
        memory?.give(taken)
    }

    /// What the answer's head says of how to read it, and of how to be let in.
    public struct Remarks: Sendable, Equatable {
        /// `br`, where it is compressed, which nobody asked for.
        public var encoding: String?
        /// `basic`: the kind of login that is wanted and was not sent.
        public var login: String?
        /// Why the login that is configured was not sent, of an answer that wants one.
        public var lacking: String?
        /// The proxy that may have said it itself: `http://proxy:3128`.
        public var proxy: String?

        public init(encoding: String? = nil, login: String? = nil, lacking: String? = nil) {
            self.encoding = encoding
            self.login = login
            self.lacking = lacking
        }
    }

    /// Set by the body's one owner, before anybody else reads it.
    public private(set) var remarks = Remarks()

    public func note(_ remarks: Remarks) { self.remarks = remarks }

    public var isEmpty: Bool { count == 0 }

    /// The content. `padding` more bytes may be read behind the buffer's end unless the body is empty.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ work: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try work(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The content, for a parser that wants to write to it while it reads. One owner at a time.
    public func withBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// A copy of the content.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The content as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    /// Notes an announced length, so that room for no more is taken. None is taken yet: announcing costs nothing.
    func announce(_ bytes: Int) {
        announced = bytes
    }

    /// False when there is no memory for it, or no room beside other bodies.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return true }
        let needed = count + bytes.count
        if needed > capacity {
            // Half as much again at a time; where that is too much beside other bodies, no more than is needed.
            let ample = max(needed, min(max(capacity + capacity / 2, 16_384), announced))
            if !grow(to: ample), !grow(to: needed) { return false }
        }
        guard let base else { return false }
        memcpy(base + count, source, bytes.count)
        count = needed
        return true
    }

    /// Empties it, for another attempt.
    func clear() {
        count = 0
        announced = .max
    }

    /// Zeroes the padding. Call once, when complete.
    func seal() {
        guard base != nil || grow(to: 0), let base else { return }
        memset(base + count, 0, Self.padding)
    }

    private func grow(to wanted: Int) -> Bool {
        let more = max(0, wanted - BodyMemory.free) - taken
        guard memory?.take(more) ?? true else { return false }
        taken += max(0, more)
        guard let moved = realloc(base, wanted + Self.padding) else { return false }
        base = moved
        capacity = wanted
        return true
    }
}
