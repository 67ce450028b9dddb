/// A JSON value. Objects keep their order, so that a document is written the way it was built, byte for byte.
///
/// Strings and keys are compared by their UTF-8 bytes, not by Unicode equivalence: two ids that look alike are two ids.
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// Must be finite when it is written. For a figure that may not be, say `JSON.figure(_:)`.
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// A figure that may be NaN or infinite, which JSON cannot hold: then null. For callers that say elsewhere in the
    /// document what the null means.
    public static func figure(_ value: Double) -> JSON { value.isFinite ? .double(value) : .null }

    /// The string, or null for nil.
    public static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

    /// The figure, or null for nil and for one that JSON cannot hold.
    public static func optional(_ value: Double?) -> JSON { value.map(JSON.figure) ?? .null }

    /// The number, or null for nil.
    public static func optional(_ value: Int64?) -> JSON { value.map(JSON.int) ?? .null }

    /// The number, or null for nil.
    public static func optional(_ value: Int?) -> JSON { value.map { .int(Int64($0)) } ?? .null }
}

// MARK: - Reading

extension JSON {
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// An integer, or a double that is one exactly.
    public var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// Any number as a double; integers beyond 2^53 are rounded.
    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of that name; nil when this is not an object or has none.
    public subscript(key: String) -> JSON? { object?[key] }

    /// The element at that index; nil when this is not an array or is shorter.
    public subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSON: Equatable {
    /// Same kind, same value; 1 and 1.0 differ, strings compare by bytes, members by order.
    public static func == (a: JSON, b: JSON) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.int(let x), .int(let y)): x == y
        case (.double(let x), .double(let y)): x == y
        case (.string(let x), .string(let y)): x.isSame(as: y)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        default: false
        }
    }
}

// MARK: - Objects

/// The members of a JSON object, in order. A key stands once.
public struct JSONObject: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public let key: String
        public var value: JSON

        public init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }

        public static func == (a: Member, b: Member) -> Bool {
            a.key.isSame(as: b.key) && a.value == b.value
        }
    }

    public private(set) var members: [Member]

    public init() {
        members = []
    }

    /// Members as they are. The caller has made sure that no key stands twice.
    public init(uniqueMembers: [Member]) {
        members = uniqueMembers
    }

    /// Members in order; of a key that comes twice the last value stays, in the place of the first.
    public init(_ pairs: some Sequence<(key: String, value: JSON)>) {
        members = []
        for pair in pairs { self[pair.key] = pair.value }
    }

    public var keys: [String] { members.map(\.key) }
    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    /// Assigning replaces in place or appends; assigning nil removes.
    public subscript(key: String) -> JSON? {
        get { index(of: key).map { members[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member whose key is known not to be there yet, without looking.
    public mutating func append(_ key: String, _ value: JSON) {
        members.append(Member(key: key, value: value))
    }

    private func index(of key: String) -> Int? {
        members.firstIndex { $0.key.isSame(as: key) }
    }
}

extension JSONObject: Sequence {
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

// MARK: - Literals

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.lazy.map { (key: $0.0, value: $0.1) }))
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements.lazy.map { (key: $0.0, value: $0.1) })
    }
}
