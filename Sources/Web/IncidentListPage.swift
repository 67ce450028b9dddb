import Journal
import Model
import Views

/// Which incidents a list shows, as its address says.
struct IncidentListing {
    enum Show: String, CaseIterable {
        case open, unacknowledged, acknowledged, resolved, all

        var words: String {
            switch self {
            case .open: "open"
            case .unacknowledged: "that nobody has acknowledged"
            case .acknowledged: "acknowledged"
            case .resolved: "resolved"
            case .all: "all"
            }
        }

        var statuses: Set<Incident.Status> {
            switch self {
            case .open: [.open, .acknowledged]
            case .unacknowledged: [.open]
            case .acknowledged: [.acknowledged]
            case .resolved: [.resolved]
            case .all: []
            }
        }
    }

    var show = Show.open
    var severity: Severity?
    var rule: String?
    var runtime: String?
    var app: String?
    var cursor: String?

    init(_ query: inout Query) throws(Problem) {
        let shows = try query.words("show", Show.self)
        let severities = try query.words("severity", Severity.self)
        guard shows.count <= 1, severities.count <= 1 else { throw .badRequest("'show' and 'severity' are one word each here") }
        show = shows.first ?? .open
        severity = severities.first
        rule = try query.one("rule")
        runtime = try query.one("runtime")
        app = try query.one("app")
        cursor = try query.one("cursor")
    }

    /// Those of a rule on a runtime that are open.
    init(rule: String, runtime: String) {
        self.rule = rule
        self.runtime = runtime
    }

    /// All of an app.
    init(app: String) {
        show = .all
        self.app = app
    }

    func filter() throws(Problem) -> IncidentFilter {
        var filter = IncidentFilter(
            statuses: show.statuses, severities: Set(severity.map { [$0] } ?? []), rule: rule, app: app.map { AppID($0) }, runtime: runtime)
        if let cursor { filter.after = try API.place(cursor) }
        return filter
    }

    /// Its address.
    var link: String {
        let pairs: [(name: String, value: String?)] = [
            ("show", show == .open ? nil : show.rawValue), ("severity", severity?.rawValue), ("rule", rule), ("runtime", runtime),
            ("app", app), ("cursor", cursor),
        ]
        let said = pairs.compactMap { pair in pair.value.map { "\(pair.name)=\(PercentEncoding.encode($0.utf8))" } }
        return Page.incidentList + (said.isEmpty ? "" : "?" + said.joined(separator: "&"))
    }

    /// The same from its beginning, with something else.
    func with(_ change: (inout IncidentListing) -> Void) -> String {
        var other = self
        other.cursor = nil
        change(&other)
        return other.link
    }
}

extension Page {
    private static let mostOnPage = 50
    fileprivate static let mostGroups = 30

    /// Incidents, newest first, by page: for all that the first page has no room for.
    static func list(_ listing: IncidentListing, _ asked: CommandOutcome?, _ reading: Reading) throws -> HTML {
        let filter = try listing.filter()
        let (list, next) = try API.page(filter, mostOnPage, reading)
        let strangers = list.incidents.isEmpty && listing.cursor == nil ? try reading.strangers(in: filter) : []
        let open = try IncidentList(reading.journal, IncidentFilter(statuses: [.open, .acknowledged], limit: 10_000)).incidents
        let here = IncidentListPage(
            listing: listing, list: list, next: next, open: open, strangers: strangers, clocks: reading.clocks,
            forms: Forms(reading.visitor, then: listing.link))
        let worst = open.filter { $0.acknowledged == nil }.map(\.severity).max()
        let body: HTML = "\(notice(asked, reading.clocks))<h1>Incidents</h1>\(here.html)"
        return frame(
            title: "Incidents · mozaiks-ops", worst.map(Tone.of) ?? .good, head: "\(home) <span>incidents</span> \(reading.clocks.asOf)",
            body, for: reading.visitor, then: listing.link, isSoon: asked != nil && asked?.isDone == nil)
    }
}

private struct IncidentListPage {
    let listing: IncidentListing
    let list: IncidentList
    let next: String?
    /// All that are open, whatever is listed.
    let open: [Incident]
    /// What was asked for and names nothing that there is.
    let strangers: [KnownNames.Stranger]
    let clocks: Clocks
    let forms: Forms

    var html: HTML {
        let unseen = open.count { $0.acknowledged == nil }
        let notes = open.count { $0.severity == .info }
        let noted = notes == 0 ? "" : " (\(notes) note\(notes == 1 ? "" : "s"))"
        // What somebody looks into stands below what nobody does, page by page.
        let shown = list.incidents.filter { $0.acknowledged == nil } + list.incidents.filter { $0.acknowledged != nil }
        let cards = (listing.show == .open ? shown : list.incidents).map(card)
        let further: HTML =
            next.map { next in
                "<p><a rel=\"next\" href=\"\(listing.with { $0.cursor = next })\">Older ones</a></p>"
            } ?? ""
        let back: HTML = HTML.when(listing.cursor != nil, "<p><a href=\"\(listing.with { _ in })\">The newest</a></p>")
        return """
            <p class="lead">\(open.count) open\(noted), \(unseen) of them acknowledged by nobody.</p>
            \(filters)\(groups)\(quiet)
            <section id="open" aria-labelledby="list-h"><h2 id="list-h">Newest first: \(listing.show.words)</h2>\(back)
            \(unknown)\(cards.isEmpty ? "<p class=\"none\">none</p>" : cards.joined())\(damaged)\(further)</section>
            """
    }

    /// Of what stands in the list, where it is one rule's on one runtime.
    private var quiet: HTML {
        guard let rule = listing.rule, let runtime = listing.runtime, strangers.isEmpty else { return "" }
        return forms.silence(rule: rule, runtime: runtime)
    }

    /// None are listed, and why: nothing is called so.
    private var unknown: HTML {
        strangers.map { stranger -> HTML in
            """
            <p class="notice" role="status"><span aria-hidden="true">⚠</span> \(stranger.message.prefix(1).uppercased() + stranger.message.dropFirst()); \
            \(stranger.hint)</p>
            """
        }.joined()
    }

    private var damaged: HTML {
        HTML.when(!list.damaged.isEmpty, "<p class=\"bad\">\(list.damaged.count) of this page cannot be read.</p>")
    }

    private var filters: HTML {
        func links(_ name: String, _ choices: [(words: String, place: String, isChosen: Bool)]) -> HTML {
            let items = choices.map { choice -> HTML in
                "<a href=\"\(choice.place)\"\(HTML.when(choice.isChosen, " aria-current=\"true\""))>\(choice.words)</a>"
            }
            return "<nav class=\"range\" aria-label=\"\(name)\">\(items.joined())</nav>"
        }
        var shows: [(words: String, place: String, isChosen: Bool)] = []
        for show in IncidentListing.Show.allCases {
            shows.append((show.words, listing.with { $0.show = show }, show == listing.show))
        }
        var severities: [(words: String, place: String, isChosen: Bool)] = []
        severities.append(("any weight", listing.with { $0.severity = nil }, listing.severity == nil))
        for severity in Severity.allCases.reversed() {
            severities.append((severity.rawValue, listing.with { $0.severity = severity }, severity == listing.severity))
        }
        // What is chosen otherwise, and how to be rid of it.
        var chosen: [HTML] = []
        if let rule = listing.rule { chosen.append("rule \(id: rule) <a href=\"\(listing.with { $0.rule = nil })\">any rule</a>") }
        if let runtime = listing.runtime {
            chosen.append("runtime \(id: runtime) <a href=\"\(listing.with { $0.runtime = nil })\">any runtime</a>")
        }
        if let app = listing.app { chosen.append("app \(id: app) <a href=\"\(listing.with { $0.app = nil })\">any app</a>") }
        return links("Which incidents", shows) + links("Of which weight", severities) + Page.list(chosen)
    }

    /// Of the open ones how many each rule has, where one has several.
    private var groups: HTML {
        guard listing.rule == nil, listing.cursor == nil else { return "" }
        var counts: [(rule: String, runtime: String, count: Int, unseen: Int)] = []
        for incident in open {
            let unseen = incident.acknowledged == nil ? 1 : 0
            if let place = counts.firstIndex(where: { $0.rule.isSame(as: incident.rule) && $0.runtime.isSame(as: incident.subject.runtime) }
            ) {
                counts[place].count += 1
                counts[place].unseen += unseen
            } else {
                counts.append((incident.rule, incident.subject.runtime, 1, unseen))
            }
        }
        guard counts.contains(where: { $0.count > 1 }) else { return "" }
        counts.sort { a, b in a.count != b.count ? a.count > b.count : a.rule.precedes(b.rule) }
        let lines = counts.prefix(Page.mostGroups).map { group -> HTML in
            let place = IncidentListing(rule: group.rule, runtime: group.runtime).link
            return
                "<a href=\"\(place)\">\(id: group.rule)</a> on \(id: group.runtime): \(group.count), \(group.unseen) acknowledged by nobody"
        }
        return """
            <section aria-labelledby="groups-h"><h2 id="groups-h">Open, by rule</h2>\(Page.list(Array(lines)))\
            \(HTML.when(counts.count > lines.count, "<p>and \(counts.count - lines.count) more rules</p>"))</section>
            """
    }

    private func card(_ incident: Incident) -> HTML {
        let place = Page.incidents + Page.pathSafe(incident.id)
        let short = ShortNames.shown(incident.id, list.shortIDs)
        let end: HTML
        if let resolved = incident.resolvedAt {
            end = "<p>Resolved \(clocks.since(resolved))\(incident.lastedWords)</p>"
        } else if let seen = incident.acknowledged {
            let comment = seen.comment.isEmpty ? "" : ": \(Shown.line(seen.comment))"
            end = "<p>Acknowledged by \(id: seen.by), \(clocks.since(seen.at))\(comment)</p>"
        } else {
            end = forms.acknowledge(incident, short, isBrief: true)
        }
        return """
            <article class="card \(HTML.own(Page.Tone.of(incident.severity).name))">
            <h3>\(Page.chip(incident.severity)) <a href="\(place)">\(id: incident.rule)</a> <span class="faint">\(short)</span></h3>
            <p>\(Page.subject(incident.subject)), since \(clocks.since(incident))</p>
            <p>\(clocks.readable(incident.summary))</p>\(end)</article>
            """
    }
}
