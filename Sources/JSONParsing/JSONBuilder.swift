import CSimdJSON
import Model

/// The second stage: from the structural index to values.
struct JSONBuilder {
    private let bytes: UnsafeRawBufferPointer
    private let base: UnsafePointer<UInt8>
    private let structurals: UnsafeBufferPointer<UInt32>
    private let maxDepth: Int
    private var next = 0
    private var depth = 0
    private var duplicateKeys = 0
    private var loneSurrogates = 0

    init(
        bytes: UnsafeRawBufferPointer, base: UnsafePointer<UInt8>, structurals: UnsafeBufferPointer<UInt32>, depth: Int
    ) {
        self.bytes = bytes
        self.base = base
        self.structurals = structurals
        maxDepth = depth
    }

    mutating func document() throws(JSONError) -> JSONParser.Document {
        let value = try value()
        guard next == structurals.count else { throw JSONError(.syntax, at: offset) }
        return .init(value: value, duplicateKeys: duplicateKeys, loneSurrogates: loneSurrogates)
    }

    /// Offset of the current structural byte.
    private var offset: Int { next < structurals.count ? Int(structurals[next]) : bytes.count }

    /// The current structural byte; 0, which is none, at the end.
    private var current: UInt8 { next < structurals.count ? base[Int(structurals[next])] : 0 }

    private mutating func value() throws(JSONError) -> JSON {
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func take(_ byte: Unicode.Scalar) throws(JSONError) {
        guard current == UInt8(ascii: byte) else { throw JSONError(.syntax, at: offset) }
        next += 1
    }

    private mutating func enter() throws(JSONError) {
        guard depth < maxDepth else { throw JSONError(.tooDeep(limit: maxDepth), at: offset) }
        depth += 1
        next += 1
    }

    private mutating func array() throws(JSONError) -> [JSON] {
        try enter()
        defer { depth -= 1 }
        var elements: [JSON] = []
        if current == UInt8(ascii: "]") {
            next += 1
            return elements
        }
        while true {
            elements.append(try value())
            if current == UInt8(ascii: "]") {
                next += 1
                return elements
            }
            try take(",")
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        try enter()
        defer { depth -= 1 }
        var members = UniqueMembers()
        if current == UInt8(ascii: "}") {
            next += 1
            return members.object
        }
        while true {
            guard current == UInt8(ascii: "\"") else { throw JSONError(.syntax, at: offset) }
            let key = try string()
            try take(":")
            members.add(key, try value())
            if current == UInt8(ascii: "}") {
                next += 1
                duplicateKeys += members.duplicates
                return members.object
            }
            try take(",")
        }
    }

    /// The current token without the white space behind it.
    private var token: Range<Int> {
        let start = Int(structurals[next])
        var end = next + 1 < structurals.count ? Int(structurals[next + 1]) : bytes.count
        while end > start, JSONBuilder.isSpace(base[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let token = token
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard UnsafeBufferPointer(start: base + token.lowerBound, count: token.count).elementsEqual(expected) else {
            throw JSONError(.syntax, at: token.lowerBound)
        }
        next += 1
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        guard next < structurals.count else { throw JSONError(.syntax, at: offset) }
        let token = token
        var integer: Int64 = 0
        var double = 0.0
        let kind = csimdjson_number(base + token.lowerBound, base + token.upperBound, &integer, &double)
        next += 1
        switch kind {
        case CSIMDJSON_INTEGER: return .int(integer)
        case CSIMDJSON_DOUBLE: return .double(double)
        case CSIMDJSON_OUT_OF_RANGE: throw JSONError(.numberOutOfRange, at: token.lowerBound)
        default: throw JSONError(.syntax, at: token.lowerBound)
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let token = token
        guard token.count >= 2, base[token.upperBound - 1] == UInt8(ascii: "\"") else {
            throw JSONError(.syntax, at: token.lowerBound)
        }
        next += 1
        let content = UnsafeBufferPointer(start: base + token.lowerBound + 1, count: token.count - 2)
        guard content.contains(UInt8(ascii: "\\")) else {
            // The first stage checked the UTF-8.
            return String(decoding: content, as: UTF8.self)
        }
        var lone = 0
        var written = 0
        // Resolving only ever shortens.
        let text = String(unsafeUninitializedCapacity: content.count) { room in
            written = csimdjson_unescape(content.baseAddress, content.count, room.baseAddress, &lone)
            return max(written, 0)
        }
        guard written >= 0 else { throw JSONError(.syntax, at: token.lowerBound) }
        loneSurrogates += lone
        return text
    }
}

/// Members as they come, a repeated key replacing its earlier value. Few members are compared one by one; many through
/// an index of their bytes, so that a hostile object does not cost its square.
private struct UniqueMembers {
    private var members: [JSONObject.Member] = []
    private var index: [[UInt8]: Int] = [:]
    private(set) var duplicates = 0

    var object: JSONObject { JSONObject(uniqueMembers: members) }

    mutating func add(_ key: String, _ value: JSON) {
        if let place = place(of: key) {
            members[place].value = value
            duplicates += 1
        } else {
            if members.count >= 16 { index[Array(key.utf8)] = members.count }
            members.append(.init(key: key, value: value))
        }
    }

    private mutating func place(of key: String) -> Int? {
        guard members.count >= 16 else { return members.firstIndex { $0.key.isSame(as: key) } }
        if index.isEmpty {
            for (place, member) in members.enumerated() { index[Array(member.key.utf8)] = place }
        }
        return index[Array(key.utf8)]
    }
}
