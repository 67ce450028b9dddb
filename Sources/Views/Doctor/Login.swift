import Model

/// How a runtime is logged in to, in words that fit the way it is configured.
public struct Login: Sendable {
    /// What is shown to the runtime; nil where nothing is configured.
    public let noun: String?
    /// What of it may be missing.
    public let secret: String
    private let isOfFile: Bool
    private let name: String
    private let isAlone: Bool

    /// - Parameters:
    ///   - runtime: its name in the configuration file.
    ///   - isOfFile: whether it stands in a configuration file, where a login of any kind can be said.
    ///   - isAlone: whether it is the only runtime: a variable of the environment is about no other.
    public init(noun: String?, secret: String, runtime: String, isOfFile: Bool, isAlone: Bool) {
        self.noun = noun
        self.secret = secret
        self.isOfFile = isOfFile
        name = runtime
        self.isAlone = isAlone
    }

    /// What to do where there is none and the runtime wants one. Names no key and no variable that would count for nothing here.
    /// - Parameter said: what the runtime said, which may name the kind of login and its key already.
    public func hint(_ said: String) -> String {
        if said.contains(bytesOf: "it wants ") {
            return isOfFile
                ? ""
                : ", under 'runtimes:' in mozaiks-ops.yaml: a URL that is given in passing takes a bearer token alone, of MOZAIKS_RUNTIME_TOKEN_FILE"
        }
        guard isOfFile else { return ": set MOZAIKS_RUNTIME_TOKEN_FILE" }
        let key = "'auth: {bearer_file: …}', 'oauth2:' or 'basic:' at runtimes: {\(name): …}"
        return isAlone ? ": set MOZAIKS_RUNTIME_TOKEN_FILE, or \(key)" : ": say \(key)"
    }
}
