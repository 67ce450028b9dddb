/// A file that a person wrote, as it was read: a policy, a playbook, tests of policies.
public struct SourceFile: Sendable {
    /// As shown in diagnostics; its last component says what it is about.
    public let path: String
    public let bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}
