/// Why bytes are not a JSON document, and where. Reading the same bytes again gives the same error.
public struct JSONError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case empty
        case invalidUTF8
        case unclosedString
        /// A bare control character inside a string.
        case controlCharacter
        case syntax
        /// A number that has no finite double.
        case numberOutOfRange
        case tooDeep(limit: Int)
        case tooLarge(limit: Int)
        /// More values, keys and brackets than a document may have.
        case tooMany(limit: Int)
        case outOfMemory
    }

    public let reason: Reason
    /// Offset of the byte at which reading stopped.
    public let offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// Holds no byte of the document.
    public var description: String {
        let what =
            switch reason {
            case .empty: "nothing but white space"
            case .invalidUTF8: "bytes that are not UTF-8"
            case .unclosedString: "a string that does not end"
            case .controlCharacter: "a control character inside a string"
            case .syntax: "not JSON"
            case .numberOutOfRange: "a number too large for a double"
            case .tooDeep(let limit): "nested deeper than \(limit) levels"
            case .tooLarge(let limit): "larger than \(limit) bytes"
            case .tooMany(let limit): "more than \(limit) keys, values and brackets"
            case .outOfMemory: "no memory left to read it"
            }
        return "\(what), at byte \(offset)"
    }
}
