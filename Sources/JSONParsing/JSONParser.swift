import CSimdJSON
import Model

/// Reads JSON documents (RFC 8259, strictly; no BOM). Keeps its memory from one document to the next: use one parser
/// for many lines. simdjson indexes the bytes, the parser builds the values.
public struct JSONParser: ~Copyable {
    /// What a document may cost.
    public struct Limits: Sendable {
        public var bytes: Int
        public var depth: Int
        /// Brackets, colons, commas, and the starts of keys and values. A value takes a multiple of the bytes that it is
        /// written with (`1,`), so that a limit on bytes is none on memory.
        public var marks: Int

        public init(bytes: Int = 64 << 20, depth: Int = 128, marks: Int = .max) {
            self.bytes = bytes
            self.depth = depth
            self.marks = marks
        }
    }

    /// A document and what was odd about it.
    public struct Document: Sendable {
        public var value: JSON
        /// Members whose key stood in their object before: the last one won.
        public var duplicateKeys = 0
        /// Escaped surrogates without a partner, read as U+FFFD.
        public var loneSurrogates = 0
    }

    public let limits: Limits
    private let scanner: OpaquePointer?

    public init(limits: Limits = Limits()) {
        self.limits = limits
        scanner = csimdjson_scanner_create()
    }

    deinit { csimdjson_scanner_destroy(scanner) }

    /// Reads one document from bytes behind which nothing needs to be readable: they are copied.
    public func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> Document {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + Body.padding, alignment: 64)
        defer { memory.deallocate() }
        memory.copyMemory(from: bytes)
        memory[bytes.count...].initializeMemory(as: UInt8.self, repeating: 0x20)
        return try parse(padded: UnsafeRawBufferPointer(rebasing: memory[..<bytes.count]))
    }

    /// Reads one document without copying it. At least `Body.padding` bytes behind the end must be readable.
    public func parse(padded bytes: UnsafeRawBufferPointer) throws(JSONError) -> Document {
        guard bytes.count <= limits.bytes else { throw JSONError(.tooLarge(limit: limits.bytes), at: limits.bytes) }
        guard let scanner else { throw JSONError(.outOfMemory, at: 0) }
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !bytes.isEmpty else {
            throw JSONError(.empty, at: 0)
        }
        var structurals: UnsafePointer<UInt32>?
        var count = 0
        let code = csimdjson_scan(scanner, base, bytes.count, &structurals, &count)
        guard code == CSIMDJSON_OK, let structurals else { throw JSONError(scan: code, in: bytes) }
        guard count <= limits.marks else { throw JSONError(.tooMany(limit: limits.marks), at: Int(structurals[limits.marks])) }
        var builder = JSONBuilder(
            bytes: bytes, base: base, structurals: UnsafeBufferPointer(start: structurals, count: count),
            depth: limits.depth)
        return try builder.document()
    }

    /// Reads one document with a parser of its own, and says what was odd about it.
    public static func document(of bytes: [UInt8], limits: Limits = .init()) throws(JSONError) -> Document {
        // `withUnsafeBytes` carries no typed error through, so that the result does.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONParser(limits: limits).parse(bytes) }
        }
        return try result.get()
    }
}

extension JSON {
    /// Reads one document; of a key that comes twice the last value stays.
    public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONParser.Limits = .init()) throws(JSONError) {
        self = try JSONParser(limits: limits).parse(bytes).value
    }

    public init(parsing bytes: [UInt8], limits: JSONParser.Limits = .init()) throws(JSONError) {
        self = try JSONParser.document(of: bytes, limits: limits).value
    }

    public init(parsing text: String, limits: JSONParser.Limits = .init()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

extension JSONError {
    /// The first stage says what is wrong but not where; a document that failed is searched for it.
    init(scan code: csimdjson_code, in bytes: UnsafeRawBufferPointer) {
        switch code {
        case CSIMDJSON_EMPTY: self.init(.empty, at: bytes.count)
        case CSIMDJSON_BAD_UTF8: self.init(.invalidUTF8, at: JSONError.firstInvalidUTF8(in: bytes))
        case CSIMDJSON_UNCLOSED_STRING: self.init(.unclosedString, at: JSONError.stringState(in: bytes).lastOpened)
        case CSIMDJSON_CONTROL_CHARACTER:
            self.init(.controlCharacter, at: JSONError.stringState(in: bytes).controlCharacter ?? 0)
        case CSIMDJSON_NO_MEMORY: self.init(.outOfMemory, at: 0)
        case CSIMDJSON_TOO_LARGE: self.init(.tooLarge(limit: Int(UInt32.max)), at: 0)
        default: self.init(.syntax, at: 0)
        }
    }

    private static func firstInvalidUTF8(in bytes: UnsafeRawBufferPointer) -> Int {
        var decoder = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .error: return offset
            case .emptyInput: return offset
            }
        }
    }

    private static func stringState(in bytes: UnsafeRawBufferPointer) -> (lastOpened: Int, controlCharacter: Int?) {
        var opened = 0
        var inString = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") && inString {
                index += 1
            } else if byte == UInt8(ascii: "\"") {
                inString.toggle()
                if inString { opened = index }
            } else if inString, byte < 0x20 {
                return (opened, index)
            }
            index += 1
        }
        return (opened, nil)
    }
}
