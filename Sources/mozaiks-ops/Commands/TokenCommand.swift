import Ambient
import Cycle
import Journal
import Model
import Web

/// `token create|list|revoke`: who may do what at the page and the API.
enum TokenCommand {
    private static let name = Positional("NAME", "letters, digits, '.', '_', '-'; the audit names it: maria-phone, ci")

    static let create = Command(
        ["token", "create"], "Make a token for the page and the API, and show it once",
        discussion: "A viewer reads. An operator also acknowledges, silences, marks deploys, reverts, stops and resumes. An approver also "
            + "says yes or no to actions that wait. Only the token's digest is kept, in tokens.json in the state folder; a daemon "
            + "that runs knows it at once. Behind 'token:NAME' the audit says who did what.",
        positionals: [name],
        options: [
            Option("role", value: "ROLE", "viewer (default), operator or approver"),
            Option("for", value: "SPAN", "ends by itself, such as 90d (default: when it is revoked)"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops token create maria-phone --role approver --for 90d", "a person who says yes and no"),
            ("mozaiks-ops token create deploys --role operator", "a script that marks deploys"),
        ]
    ) { invocation in
        let word = invocation.arguments.value("role") ?? "viewer"
        guard let role = Role(rawValue: word) else {
            throw UsageError("--role '\(word)' is none", hint: "one of viewer, operator, approver")
        }
        let now = invocation.clock.now()
        let expires = try invocation.span("for").map { now + $0 }
        let name = invocation.arguments.positional("NAME") ?? ""
        let folder = try invocation.stateFolderWhateverElse()
        let token: String
        do throws(TokenFile.Failure) {
            token = try TokenFile(folder).create(name, role, by: "cli:\(invocation.user)", now: now, expiresAt: expires)
        } catch {
            throw CommandFailure(error.description, hint: error.hint)
        }
        invocation.note(name, role, revoked: false, folder)
        let end = expires.map { "until \(invocation.zone.text($0))" } ?? "until it is revoked"
        invocation.print(
            text: "\(token)\n",
            as: .tokenCreated,
            json: [
                "name": .string(name), "role": .string(role.rawValue),
                "token": .string(token), "expires_at": .moment(expires),
            ])
        remark("\(name), \(role.rawValue), \(end). It is shown this once: keep it where passwords are kept.\n", .info)
        return .ok
    }

    static let list = Command(
        ["token", "list"], "List tokens: names, roles, since when and until when; never themselves",
        options: [Option("all", "also those that are over"), MonitorOptions.state],
        examples: [("mozaiks-ops token list --all", "who may do what, and who might once")]
    ) { invocation in
        let now = invocation.clock.now()
        let book: TokenBook
        do {
            book = try TokenFile(try invocation.stateFolderToLookInto()).book()
        } catch let error as TokenFile.Failure {
            throw CommandFailure(error.description, hint: error.hint)
        }
        let tokens = book.tokens.filter { invocation.arguments.has("all") || $0.isInForce(at: now) }
        let zone = invocation.zone
        let table = invocation.terminal.table(
            ["name", "role", "created", "by", "ends"],
            tokens.map { token in
                let end =
                    token.revokedAt.map { "revoked \(zone.text($0))" + (token.revokedBy.map { " by \(Shown.id($0))" } ?? "") }
                    ?? token.expiresAt.map { ($0 <= now ? "ended " : "") + zone.text($0) } ?? "-"
                return [token.name, token.role.rawValue, zone.text(token.createdAt), Shown.id(token.createdBy), end]
            })
        invocation.print(
            text: tokens.isEmpty ? "no tokens: nothing can be changed over HTTP\n" : table,
            as: .tokenList, json: ["tokens": .array(tokens.map { $0.document(at: now) })])
        return .ok
    }

    static let revoke = Command(
        ["token", "revoke"], "Take a token back: it opens nothing from now on, nor do browsers that signed in with it",
        positionals: [name], options: [MonitorOptions.state],
        examples: [("mozaiks-ops token revoke maria-phone", "the phone is lost")]
    ) { invocation in
        let name = invocation.arguments.positional("NAME") ?? ""
        let folder = try invocation.stateFolderWhateverElse()
        let isNew: Bool
        do {
            let file = TokenFile(folder)
            let known = try file.book().tokens.map(\.name)
            guard known.contains(where: { $0.isSame(as: name) }) else {
                throw CommandFailure.unknown("token", name, known: known, list: "mozaiks-ops token list --all")
            }
            isNew = try file.revoke(name, by: "cli:\(invocation.user)", now: invocation.clock.now())
        } catch let error as TokenFile.Failure {
            throw CommandFailure(error.description, hint: error.hint)
        }
        if isNew { invocation.note(name, nil, revoked: true, folder) }
        invocation.print(
            text: isNew ? "revoked: \(name)\n" : "\(name) was revoked before\n",
            as: .tokenRevoked, json: ["name": .string(name), "was_in_force": .bool(isNew)])
        return .ok
    }
}

extension Invocation {
    /// For the audit, where there is a journal; the file of tokens holds it in any case.
    fileprivate func note(_ name: String, _ role: Role?, revoked: Bool, _ folder: StateFolder) {
        do throws(JournalError) {
            let journal = try Journal.open(folder, mode: .command)
            try journal.appendCommand(
                at: clock.now(), actor: "cli:\(user)", kind: Commands.token,
                arguments: (["name": .string(name), "role": .optional(role?.rawValue), "revoked": .bool(revoked)] as JSON)
                    .serialized())
        } catch {
            guard error.cause != .missing else { return }
            complain("the audit log will not have it: \(error.message)", hint: error.hint)
        }
    }
}
