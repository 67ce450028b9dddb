import Guard
import Journal
import Model
import Playbooks
import Policy
import Views

extension Page {
    /// An id as it may stand in a path: ours are ASCII letters, digits and `-`; of others what is neither is encoded.
    static func pathSafe(_ id: String) -> String { PercentEncoding.encode(id.utf8) }

    /// One incident from its beginning to now.
    /// - Parameter asked: what the reader just asked for.
    static func incident(_ detail: IncidentDetail, _ asked: CommandOutcome?, _ reading: Reading) throws -> HTML {
        let overview = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now)
        return IncidentPage(
            detail: detail, overview: overview, clocks: reading.clocks, asked: asked,
            forms: Forms(reading.visitor, then: Page.incidents + Page.pathSafe(detail.incident.id)),
            present: reading.present([detail.incident])[detail.incident.id]
        ).html
    }
}

private struct IncidentPage {
    let detail: IncidentDetail
    let overview: Overview
    let clocks: Clocks
    let asked: CommandOutcome?
    let forms: Forms
    /// How its condition stands now; nil where that is not known.
    let present: PresentCondition?

    private var incident: Incident { detail.incident }
    private var isOpen: Bool { incident.resolvedAt == nil }

    var html: HTML {
        let tone = isOpen ? Page.Tone.of(incident.severity) : .good
        let head: HTML =
            "<a href=\"/\"><strong>mozaiks-ops</strong></a> <span>incident \(detail.shortID)</span> \(clocks.asOf)"
        let body: HTML = """
            \(Page.notice(asked, clocks))
            <section class="banner \(HTML.own(tone.name))" aria-labelledby="verdict">
            <h1 id="verdict"><span class="mark" aria-hidden="true">\(HTML.own(tone.mark))</span> \(id: incident.rule)</h1>
            <p class="lead">\(clocks.readable(incident.summary))</p>
            \(Page.facts(facts))</section>
            \(asks)
            <div class="columns"><div>
            <section aria-labelledby="time-h"><h2 id="time-h">What happened</h2><ol class="timeline">\(Timeline(incident).entries.enumerated().map { entry($1, id: "happened-\($0)") }.joined())</ol></section>
            </div><div>
            \(values)
            \(refused)
            \(told)
            \(next)
            \(tenants)
            \(playbook)
            \(advice)
            </div></div>
            """
        return Page.frame(
            title: "\(Shown.id(incident.rule)) · \(incident.status.rawValue) · mozaiks-ops", tone, head: head, body,
            for: forms.visitor, then: forms.then, isSoon: asked != nil && asked?.isDone == nil)
    }

    private var facts: [(String, HTML)] {
        var facts: [(String, HTML)] = [
            ("State", "\(Page.chip(incident.severity)) \(incident.status.rawValue)"),
            ("Where", Page.subject(incident.subject)),
            ("Since", "\(clocks.since(incident)), on record since \(clocks.time(incident.openedAt))"),
        ]
        if isOpen, let ending = clocks.ending(incident, overview) { facts.append(("Now", "\(ending)")) }
        if let resolved = incident.resolvedAt {
            facts.append(("Resolved", "\(clocks.since(resolved)), \(incident.resolveReason ?? "cleared")"))
        } else {
            let lines = overview.handling(of: incident, clocks.words)
            facts.append(
                ("Being done", lines.isEmpty ? "nothing by itself" : Page.list(lines.map { "\(clocks.readable($0))" })))
        }
        if let returned = incident.returned(clocks.words) { facts.append(("Again", "\(returned)")) }
        if isOpen, let weight = incident.weight {
            facts.append(("Runs", "\(clocks.readable(weight.text)) <span class=\"faint\">as of \(clocks.time(weight.at))</span>"))
        }
        if isOpen, let answer = incident.answer { facts.append(("Answer", "\(clocks.readable(answer.text))")) }
        if let seen = incident.acknowledged {
            facts.append(
                (
                    "Acknowledged",
                    "by \(id: seen.by), \(clocks.since(seen.at))\(seen.comment.isEmpty ? "" : ": \(Shown.line(seen.comment))")"
                ))
        }
        if isOpen { facts.append(("By now", Page.standing(incident, present, clocks))) }
        let condition = Shown.code(incident.condition)
        let written: HTML = Page.isLong(condition) ? Page.folded("All of it", condition, "condition") : "<code>\(condition)</code>"
        facts.append(("Condition", "\(written) <span class=\"faint\">\(Shown.line(incident.origin.description))</span>"))
        for label in incident.labels.inByteOrder(of: \.key) {
            facts.append((Shown.id(label.key), "\(Shown.line(label.value))"))
        }
        return facts
    }

    /// What waits for whoever reads, with what to paste.
    private var asks: HTML {
        var items: [HTML] = overview.approvals(of: incident).map { approval in
            """
            <article class="card ask"><h3>\(approval.effect.description) for \(id: approval.key.app.text), \(approval.ttl.description)?</h3>
            <p>\(clocks.readable(approval.reason.text))</p><p>What it is for: \(Page.standing(incident, present, clocks))</p><p class="faint">The offer ends \(clocks.time(approval.expiresAt))</p>
            \(forms.answer(approval, overview, clocks))</article>
            """
        }
        if isOpen, incident.acknowledged == nil {
            items.append(forms.acknowledge(incident, detail.shortID))
        }
        let waits = !items.isEmpty
        // Commands are for whoever has a shell; a phone has none.
        if waits, forms.visitor.session == nil { items.insert("<p>\(forms.signIn(to: "asks")), or paste in a shell:</p>", at: 0) }
        items += overview.leases(of: incident).map {
            "<article class=\"card\"><h3>\(Overview.words($0, overview.leaseSights[$0.id], clocks.words))</h3>\(Page.remark($0, overview, clocks))\(forms.revert($0))</article>"
        }
        if isOpen { items.append(forms.handle(incident)) }
        return items.isEmpty
            ? ""
            : "<section id=\"asks\" aria-labelledby=\"asks-h\"><h2 id=\"asks-h\">\(waits ? "Waits for you" : overview.leases(of: incident).isEmpty ? "What you can do" : "Still in force")</h2>\(items.joined())</section>"
    }

    private func entry(_ entry: Timeline.Entry, id: String) -> HTML {
        let what: HTML
        switch entry.event {
        case .transition(let transition):
            let text = Shown.code(transition.condition)
            let values: HTML = Page.isLong(text) ? Page.folded("With its values", text, id) : "<br><code>\(text)</code>"
            what =
                "<strong>\(transition.from.rawValue) → \(transition.to.rawValue)</strong>: \(clocks.readable(transition.reason))\(values)"
        case .decision(let decision, _): what = "\(clocks.readable(decision.sentence))"
        case .verification(let found):
            what =
                "<strong>\(found.outcome.rawValue.replacing(bytesOf: "_", with: " "))</strong>: \(clocks.readable(found.text))"
        case .note(let note): what = "\(id: note.author): \(clocks.readable(note.text))"
        }
        return "<li>\(clocks.time(entry.at)) <div>\(what)</div></li>"
    }

    private var values: HTML {
        guard !incident.evidence.isEmpty else { return "" }
        let newest = incident.evidence.compactMap { $0.points.last?.at }.max()
        // They are written when it opens, and when something is done about it.
        let old: HTML =
            newest.map { newest in
                HTML.when(
                    isOpen && clocks.now - newest > .minutes(1),
                    "<p class=\"faint\">They end at \(clocks.since(newest)); what is so by now stands above, and <a href=\"/#charts\">the charts</a> go on.</p>"
                )
            } ?? ""
        return
            "<section aria-labelledby=\"values-h\"><h2 id=\"values-h\">Values around it</h2>\(old)\(incident.evidence.map { Chart($0, clocks, of: incident.subject.kind.watched).html }.joined())</section>"
    }

    private var refused: HTML {
        let refusals = incident.decisions.compactMap { decision -> HTML? in
            switch decision.verdict {
            case .refused, .wouldHave, .wouldAsk: "\(clocks.time(decision.at)) \(clocks.readable(decision.sentence))"
            case .act, .needsApproval, .alreadyInForce: nil
            }
        }
        return refusals.isEmpty
            ? ""
            : "<section aria-labelledby=\"refused-h\"><h2 id=\"refused-h\">What was not done, and why</h2>\(Page.list(refusals))</section>"
    }

    private var told: HTML {
        let lines: HTML
        if let rows = detail.told {
            lines = rows.isEmpty ? "<p class=\"none\">nobody yet</p>" : Page.list(rows.map(message))
        } else {
            lines = "<p class=\"none\">cannot be read</p>"
        }
        let why = detail.circumstances.map { "\(clocks.readable($0))" as HTML }
        return
            "<section aria-labelledby=\"told-h\"><h2 id=\"told-h\">Who was told</h2>\(lines)\(Page.list(why, class: "faint"))</section>"
    }

    private func message(_ row: OutboxRow) -> HTML {
        let state: HTML =
            switch row.state {
            case .sent: "<span class=\"good\"><span aria-hidden=\"true\">✓</span> heard</span>"
            case .pending: "<span class=\"doubtful\"><span aria-hidden=\"true\">▲</span> waits</span>"
            case .dead: "<span class=\"bad\"><span aria-hidden=\"true\">✖</span> given up</span>"
            case .merged: "<span class=\"faint\">said by a later one</span>"
            }
        let why: HTML = row.state == .sent ? "" : row.lastError.map { ": \(Shown.code($0))" } ?? ""
        return
            "\(clocks.time(row.settledAt ?? row.message.createdAt)) \(id: row.message.channel), \(row.message.event.rawValue): \(state)\(why)"
    }

    private var next: HTML {
        var steps: [HTML] =
            isOpen ? (incident.nextSteps + Suggestion.lines(of: incident)).map { "\(Shown.code($0))" } : []
        if let playbook = incident.playbook {
            steps.append("The playbook: \(Page.command("mozaiks-ops playbooks show \(playbook)"))")
        }
        steps.append("The same in a terminal: \(Page.command("mozaiks-ops incidents show \(detail.shortID)"))")
        return "<section aria-labelledby=\"next-h\"><h2 id=\"next-h\">What to do</h2>\(Page.list(steps))</section>"
    }

    private var tenants: HTML {
        let texts = detail.tenantTexts(clocks.zone, now: clocks.now)
        guard !texts.isEmpty else { return "" }
        return
            "<section aria-labelledby=\"tenants-h\"><h2 id=\"tenants-h\">To paste to \(texts.count == 1 ? "the tenant" : "each tenant")</h2>\(texts.map { "<p>\(Page.command($0))</p>" as HTML }.joined())</section>"
    }

    /// The built-in playbook of that name; one of the operator's own is named under what to do.
    private var playbook: HTML {
        guard let id = incident.playbook, let found = PlaybookSet.builtIn.playbooks.first(where: { $0.id.utf8.elementsEqual(id.utf8) })
        else { return "" }
        let parts = found.sections.map { section -> HTML in
            "<h3>\(section.part.heading)</h3>\(PlaybookBlock.blocks(section.text).map(block).joined())"
        }
        return """
            <section aria-labelledby="playbook-h"><h2 id="playbook-h">Playbook</h2><details id="playbook"><summary>\(found.title), as it is built in</summary>
            \(parts.joined())</details></section>
            """
    }

    private func block(_ block: PlaybookBlock) -> HTML {
        switch block {
        case .paragraph(let text): "<p>\(spans(text))</p>"
        case .item(let mark, let text): "<p>\(mark == "-" ? "•" : mark) \(spans(text))</p>"
        case .code(let lines): "<pre tabindex=\"0\">\(lines.joined(separator: "\n"))</pre>"
        }
    }

    private func spans(_ text: String) -> HTML {
        PlaybookBlock.spans(text).map { span -> HTML in
            switch span {
            case .words(let words): "\(words)"
            case .strong(let words): "<strong>\(words)</strong>"
            case .code(let words): "<code>\(words)</code>"
            }
        }.joined()
    }

    private var advice: HTML {
        guard let advice = incident.advice else { return "" }
        return """
            <section class="card" aria-labelledby="advice-h"><h2 id="advice-h">What a model makes of it</h2><p>\(Shown.prose(advice.summary))</p>
            <p>Likely cause: \(Shown.prose(advice.likelyCause))</p>\(Page.list(advice.steps.map { "\(Shown.prose($0))" }))
            <p class="faint">Written by \(id: advice.by), not checked by a person. It says that it is \(Int((advice.confidence * 100).rounded())) % sure.</p></section>
            """
    }
}
