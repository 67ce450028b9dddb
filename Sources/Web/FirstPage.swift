import Cycle
import Guard
import Journal
import Model
import Signals
import Views

extension Page {
    /// Beyond these a list says how many more there are.
    fileprivate static let mostShown = 20
    fileprivate static let mostRuntimesShown = 40
    fileprivate static let mostBegun = 5
    /// Incidents whose condition is looked at anew for a page.
    private static let mostJudged = 5

    /// The page that says within ten seconds whether anything is wrong, where, since when, what is being done and what waits.
    /// - Parameter asked: what the reader just asked for.
    static func first(_ asked: CommandOutcome?, _ frame: Timeframe, _ reading: Reading) throws -> HTML {
        let overview = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now)
        let resolved = try IncidentList(reading.journal, IncidentFilter(statuses: [.resolved], limit: 5))
        // Of what waits for a yes: how it stands by now.
        let due = overview.open.filter { incident in overview.approvals.contains { $0.incident.isSame(as: incident.id) } }
        return FirstPage(
            overview: overview, resolved: resolved, charts: ChartSection(overview, frame, reading), clocks: reading.clocks,
            asked: asked, forms: Forms(reading.visitor, then: frame.link), present: reading.present(Array(due.prefix(mostJudged)))
        ).html
    }
}

struct FirstPage {
    let overview: Overview
    let resolved: IncidentList
    let charts: ChartSection
    let clocks: Clocks
    let asked: CommandOutcome?
    let forms: Forms
    /// By incident, of those for which something waits: how its condition stands now.
    let present: [String: PresentCondition]

    var html: HTML {
        let verdict = overview.verdict
        let tone = verdict.state == .ok && (deaf != nil || isSoFar) ? Page.Tone.doubtful : Page.Tone.of(verdict.state)
        let environment = overview.sights.first?.environment
        let mode = overview.mode
        let head: HTML = """
            <strong>mozaiks-ops</strong> <a href="/rules">Rules</a> <span>\(environment.map { "\(id: $0)" as HTML } ?? "")</span> \
            <span>\(mode.map { "mode \($0.rawValue)" as HTML } ?? "")</span> \(clocks.asOf)
            """
        let body: HTML = """
            \(Page.notice(asked, clocks))
            \(banner(verdict, tone))
            \(waiting)
            <div class="columns"><div>
            \(incidents)
            \(begun)
            \(actions)
            \(charts.html)
            </div><div>
            \(runtimes)
            \(silences)
            \(channels)
            \(past)
            \(notes)
            </div></div>
            """
        return Page.frame(
            title: "\(verdict.word)\(deaf.map { ", \($0)" } ?? "") · \(environment.map(Shown.id) ?? "mozaiks-ops")", tone, head: head, body,
            for: forms.visitor, then: forms.then, isSoon: asked?.isDone == nil && asked != nil)
    }

    // MARK: - What waits

    var waiting: HTML {
        guard !overview.approvals.isEmpty || !overview.waiting.isEmpty else { return "" }
        let cards = overview.approvals.prefix(Page.mostShown).map { approval -> HTML in
            let stands: HTML =
                overview.open.first { $0.id.isSame(as: approval.incident) }.map {
                    "<p>What it is for: \(Page.standing($0, present[$0.id], clocks))</p>"
                } ?? ""
            return """
                <article class="card ask"><h3>\(approval.effect.description) for \(id: approval.key.app.text), \(approval.ttl.description)?</h3>
                <p>\(clocks.readable(approval.reason.text))</p>\(stands)
                <p class="faint">The offer ends \(clocks.time(approval.expiresAt)); for <a href="\(link(approval.incident))">\(short(approval.incident))</a></p>
                \(forms.answer(approval, overview, clocks))</article>
                """
        }
        let more = overview.approvals.count - cards.count
        let commands =
            overview.waiting.isEmpty
            ? "" as HTML
            : "<p>\(overview.waiting.count) command\(overview.waiting.count == 1 ? "" : "s") that no engine has taken yet.</p>"
        // What only the daemon has to take waits for nobody who reads this.
        let title: HTML = overview.approvals.isEmpty ? "Asked for" : "Waits for you"
        return """
            <section id="waiting" aria-labelledby="waiting-h"><h2 id="waiting-h">\(title)</h2>\(cards.joined())\
            \(HTML.when(more > 0, "<p>and \(more) more: \(Page.command("mozaiks-ops actions approvals"))</p>"))\(commands)\(HTML.when(forms.visitor.session == nil && !overview.approvals.isEmpty, "<p>\(forms.signIn(to: "waiting"))</p>"))</section>
            """
    }

    // MARK: - Incidents

    private var incidents: HTML {
        let open = overview.open
        guard !open.isEmpty else {
            return
                "<section id=\"open\" aria-labelledby=\"open-h\"><h2 id=\"open-h\">Open incidents</h2><p class=\"none\">none</p></section>"
        }
        let groups = OpenGroups(open).groups
        let more = groups.dropFirst(Page.mostShown).reduce(0) { $0 + $1.incidents.count }
        let notes = open.count { $0.severity == .info }
        let real = open.count - notes
        let counts: [HTML] = [
            real > 0 ? "<span class=\"count\">\(real)</span>" : "",
            notes > 0
                ? "\(real > 0 ? " " : "")<span class=\"faint\">\(real > 0 ? "and " : "")\(notes) note\(notes == 1 ? "" : "s")</span>" : "",
        ]
        return """
            <section id="open" aria-labelledby="open-h"><h2 id="open-h">Open incidents \(counts.joined())</h2>
            \(groups.prefix(Page.mostShown).map(card).joined())
            <p><a href="\(Page.incidentList)">\(more > 0 ? "and \(more) more" : "All incidents, by page")</a></p></section>
            """
    }

    /// What may become an incident.
    private var begun: HTML {
        let all = overview.begun
        guard !all.isEmpty else { return "" }
        let groups = Begun.groups(all)
        let items = groups.prefix(Page.mostBegun).map { group -> HTML in
            let outlook = group.outlook(at: overview.now, clocks.words) + (group.first.severity == .info ? ", as a note" : "")
            let name: HTML = group.all.count == 1 ? "\(id: group.first.rule) on \(group.first.subject.description)" : "\(group.name)"
            return "\(name), since \(clocks.since(group.since)): \(outlook)"
        }
        func count(_ groups: ArraySlice<Begun.Group>) -> Int { groups.reduce(0) { $0 + $1.all.count } }
        let more = count(groups.dropFirst(Page.mostBegun))
        let named = groups.prefix(3).map(\.name).joined(separator: ", ")
        let unnamed = count(groups.dropFirst(3))
        return """
            <section aria-labelledby="begun-h"><h2 id="begun-h">Has begun <span class="count">\(all.count)</span></h2>
            <details id="begun"><summary>\(named)\(unnamed > 0 ? " and \(unnamed) more" : ""): nobody is told yet</summary>
            <p class="faint">True, and not yet for long enough to tell anybody: the <a href="\(Page.rules)">rules</a> say how long that is.</p>
            \(Page.list(Array(items)))\(HTML.when(more > 0, "<p>and \(more) more</p>"))</details></section>
            """
    }

    /// What a group is about, as a link to it.
    func named(_ group: OpenGroups.Group) -> HTML {
        let incident = group.first
        guard !group.isOne else { return "<a href=\"\(link(incident))\">\(id: incident.rule)</a> on \(incident.subject.description)" }
        let place = IncidentListing(rule: incident.rule, runtime: incident.subject.runtime).link
        return "<a href=\"\(place)\">\(id: incident.rule)</a> on \(group.subjects)"
    }

    private func card(_ group: OpenGroups.Group) -> HTML {
        guard !group.isOne else { return card(group.first) }
        let seen = group.isAcknowledged ? "all of them acknowledged" : "acknowledged by nobody: each is on the page of these"
        return """
            <article class="card \(HTML.own(Page.Tone.of(group.severity).name))">
            <h3>\(Page.chip(group.severity)) \(named(group))</h3>
            <p>since \(clocks.since(group.since)), \(seen)</p><p>\(clocks.readable(group.first.summary))</p></article>
            """
    }

    private func card(_ incident: Incident) -> HTML {
        let returned = incident.returned(clocks.words).map { ", \($0)" } ?? ""
        let lines = overview.handling(of: incident, clocks.words)
        let seen: HTML =
            incident.acknowledged.map {
                "<p>Acknowledged by \(id: $0.by), \(clocks.since($0.at))\($0.comment.isEmpty ? "" : ": \(Shown.line($0.comment))")</p>"
            }
            ?? forms.acknowledge(incident, short(incident.id), isBrief: true)
        return """
            <article class="card \(HTML.own(Page.Tone.of(incident.severity).name))">
            <h3>\(Page.chip(incident.severity)) <a href="\(link(incident))">\(id: incident.rule)</a> <span class="faint">\(short(incident.id))</span></h3>
            <p>\(Page.subject(incident.subject)), since \(clocks.since(incident))\(returned)</p>
            <p>\(clocks.readable(incident.summary))</p>\(clocks.ending(incident, overview).map { "<p>\($0)</p>" as HTML } ?? "")
            \(lines.isEmpty ? "<p class=\"faint\">Nothing is done about it by itself.</p>" : Page.list(lines.map { "\(clocks.readable($0))" }, class: "done"))
            \(seen)</article>
            """
    }

    func link(_ incident: Incident) -> String { link(incident.id) }
    func link(_ id: String) -> String { Page.incidents + Page.pathSafe(id) }
    private func short(_ id: String) -> String { ShortNames.shown(id, overview.shortIDs) }

    var actions: HTML {
        let leases = overview.leases
        let items = leases.prefix(Page.mostShown).map { lease -> HTML in
            let asked = lease.holders.map { "<a href=\"\(link($0.incident))\">\(short($0.incident))</a>" as HTML }
            return """
                <article class="card"><h3>\(Overview.words(lease, overview.leaseSights[lease.id], clocks.words))</h3>\(Page.remark(lease, overview, clocks))
                <p class="faint">on \(id: lease.key.runtime), since \(clocks.since(lease.createdAt)), asked by \(asked.isEmpty ? "nobody any more" : asked.dropFirst().reduce(asked[0]) { $0 + ", " + $1 })</p>
                \(forms.revert(lease))</article>
                """
        }
        let more = leases.count - items.count
        let place = overview.mode.flatMap { mode in
            overview.modePlace.map { "<p class=\"faint\">Mode \(mode.rawValue): \(Shown.line($0)).</p>" as HTML }
        }
        return """
            <section aria-labelledby="actions-h"><h2 id="actions-h">Actions in force</h2>\(leases.isEmpty ? "<p class=\"none\">none</p>" : items.joined())\
            \(HTML.when(more > 0, "<p>and \(more) more</p>"))\(place ?? "")\(overview.isStopped == false ? forms.stop : "")</section>
            """
    }

    // MARK: - Runtimes

    /// What is watched, a section a kind.
    private var runtimes: HTML {
        guard !overview.sights.isEmpty else {
            return
                "<section aria-labelledby=\"runtimes-h\"><h2 id=\"runtimes-h\">Runtimes</h2><p class=\"none\">none was polled yet</p></section>"
        }
        return WatchedKind.allCases.map(watched).joined()
    }

    private func watched(_ kind: WatchedKind) -> HTML {
        let own = overview.sights.filter { $0.summary.kind == kind }
        guard !own.isEmpty else { return "" }
        // Those that something is wrong with first; of many the rest is folded.
        let sorted = own.enumerated().sorted { a, b in
            let (left, right) = (worst(a.element), worst(b.element))
            return left != right ? left > right : a.offset < b.offset
        }.map(\.element)
        let cards = sorted.map(card)
        let name = kind.rawValue + "s"
        let rest: HTML =
            cards.count > Page.mostRuntimesShown
            ? "<details id=\"more-\(name)\"><summary>and \(cards.count - Page.mostRuntimesShown) more</summary>\(cards.dropFirst(Page.mostRuntimesShown).joined())</details>"
            : ""
        return """
            <section aria-labelledby="\(name)-h"><h2 id="\(name)-h">\(kind.title) <span class="count">\(cards.count)</span></h2>
            \(cards.prefix(Page.mostRuntimesShown).joined())\(rest)</section>
            """
    }

    private func worst(_ sight: RuntimeSight) -> Int {
        sight.summary.replicas.map { replica in
            replica.isHealthy == false || replica.answersForSeveralProcesses
                ? 3
                : !replica.missing.isEmpty ? 2 : replica.unreadableFields > 0 ? 1 : 0
        }.max() ?? 0
    }

    private func card(_ sight: RuntimeSight) -> HTML {
        let replicas = sight.summary.replicas.map { replica -> HTML in
            let parts = ReplicaFigures(replica).parts.map { part -> HTML in
                switch part.tone {
                case .plain: "<span>\(part.text)</span>"
                case .good: "<span class=\"good\"><span aria-hidden=\"true\">✓</span> \(part.text)</span>"
                case .doubtful: "<span class=\"doubtful\"><span aria-hidden=\"true\">▲</span> \(part.text)</span>"
                case .bad: "<span class=\"bad\"><span aria-hidden=\"true\">✖</span> \(part.text)</span>"
                }
            }
            let why = Endpoint.essential.lazy.compactMap { replica.detail[$0] }.first.map(Shown.line)
            let several: HTML =
                replica.answersForSeveralProcesses
                ? "<p class=\"bad\"><span aria-hidden=\"true\">✖</span> answers for several processes: nothing can be counted</p>"
                : ""
            return
                "<div class=\"replica\"><p class=\"faint\">\(id: replica.url)</p><p class=\"figures\">\(parts.joined())</p>\(several)\(why.map { "<p class=\"faint\">\($0)</p>" as HTML } ?? "")</div>"
        }
        let dead = sight.summary.deadCounters.map(\.name).joined(separator: ", ")
        let trouble: HTML =
            (sight.summary.finding?.trouble).map {
                "<p class=\"doubtful\"><span aria-hidden=\"true\">▲</span> Who its replicas are is not sure: \(Shown.line($0))</p>"
            } ?? ""
        return """
            <article class="card"><h3>\(id: sight.summary.runtime) <span class="faint">as of \(clocks.time(sight.polledAt)), polled every \(sight.interval.description)</span></h3>
            \(trouble)\(replicas.joined())\(HTML.when(!dead.isEmpty, "<p class=\"faint\">Counters that never move here: \(dead). What needs them is missing, not 0.</p>"))</article>
            """
    }

    // MARK: - The rest

    private var silences: HTML {
        let items =
            overview.silences.prefix(Page.mostShown).map { silence -> HTML in
                let end: HTML = silence.until.map { "until \(clocks.time($0))" } ?? "until it resolves"
                return
                    "\(silence.match.description), by \(id: silence.by), since \(clocks.time(silence.createdAt)), \(end)\(silence.comment.isEmpty ? "" : ": \(Shown.line(silence.comment))") \(forms.expire(silence.id))"
            } + overview.maintenance.map { "\(Shown.line($0))" }
        return
            "<section aria-labelledby=\"silences-h\"><h2 id=\"silences-h\">Silences</h2>\(items.isEmpty ? "<p class=\"none\">none</p>" : Page.list(items))</section>"
    }

    private var channels: HTML {
        let items = overview.channels.map { channel -> HTML in
            let trouble = overview.troubles.first { $0.channel.isSame(as: channel.channel) }
            let last: HTML = channel.lastSent.map { "last sent \(clocks.age($0))" } ?? "nothing sent yet"
            let pending = channel.pending > 0 ? ", \(channel.pending) waiting" : ""
            let dead = channel.dead > 0 ? ", \(channel.dead) given up" : ""
            let why: HTML =
                trouble.map {
                    " <span class=\"bad\"><span aria-hidden=\"true\">✖</span> does not deliver: \(Shown.code($0.reason))</span>"
                } ?? ""
            return "\(id: channel.channel): \(last)\(pending)\(dead)\(why)"
        }
        return
            "<section aria-labelledby=\"channels-h\"><h2 id=\"channels-h\">Who is told</h2>\(items.isEmpty ? "<p class=\"none\">no channel: nobody is told</p>" : Page.list(items))</section>"
    }

    private var past: HTML {
        let items = resolved.incidents.map { incident -> HTML in
            return """
                <a href="\(link(incident))">\(id: incident.rule)</a> on \(incident.subject.description)\(incident.lastedWords), \
                resolved \(incident.resolvedAt.map { clocks.since($0) } ?? "")
                """
        }
        return
            "<section aria-labelledby=\"past-h\"><h2 id=\"past-h\">Resolved last</h2>\(items.isEmpty ? "<p class=\"none\">none</p>" : Page.list(items))</section>"
    }

    private var notes: HTML {
        overview.notes.isEmpty
            ? "" : "<section><h2>Notes</h2>\(Page.list(overview.notes.map { "\(Shown.line($0))" }))</section>"
    }
}
