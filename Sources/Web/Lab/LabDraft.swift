import Model
import Policy

/// A text that somebody wants to try, laid over the policies in force. It goes nowhere but into a replay.
struct LabDraft: Sendable {
    /// What a pasted text is.
    enum Kind: String, CaseIterable {
        /// Thresholds and rules over the default policy.
        case change
        /// The default policy as a whole.
        case whole
        /// An app's own policy.
        case app
    }

    /// A text may be as long as the largest policy that makes sense; the built-in one has 40 kB.
    static let limit = 96 << 10
    static let header = "schema: mozaiks.ops/policy/v1"

    /// What stands in the form, whether or not anything can be made of it.
    struct Typed: Sendable {
        var kind = Kind.change
        var app: String?
        var text = ""
    }

    var typed: Typed { Typed(kind: kind, app: app?.text, text: text) }

    let kind: Kind
    let app: AppID?
    let text: String
    /// By which name it is saved.
    var fileName: String {
        switch kind {
        case .change: "ops_rules.lab.yaml"
        case .whole: PolicyFileName.defaultFile
        case .app: PolicyFileName.name(for: app)
        }
    }
    /// The file as it is to be saved.
    let file: String
    /// Where in it begins what was typed; from 1.
    let firstLine: Int

    init(_ kind: Kind, app: AppID?, _ text: String) throws(Problem) {
        guard kind != .app || app != nil else { throw .badRequest("name the app whose policy it is") }
        guard app.map({ $0.text.utf8.count <= 4_096 }) ?? true else { throw .badRequest("no app has an id of more than 4 kB") }
        guard kind == .app || app == nil else { throw .badRequest("an app is named with an app's own policy only") }
        guard text.utf8.count <= LabDraft.limit else { throw .badRequest("a policy to try has at most \(LabDraft.limit / 1_024) kB") }
        guard !text.utf8.allSatisfy({ $0 == 32 || $0 == 10 || $0 == 9 }) else {
            throw .badRequest("paste what you want to try, such as thresholds: {noisy_share: 50%}")
        }
        self.kind = kind
        self.app = app
        self.text = text
        // A change of a line or two needs no head; a whole file has its own.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        func holds(_ key: String) -> Bool { lines.contains { $0.utf8.starts(with: (key + ":").utf8) } }
        var head = holds("schema") ? "" : LabDraft.header + "\n"
        if !holds("ops_policy"), kind == .app, let app { head += "ops_policy: \(JSON.string(app.text).serialized())\n" }
        if !holds("ops_policy"), kind != .app { head += "ops_policy: default\n" }
        firstLine = head.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        file = head + text + (text.hasSuffix("\n") ? "" : "\n")
    }

    /// The policies in force with this one in its place; or everything that is wrong with it.
    func policies(over files: [PolicyFile]) -> Result<PolicySet, PolicyErrors> {
        let name = fileName
        func isReplaced(_ file: PolicyFile) -> Bool {
            let last = file.path.split(separator: "/").last.map(String.init) ?? file.path
            // The built-in policy stands in the place of a default file, and gives way to one.
            return last.isSame(as: name) || (kind == .whole && file.path.isSame(as: DefaultPolicy.file))
        }
        return PolicyLoader.load(files: files.filter { !isReplaced($0) } + [PolicyFile(path: name, bytes: Array(file.utf8))])
    }
}
