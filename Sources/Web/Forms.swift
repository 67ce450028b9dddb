import Cycle
import Guard
import Journal
import Model
import Views

/// The buttons that a reader's role allows, as plain forms; the command to paste for everybody else. A page that is looked at
/// sends none of them.
struct Forms {
    let visitor: Visitor
    /// The page that they stand on.
    let then: String

    init(_ visitor: Visitor, then: String) {
        self.visitor = visitor
        self.then = then
    }

    /// Says yes or no to what waits; once somebody did, who, and no buttons any more.
    func answer(_ approval: Approval, _ overview: Overview, _ clocks: Clocks) -> HTML {
        if let said = overview.answer(to: approval) {
            let word: HTML = said.kind == Commands.approve ? "Yes" : "No"
            return """
                <p class="notice" role="status"><span aria-hidden="true">…</span> \(word), said \(id: said.actor) \(clocks.since(said.at)): \
                the engine takes it at its next poll.</p>
                """
        }
        // For whoever keeps the page open past the end: so many seconds from now, by no clock of theirs.
        let rest = max((approval.expiresAt - clocks.now).milliseconds, 0) / 1_000
        return "\(obstacle(approval, clocks))<div data-ask=\"\(approval.id)\" data-ends=\"\(String(rest))\">\(ask(approval))</div>"
    }

    /// What a yes would come to now, where that is nothing.
    private func obstacle(_ approval: Approval, _ clocks: Clocks) -> HTML {
        approval.obstacle.map { refusal in
            """
            <p class="doubtful"><span aria-hidden="true">▲</span> A yes would be refused now: \(clocks.readable(refusal.text)). \
            What passes by itself may be approved once it has.</p>
            """
        } ?? ""
    }

    private func ask(_ approval: Approval) -> HTML {
        guard visitor.mayPress(.approver) else {
            // Whoever signed in as somebody else sees no buttons, and why.
            let why: HTML = HTML.when(
                visitor.session != nil, "<p>A yes or no needs an approver; you are \(visitor.role.rawValue).</p>")
            return """
                \(why)<p>Yes: \(Page.command("mozaiks-ops actions approve \(approval.id)"))</p>
                <p>No: \(Page.command("mozaiks-ops actions deny \(approval.id)"))</p>
                """
        }
        let what = "\(approval.effect.description) for \(Shown.id(approval.key.app.text))"
        let path = "approvals/\(PercentEncoding.encode(approval.id.utf8))/"
        // Both stand in one form so that one reason serves either.
        return form(
            path + "approve",
            """
            <input type="hidden" name="digest" value="\(approval.digest)">\(comment("why-\(approval.id)", "Why (for the record)"))
            <button class="yes" aria-label="Approve \(what)">Approve</button>
            <button formaction="\(Page.orders)\(path)deny" aria-label="Deny \(what)">Deny</button>
            """)
    }

    /// Says that somebody looks into it.
    func acknowledge(_ incident: Incident, _ short: String, isBrief: Bool = false) -> HTML {
        guard visitor.mayPress(.operator) else {
            let command = Page.command("mozaiks-ops incidents ack \(short)")
            return isBrief
                ? "<p class=\"faint\">Nobody has acknowledged it: \(command)</p>"
                : "<p>Say that you look into it: \(command)</p>"
        }
        let path = "incidents/\(Page.pathSafe(incident.id))/ack"
        if isBrief {
            return form(
                path,
                "<span class=\"faint\">Nobody has acknowledged it.</span> <button aria-label=\"Acknowledge \(short)\">Acknowledge</button>")
        }
        return """
            <div class="card">\(form(
                path,
                """
                \(length("ack-for", "Reminders stay away", [("", "as long as it is open"), ("1h", "for an hour"), ("4h", "for 4 hours"), ("24h", "for a day")]))
                \(comment("ack-why", "Comment"))<button class="yes">Acknowledge</button>
                """))</div>
            """
    }

    /// What else can be done about an open incident.
    func handle(_ incident: Incident) -> HTML {
        guard visitor.mayPress(.operator) else { return "" }
        let back: HTML =
            incident.acknowledged == nil
            ? ""
            : form(
                "incidents/\(Page.pathSafe(incident.id))/unack",
                "<button>Take the acknowledgement back</button>")
        return """
            <details id="handle" class="card"><summary>Silence it\(incident.acknowledged == nil ? "" : ", or take the acknowledgement back")</summary>
            \(form(
                "silences",
                """
                <input type="hidden" name="incident" value="\(incident.id)">
                \(length("silence-for", "Messages and new actions stay away", [("1h", "for an hour"), ("4h", "for 4 hours"), ("24h", "for a day")]))
                \(comment("silence-why", "Why"))<button>Silence this incident</button>
                """))\(back)</details>
            """
    }

    /// Keeps a whole rule quiet on a runtime: of a storm nobody silences each. Empty for whoever may not, and for names that would be
    /// patterns, and more than themselves.
    func silence(rule: String, runtime: String) -> HTML {
        guard visitor.mayPress(.operator), !(rule + runtime).utf8.contains(where: { "*?[]\\".utf8.contains($0) }) else { return "" }
        let inside: HTML = """
            <input type="hidden" name="rule" value="\(rule)"><input type="hidden" name="runtime" value="\(runtime)">
            \(length("rule-for", "Messages and new actions of all of them stay away", [("1h", "for an hour"), ("4h", "for 4 hours"), ("24h", "for a day")]))
            \(comment("rule-why", "Why"))<button>Silence this rule here</button>
            """
        return """
            <details id="silence-rule" class="card"><summary>Silence \(id: rule) on \(id: runtime)</summary>\(form("silences", inside))</details>
            """
    }

    func revert(_ lease: Lease) -> HTML {
        visitor.mayPress(.operator)
            ? form(
                "leases/\(PercentEncoding.encode(lease.id.utf8))/revert",
                "<button aria-label=\"Undo \(lease.effect.description) for \(Shown.id(lease.key.app.text))\">Undo now</button>")
            : "<p>Undo: \(Page.command("mozaiks-ops actions revert \(lease.id)"))</p>"
    }

    func expire(_ silence: String) -> HTML {
        visitor.mayPress(.operator)
            ? form("silences/\(PercentEncoding.encode(silence.utf8))/expire", "<button>End it now</button>") : ""
    }

    /// The kill switch; folded, so that no thumb finds it by chance.
    var stop: HTML {
        guard visitor.mayPress(.operator) else { return "" }
        return """
            <details id="stop"><summary>Stop all actions</summary>\(form(
                "actions/stop",
                "<p>No new action and no extension until somebody resumes. What is in force runs out by itself.</p><button class=\"no\">Stop all actions</button>"))</details>
            """
    }

    /// Nil for whoever may not.
    var resume: HTML? {
        visitor.mayPress(.operator) ? form("actions/resume", "<button>Resume</button>") : nil
    }

    /// For whoever is nobody yet: where one gets buttons, and comes back.
    /// - Parameter part: of the page, by its id.
    func signIn(to part: String) -> HTML {
        "<a href=\"\(Page.signIn)?then=\(PercentEncoding.encode("\(then)#\(part)".utf8))\">sign in to press</a>"
    }

    // MARK: - Parts

    private func form(_ path: String, _ inside: HTML) -> HTML {
        guard let session = visitor.session else { return "" }
        return """
            <form method="post" action="\(Page.orders)\(path)"><input type="hidden" name="form" value="\(session.form)">\
            <input type="hidden" name="once" value="\(AccessToken.random(bytes: 9))"><input type="hidden" name="then" value="\(then)">\(inside)</form>
            """
    }

    private func comment(_ id: String, _ label: String) -> HTML {
        "<label for=\"\(id)\">\(label)</label> <input id=\"\(id)\" type=\"text\" name=\"comment\" maxlength=\"400\" autocomplete=\"off\">"
    }

    private func length(_ id: String, _ label: String, _ choices: [(value: String, text: String)]) -> HTML {
        let options = choices.map { "<option value=\"\($0.value)\">\($0.text)</option>" as HTML }
        return "<label for=\"\(id)\">\(label)</label> <select id=\"\(id)\" name=\"for\">\(options.joined())</select>"
    }
}
