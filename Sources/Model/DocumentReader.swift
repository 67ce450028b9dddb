/// Why a stored document could not be read back: what, where in it, and what is wrong there.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of document: `incident`, `lease`, `engine state`.
    public let document: String
    /// Path of the member: `decisions.transitions[3].at`; empty for the document itself.
    public let path: String
    /// What is wrong: `is not a moment`.
    public let why: String

    public init(document: String, path: String, why: String) {
        self.document = document
        self.path = path
        self.why = why
    }

    /// The same bytes will never read.
    public var retryable: Bool { false }
    public var hint: String { "it was written by another version or changed by hand" }

    public var description: String { "\(document): \(path.isEmpty ? "the document" : path) \(why); \(hint)" }
}

/// A place in a JSON document that is being read: it knows its path, so that each error says where.
public struct DocumentReader: Sendable {
    public let value: JSON
    let document: String
    let path: String

    /// The root of a document. `document` names it in errors.
    public init(_ value: JSON, document: String) {
        self.value = value
        self.document = document
        path = ""
    }

    private init(_ value: JSON, document: String, path: String) {
        self.value = value
        self.document = document
        self.path = path
    }

    /// An error at this place.
    public func error(_ why: String) -> DocumentError { DocumentError(document: document, path: path, why: why) }

    /// The member of that name. Throws when this is no object or has none.
    public func member(_ key: String) throws(DocumentError) -> DocumentReader {
        guard let found = try optional(key) else {
            throw DocumentError(document: document, path: join(key), why: "is missing")
        }
        return found
    }

    /// The member of that name; nil when it is absent or null. Throws when this is no object.
    public func optional(_ key: String) throws(DocumentError) -> DocumentReader? {
        guard let object = value.object else { throw error("is not an object") }
        guard let found = object[key], !found.isNull else { return nil }
        return DocumentReader(found, document: document, path: join(key))
    }

    /// The elements, each with its own path. Throws when this is no array.
    public func elements() throws(DocumentError) -> [DocumentReader] {
        guard let array = value.array else { throw error("is not an array") }
        return array.enumerated().map { index, element in
            DocumentReader(element, document: document, path: "\(path)[\(index)]")
        }
    }

    /// Every element through `read`.
    public func map<T>(_ read: (DocumentReader) throws(DocumentError) -> T) throws(DocumentError) -> [T] {
        var out: [T] = []
        for element in try elements() { out.append(try read(element)) }
        return out
    }

    public func string() throws(DocumentError) -> String {
        guard let text = value.string else { throw error("is not a string") }
        return text
    }

    public func bool() throws(DocumentError) -> Bool {
        guard let flag = value.bool else { throw error("is not true or false") }
        return flag
    }

    /// A whole number from zero to `limit`.
    public func count(limit: Int = Int(Int32.max)) throws(DocumentError) -> Int {
        guard let number = value.int, number >= 0, number <= Int64(limit) else {
            throw error("is not a whole number from 0 to \(limit)")
        }
        return Int(number)
    }

    /// RFC 3339.
    public func timestamp() throws(DocumentError) -> Timestamp {
        guard let text = value.string, let moment = Timestamp(rfc3339: text) else { throw error("is not a moment") }
        return moment
    }

    /// `15m`.
    public func span() throws(DocumentError) -> TimeSpan {
        guard let text = value.string, let span = TimeSpan(text) else { throw error("is not a length of time") }
        return span
    }

    /// A case of an enumeration that is written by its raw value.
    public func choice<T: RawRepresentable<String> & CaseIterable>(_ type: T.Type) throws(DocumentError) -> T {
        guard let text = value.string, let choice = T(rawValue: text) else {
            throw error("is none of " + T.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// Checks the `schema` member.
    public func expectSchema(_ schema: String) throws(DocumentError) {
        let member = try member("schema")
        let found = try member.string()
        guard found.isSame(as: schema) else { throw member.error("is not \(schema)") }
    }

    private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension JSON {
    /// RFC 3339 text, or null.
    public static func moment(_ moment: Timestamp?) -> JSON { .optional(moment?.description) }

    /// `15m`.
    public static func span(_ span: TimeSpan) -> JSON { .string(span.description) }

    public static func strings(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}
