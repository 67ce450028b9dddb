import Glibc
import Model

/// The process's environment variables as a value, so that whoever reads them can be given others.
public struct Environment: Sendable {
    private let values: [String: String]

    public init(_ values: [String: String]) {
        self.values = values
    }

    /// What this process was started with. Bytes that are not UTF-8 become U+FFFD.
    public static func current() -> Environment {
        var values: [String: String] = [:]
        var entry = environ
        while let line = entry.pointee {
            let text = String(cString: line)
            if let equals = text.firstIndex(of: "=") {
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return Environment(values)
    }

    /// Nil when it is not set; empty when it is set to nothing.
    public subscript(_ name: String) -> String? { values[name] }

    /// Nil when it is not set or set to nothing.
    public func nonEmpty(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A folder that the XDG specification lets a user name: what is not absolute is to be ignored.
    public func absolutePath(_ name: String) -> String? { nonEmpty(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// Sorted by their bytes.
    public var names: [String] { values.keys.inByteOrder() }
}

/// Shows the names only: values of an environment are often credentials.
extension Environment: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Environment(\(names.joined(separator: ", ")))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["names": names]) }
}
