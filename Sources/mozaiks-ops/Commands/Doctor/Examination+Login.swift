import Configuration
import Model
import Settings

/// How a runtime is logged in to, in words that fit the way it is configured.
struct Login {
    /// What is shown to the runtime; nil where nothing is configured.
    let noun: String?
    /// What of it may be missing.
    let secret: String
    private let isOfFile: Bool
    private let name: String
    private let isAlone: Bool

    /// - Parameter isAlone: whether it is the only runtime: a variable of the environment is about no other.
    init(settings: RuntimeSettings?, isAlone: Bool) {
        switch settings?.authentication {
        case nil, .some(.none): (noun, secret) = (nil, "token")
        case .basic(let user, _): (noun, secret) = ("login as '\(user)'", "password")
        case .bearer, .clientCredentials: (noun, secret) = ("token", "token")
        case .googleIdentity: (noun, secret) = ("identity token", "identity token")
        }
        isOfFile = if case .file? = settings?.origin { true } else { false }
        name = settings?.name ?? "NAME"
        self.isAlone = isAlone
    }

    /// What to do where there is none and the runtime wants one. Names no key and no variable that would count for nothing here.
    /// - Parameter said: what the runtime said, which may name the kind of login and its key already.
    func hint(_ said: String) -> String {
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
