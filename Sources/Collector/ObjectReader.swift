import JSONParsing
import Model

/// Reads the members of a small JSON answer, counting those of a wrong type.
struct ObjectReader {
    let root: JSONObject
    private(set) var malformedFields: Int

    /// What a small answer may cost. Recorded ones stay below a kilobyte.
    private static let limits = JSONParser.Limits(bytes: Endpoint.smallBodyLimit, depth: 64, marks: 1 << 20)

    init(_ body: Body) throws(MalformedBody) {
        let document: JSONParser.Document
        do {
            document = try body.storage.withBytes { (bytes) throws(JSONError) in
                try JSONParser(limits: ObjectReader.limits).parse(padded: UnsafeRawBufferPointer(bytes))
            }
        } catch {
            throw MalformedBody(error.description)
        }
        guard let object = document.value.object else { throw MalformedBody("not a JSON object") }
        root = object
        malformedFields = document.duplicateKeys + document.loneSurrogates
    }

    /// A number without a fraction, which may be written with one (`3.0`).
    mutating func int(_ key: String, in object: JSONObject) -> Int64? { read(key, in: object, \.int) }
    mutating func double(_ key: String, in object: JSONObject) -> Double? { read(key, in: object, \.double) }
    mutating func string(_ key: String, in object: JSONObject) -> String? { read(key, in: object, \.string) }
    mutating func array(_ key: String, in object: JSONObject) -> [JSON]? { read(key, in: object, \.array) }
    mutating func object(_ key: String, in object: JSONObject) -> JSONObject? { read(key, in: object, \.object) }

    /// Counts an element of a list that is not what it should be.
    mutating func note() { malformedFields += 1 }

    private mutating func read<Value>(_ key: String, in object: JSONObject, _ type: KeyPath<JSON, Value?>) -> Value? {
        guard let member = object[key] else { return nil }
        if let value = member[keyPath: type] { return value }
        malformedFields += 1
        return nil
    }
}
