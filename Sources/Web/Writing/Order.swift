import Cycle
import Digest
import Guard
import JSONParsing
import Journal
import Model
import Telling
import Views

/// Something that a person wants done: what the command line leaves for the engine, asked for over HTTP.
struct Order {
    enum Deed {
        /// A row for the engine.
        case command(kind: String, arguments: JSON)
        case stop
        case resume
    }

    let deed: Deed
    /// What it is about, with the name of its member: `("silence", "silence-5f2c…")`.
    let about: (key: String, id: String)?
    /// What may be meant otherwise; it is done all the same.
    var warnings: [String] = []

    /// The ways to ask. Paths stand below `/api/v1/` for programs and below `/do/` for the page's forms.
    enum Kind: CaseIterable {
        case acknowledge, unacknowledge, silence, expire, approve, deny, revert, revertAll, mark, stop, resume

        var role: Role {
            switch self {
            case .approve, .deny: .approver
            default: .operator
            }
        }

        /// Parts of the path; an empty one stands for an id.
        var path: [String] {
            switch self {
            case .acknowledge: ["incidents", "", "ack"]
            case .unacknowledge: ["incidents", "", "unack"]
            case .silence: ["silences"]
            case .expire: ["silences", "", "expire"]
            case .approve: ["approvals", "", "approve"]
            case .deny: ["approvals", "", "deny"]
            case .revert: ["leases", "", "revert"]
            case .revertAll: ["leases", "revert"]
            case .mark: ["marks"]
            case .stop: ["actions", "stop"]
            case .resume: ["actions", "resume"]
            }
        }

        /// What may come along; an empty list: nothing.
        var members: [String] {
            switch self {
            case .acknowledge: ["for", "comment"]
            case .silence:
                ["app", "rule", "runtime", "severity", "label", "incident", "for", "until", "until_resolved", "comment"]
            case .approve, .deny: ["digest", "comment"]
            case .mark: ["name", "runtime"]
            case .unacknowledge, .expire, .revert, .revertAll, .stop, .resume: []
            }
        }

        /// What a path asks for, with the id in it, still encoded; nil when nothing.
        static func at(_ path: String) -> (kind: Kind, id: String)? {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            for kind in allCases where kind.path.count == parts.count {
                let fits = zip(kind.path, parts).allSatisfy { $0.isEmpty || $0.isSame(as: $1) }
                guard fits else { continue }
                let place = kind.path.firstIndex(of: "")
                return (kind, place.map { String(parts[$0]) } ?? "")
            }
            return nil
        }
    }

    /// Reads what is asked. Throws for what is not there, or wrong.
    /// - Parameter seed: tells this order from others like it, for ids of what it makes.
    init(_ kind: Kind, _ encoded: String, _ fields: inout Fields, by actor: String, seed: String, _ reading: Reading) throws {
        // First: what is misspelt is missing under its right name, and that would be all that is said.
        try fields.check(members: kind.members)
        switch kind {
        case .acknowledge: self = try Order.acknowledgement(encoded, &fields, reading)
        case .unacknowledge:
            let incident = try Order.openIncident(encoded, reading)
            self.init(Commands.unacknowledge, ["incident": .string(incident.id)], about: ("incident", incident.id))
        case .silence: self = try Order.silence(&fields, by: actor, seed: seed, reading)
        case .expire: self = try Order.expiry(encoded, reading)
        case .approve: self = try Order.answer(encoded, &fields, approves: true, reading)
        case .deny: self = try Order.answer(encoded, &fields, approves: false, reading)
        case .revert: self = try Order.reversal(encoded, reading)
        case .revertAll: self.init(Commands.revertAll, .object(JSONObject()))
        case .mark: self = try Order.mark(&fields, reading)
        case .stop: self.init(.stop)
        case .resume: self.init(.resume)
        }
        try fields.finish()
    }

    private init(_ deed: Deed, about: (key: String, id: String)? = nil) { (self.deed, self.about) = (deed, about) }

    /// - Parameter kind: of the command.
    private init(_ kind: String, _ arguments: JSON, about: (key: String, id: String)? = nil) {
        self.init(.command(kind: kind, arguments: arguments), about: about)
    }

    // MARK: - Each of them

    private static func acknowledgement(_ encoded: String, _ fields: inout Fields, _ reading: Reading) throws -> Order {
        let incident = try Order.openIncident(encoded, reading)
        let until = try fields.span("for").map { reading.now + $0 }
        let comment = try fields.text("comment") ?? ""
        return Order(
            Commands.acknowledge, ["incident": .string(incident.id), "until": .moment(until), "comment": .string(comment)],
            about: ("incident", incident.id))
    }

    private static func silence(_ fields: inout Fields, by actor: String, seed: String, _ reading: Reading) throws -> Order {
        let match = try Order.match(&fields, reading)
        let strangers = reading.strangers(in: match)
        // What fits nothing holds back nothing, and whoever asked believes that it does. Apps come and go.
        if let stranger = strangers.first(where: { $0.kind == .rule || $0.kind == .runtime }) {
            throw Problem.badRequest("\(stranger.message); \(stranger.hint)")
        }
        let until = try Order.end(&fields, reading)
        let comment = try fields.text("comment") ?? ""
        let words = ["\(match)", "\(until?.milliseconds ?? 0)", comment, actor, "\(reading.now.milliseconds)", seed]
        let id = "silence-" + SHA256.hex(Array(words.joined(separator: "\0").utf8)).prefix(16)
        var order = Order(
            Commands.addSilence,
            ["id": .string(id), "match": match.document, "until": .moment(until), "comment": .string(comment)], about: ("silence", id))
        order.warnings = strangers.map(\.warning)
        return order
    }

    private static func expiry(_ encoded: String, _ reading: Reading) throws -> Order {
        let named = try Order.id(encoded)
        let active = try KeptDecisions(reading.journal).telling.silences.filter { $0.isActive(reading.now) }
        let id = try Order.one(active.map(\.id), named, of: "silence", missing: "no silence '\(Shown.id(named))' is in force")
        return Order(Commands.expireSilence, ["silence": .string(id)], about: ("silence", id))
    }

    private static func answer(_ encoded: String, _ fields: inout Fields, approves: Bool, _ reading: Reading) throws -> Order {
        let approval = try Order.approval(encoded, reading)
        // What is approved is what was looked at: its digest comes along.
        let digest = try fields.text("digest")
        if approves, digest == nil {
            throw Problem.badRequest("'digest' of what was looked at is needed: it stands beside the approval's id")
        }
        if let digest, !digest.isSame(as: approval.digest) {
            throw Problem(
                status: 409, title: "Something else",
                detail: "what waits as '\(Shown.id(approval.id))' is not what was looked at: look again")
        }
        guard approval.isWaiting(at: reading.now) else {
            // Of two approvers the second is told who was first.
            throw Problem(status: 409, title: "Too late", detail: "it waits no more: \(Shown.line(approval.whyTooLate))")
        }
        var arguments: JSONObject = ["approval": .string(approval.id), "digest": .string(approval.digest)]
        if let comment = try fields.text("comment") { arguments.append("comment", .string(comment)) }
        return Order(approves ? Commands.approve : Commands.deny, .object(arguments), about: ("approval", approval.id))
    }

    private static func reversal(_ encoded: String, _ reading: Reading) throws -> Order {
        let named = try Order.id(encoded)
        let lease: String
        do throws(JournalError) {
            lease = try reading.journal.lease(named).id
        } catch {
            switch error.cause {
            case .unknownID: throw Problem.notFound("there is no lease '\(Shown.id(named))'")
            case .ambiguousID: throw Problem.several(named, "lease", hint: error.hint)
            default: throw error
            }
        }
        return Order(Commands.revert, ["lease": .string(lease)], about: ("lease", lease))
    }

    private static func mark(_ fields: inout Fields, _ reading: Reading) throws -> Order {
        guard let name = try fields.text("name"), !name.utf8.allSatisfy({ $0 == 0x20 }) else {
            throw Problem.badRequest("'name' says what is deployed")
        }
        guard Mark.isName(name) else {
            throw Problem.badRequest("'name' is one line of at most 100 bytes")
        }
        var arguments: JSONObject = ["name": .string(name)]
        if let runtime = try fields.text("runtime") {
            let known = reading.runtimes
            if let other = reading.elsewhere.first(where: { $0.name.isSame(as: runtime) }) {
                throw Problem.badRequest("\(other.sentence); note it there")
            }
            guard known.isEmpty || known.contains(where: { $0.isSame(as: runtime) }) else {
                throw Order.unknown(reading.noun, runtime, known)
            }
            arguments.append("runtime", .string(runtime))
        }
        return Order(Commands.mark, .object(arguments))
    }

    // MARK: - What is named

    private static func id(_ encoded: String) throws(Problem) -> String {
        guard let id = PercentDecoding.text(encoded.utf8), !id.isEmpty, id.utf8.count <= 128 else {
            throw .notFound("that is no id")
        }
        return id
    }

    private static func one(_ ids: [String], _ named: String, of kind: String, missing: String) throws(Problem) -> String {
        if let whole = ids.first(where: { $0.isSame(as: named) }) { return whole }
        let found = ids.filter { $0.utf8.starts(with: named.utf8) }
        guard let first = found.first else { throw .notFound(missing) }
        guard found.count == 1 else { throw .several(named, kind) }
        return first
    }

    private static func openIncident(_ encoded: String, _ reading: Reading) throws -> Incident {
        let incident = try API.incident(encoded, reading).incident
        guard incident.resolvedAt == nil else {
            throw Problem(status: 409, title: "Over", detail: "'\(Shown.id(incident.id))' is resolved")
        }
        return incident
    }

    private static func approval(_ encoded: String, _ reading: Reading) throws -> Approval {
        let named = try id(encoded)
        let all = try Pipeline.guardState(in: reading.journal).approvals
        let found = all.last {
            $0.id.isSame(as: named)
                || (named.utf8.count > $0.id.utf8.count && $0.digest.utf8.starts(with: named.utf8))
        }
        guard let found else { throw Problem.notFound("there is no approval '\(Shown.id(named))'") }
        return found
    }

    private static func match(_ fields: inout Fields, _ reading: Reading) throws -> IncidentMatch {
        func globs(_ name: String) throws(Problem) -> [Glob] {
            try fields.texts(name).map { text throws(Problem) in
                guard !text.isEmpty else { throw .badRequest("'\(name)' is empty: '*' stands for any text") }
                return Glob(text)
            }
        }
        var match = IncidentMatch(apps: try globs("app"), rules: try globs("rule"), runtimes: try globs("runtime"))
        match.severities = try fields.texts("severity").map { word throws(Problem) in
            guard let severity = Severity(rawValue: word) else {
                throw .badRequest("'severity' is one of info, warning, critical, not '\(Shown.id(word))'")
            }
            return severity
        }
        for text in fields.texts("label") {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw Problem.badRequest("'label' is NAME=VALUE, such as tier=gold, not '\(Shown.id(text))'")
            }
            match.labels[String(text[..<equals]), default: []].append(Glob(String(text[text.index(after: equals)...])))
        }
        if let named = try fields.text("incident") {
            match.incident = try API.incident(PercentEncoding.encode(named.utf8), reading).incident.id
        }
        guard !match.isEmpty else {
            throw Problem.badRequest(
                "say what to silence: app, rule, runtime, severity, label or incident; rule: \"*\" for all")
        }
        return match
    }

    private static func unknown(_ kind: String, _ text: String, _ known: [String]) -> Problem {
        let few = known.count > 5 ? "" : ": there are " + known.map { Shown.id($0) }.joined(separator: ", ")
        return .badRequest("there is no \(kind) '\(Shown.id(text))'\(few)")
    }

    private static func end(_ fields: inout Fields, _ reading: Reading) throws(Problem) -> Timestamp? {
        let span = try fields.span("for")
        let moment = try fields.moment("until")
        let isUntilResolved = try fields.flag("until_resolved")
        guard [span != nil, moment != nil, isUntilResolved].filter({ $0 }).count == 1 else {
            throw .badRequest("say when it ends, once: for, until, or until_resolved")
        }
        let until = span.map { reading.now + $0 } ?? moment
        if let until, until <= reading.now { throw .badRequest("its end is past") }
        if let until, until > reading.now + Fields.longestSpan {
            throw .badRequest("its end is more than a year away: 'until' is within a year")
        }
        return until
    }
}
