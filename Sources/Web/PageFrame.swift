import Collector
import Digest
import Model
import Policy
import Server
import Views

/// What every page has around it: one style, one script of our own, and a policy by which a browser runs and asks nothing else.
enum Page {
    static let incidents = "/incidents/"
    /// All of them, by page.
    static let incidentList = "/incidents"

    /// How a page greets: by colour, by shape and in words, so that no one of them is needed.
    struct Tone {
        let name: StaticString
        let mark: StaticString
        /// For the icon of the tab, without `#`.
        let color: StaticString

        static let good = Tone(name: "good", mark: "✓", color: "0072b2")
        static let info = Tone(name: "info", mark: "i", color: "0072b2")
        static let doubtful = Tone(name: "doubtful", mark: "▲", color: "e69f00")
        static let bad = Tone(name: "bad", mark: "✖", color: "d55e00")
        static let unknown = Tone(name: "unknown", mark: "?", color: "777777")

        static func of(_ severity: Severity) -> Tone {
            switch severity {
            case .info: .info
            case .warning: .doubtful
            case .critical: .bad
            }
        }

        static func of(_ state: StatusVerdict.State) -> Tone {
            switch state {
            case .ok: .good
            case .warning: .doubtful
            case .critical: .bad
            case .unknown: .unknown
            }
        }
    }

    /// A whole document.
    /// - Parameters:
    ///   - then: where to come back to from signing in.
    ///   - isSoon: whether what was asked for is about to show.
    static func frame(
        title: String, _ tone: Tone, head: HTML, _ body: HTML, for visitor: Visitor = .nobody, then: String = "/",
        refreshes: Bool = true, isSoon: Bool = false
    ) -> HTML {
        let refresh: HTML = HTML.when(
            refreshes, "<noscript><meta http-equiv=\"refresh\" content=\"\(isSoon ? 3 : 15)\"></noscript>")
        let script: HTML = "<script>\(HTML.own(PageScript.text))</script>"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
            <title>\(title)</title>
            <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23\(HTML.own(tone.color))'/%3E%3C/svg%3E">
            \(refresh)
            <style>\(HTML.own(PageStyle.text))</style></head>
            <body\(HTML.when(refreshes, " data-live"))><a class="skip" href="#main">To the content</a>
            <header>\(head) \(whoIsHere(visitor, then: then))</header>
            <p id="lost" role="alert" hidden></p>
            <main id="main"\(HTML.when(isSoon, " data-soon"))>
            \(body)
            </main>
            <footer><a href="/">First page</a> · <a href="\(incidentList)">Incidents</a> · <a href="\(rules)">Rules</a> · <a href="\(lab)">Policy lab</a> · Nothing changes by looking. The same as documents: <a href="/api/v1/situation">/api/v1/situation</a> <button type="button" id="show-keys" hidden>Keys</button></footer>
            \(keys)\(script)</body></html>

            """
    }

    /// What the keyboard does, where scripts run; `?` shows it.
    private static let keys: HTML = """
        <dialog id="keys" aria-labelledby="keys-h"><h2 id="keys-h">Keys</h2><dl>
        <div><dt><kbd>?</kbd></dt><dd>this list</dd></div><div><dt><kbd>h</kbd></dt><dd>first page</dd></div>
        <div><dt><kbd>r</kbd></dt><dd>rules</dd></div><div><dt><kbd>l</kbd></dt><dd>policy lab</dd></div>
        <div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous incident; <kbd>Enter</kbd> opens it</dd></div>
        <div><dt><kbd>a</kbd></dt><dd>to the button that acknowledges, or the command</dd></div>
        <div><dt><kbd>w</kbd></dt><dd>to what waits for you</dd></div>
        <div><dt><kbd>1</kbd> <kbd>6</kbd> <kbd>2</kbd> <kbd>7</kbd></dt><dd>charts of 1 hour, 6 hours, 24 hours, 7 days</dd></div>
        <div><dt><kbd>Esc</kbd></dt><dd>closes this</dd></div></dl>
        <p><label class="check"><input type="checkbox" id="keys-on" checked> Single keys do this</label></p>
        <form method="dialog"><button>Close</button></form></dialog>
        """

    /// The answer with a page in it.
    static func response(_ page: HTML, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status,
            headers: Face.guards + [
                ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
                ("Content-Security-Policy", policy),
            ], body: Array(page.text.utf8))
    }

    static let policy: String = {
        func hash(_ text: StaticString) -> String {
            "'sha256-\(Base64.encode(SHA256.digest(Array(text.description.utf8))))'"
        }
        return
            "default-src 'none'; style-src \(hash(PageStyle.text)); script-src \(hash(PageScript.text)) \(hash(PageScript.again)); connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    }()

    /// What went wrong, for people.
    /// - Parameters:
    ///   - path: what was asked for, or of a form the page that it stood on.
    ///   - isForm: whether there is a page to go back to.
    static func problem(_ problem: Problem, then path: String, isForm: Bool = false) -> ServerResponse {
        // Where signing in would help, the form for it stands right there.
        let back = place(path)
        let isInPlace = !isForm && takesSignIn(String(path.prefix { $0 != "?" }))
        let form: HTML = HTML.when(problem.status == 401, signInForm(then: back, isInPlace: isInPlace))
        let way: HTML = "\(HTML.when(isForm && back != "/", "<a href=\"\(back)\">Back</a> · "))<a href=\"/\">To the first page</a>"
        let body: HTML = """
            <section class="banner unknown"><h1><span class="mark" aria-hidden="true">?</span> \(problem.title)</h1>
            <p class="lead">\(problem.plainly ?? problem.detail)</p><p>\(way)</p></section>
            \(form)
            """
        var answer = response(
            frame(
                title: "\(problem.title) · mozaiks-ops", .unknown, head: "<strong>mozaiks-ops</strong>", body,
                refreshes: false), status: problem.status)
        answer.headers += problem.headers
        return answer
    }

    // MARK: - Parts of pages

    /// Something to paste into a shell.
    static func command(_ text: String) -> HTML { "<code class=\"cmd\" tabindex=\"0\">\(text)</code>" }

    /// Of a lease: whether anything was seen to hold its app to it, where that is to be said.
    static func remark(_ lease: Lease, _ overview: Overview, _ clocks: Clocks) -> HTML {
        overview.leaseSights[lease.id]?.remark(lease.key.app).map { "<p>\(clocks.readable($0))</p>" } ?? ""
    }

    static func chip(_ severity: Severity) -> HTML {
        let tone = Tone.of(severity)
        return
            "<span class=\"chip \(HTML.own(tone.name))\"><span aria-hidden=\"true\">\(HTML.own(tone.mark))</span> \(severity.rawValue)</span>"
    }

    static func list(_ items: [HTML], class name: StaticString = "") -> HTML {
        items.isEmpty ? "" : "<ul class=\"\(HTML.own(name))\">\(items.map { "<li>\($0)</li>" as HTML }.joined())</ul>"
    }

    /// What an incident is about, as a link where there is a page of it.
    static func subject(_ subject: Subject) -> HTML {
        let flow: HTML = subject.workflow.map { "workflow \(id: $0.text) of " } ?? ""
        return subject.app.map { "\(flow)app \(appLink($0)) on \(id: subject.runtime)" } ?? "\(subject.description)"
    }

    /// Bytes of a condition that stands unfolded: a phone shows more than one then.
    private static let longest = 160

    static func isLong(_ condition: String) -> Bool { condition.utf8.count > longest }

    /// A long condition behind a line.
    /// - Parameter id: of the document.
    static func folded(_ summary: StaticString, _ condition: String, _ id: String) -> HTML {
        "<details id=\"\(id)\"><summary>\(HTML.own(summary))</summary><p><code>\(condition)</code></p></details>"
    }

    /// How an open incident's condition stands, with values and their time: by the newest evidence, else by what decided last.
    static func standing(_ incident: Incident, _ present: PresentCondition?, _ clocks: Clocks) -> HTML {
        if let present {
            // What is so stands out, and not why it is not known.
            let said = clocks.readable(present.briefly(clocks.words))
            let end = said.firstIndex(ofBytes: ": ") ?? said.endIndex
            let (state, why) = (String(said[..<end]), String(said[end...]))
            let values = values(present.withValues, present.readings)
            return
                "<strong>\(state)</strong>\(why), by values of \(clocks.since(present.at)): \(HTML.when(present.isWhile, "goes on while "))<code>\(values)</code>"
        }
        guard let last = incident.transitions.last else { return "not known" }
        return "not known; as of \(clocks.since(last.at)) it was <code>\(values(last.condition, last.readings))</code>"
    }

    /// A condition with its values; of a long one what it compares and has a value, each once.
    private static func values(_ condition: String, _ readings: [ComparedReading]) -> String {
        let text = Shown.code(condition)
        guard isLong(text), !readings.isEmpty else { return text }
        let known = readings.compactMap { reading in reading.known.map { "\(reading.series) \($0)" } }
        let missing = readings.count - known.count
        let words = known + (missing > 0 ? ["and \(missing) missing"] : [])
        return Shown.code(words.joined(separator: ", "))
    }

    static func facts(_ facts: [(name: String, value: HTML)]) -> HTML {
        "<dl>\(facts.map { "<div><dt>\($0.name)</dt><dd>\($0.value)</dd></div>" as HTML }.joined())</dl>"
    }
}

/// Moments as a reader's clocks show them.
struct Clocks {
    let zone: Zone
    let now: Timestamp

    /// `10:03:20`; of another day `2026-11-21 10:03:20`. By whose clocks is said once, at the top.
    func words(_ moment: Timestamp) -> String {
        let day = zone.day(moment)
        return (day == zone.day(now) ? "" : day + " ") + zone.clock(moment)
    }

    /// `as of 10:03:20 UTC`
    var asOf: HTML { "<span class=\"asof\">as of \(time(now)) \(zone.mark(now))</span>" }

    func time(_ moment: Timestamp) -> HTML { "<time datetime=\"\(moment.description)\">\(words(moment))</time>" }

    /// `10:03:20 (5m ago)`
    func since(_ moment: Timestamp) -> HTML { "\(time(moment)) (\(age(moment)))" }

    /// Of an incident whose condition is false, and that is not over yet; nil where it is true, or not known.
    func ending(_ incident: Incident, _ overview: Overview) -> HTML? {
        incident.quietSince.map { "its condition has not been true since \(since($0)); \(overview.end(of: incident, words))" }
    }

    /// Since when an incident is so, and when in between it was not.
    func since(_ incident: Incident) -> HTML {
        "\(since(incident.since))\(incident.interrupted(words).map { ", \($0)" } ?? "")"
    }

    func age(_ moment: Timestamp) -> String {
        let age = max(now - moment, .zero)
        return age < .seconds(1) ? "just now" : "\(age.brief) ago"
    }

    /// A sentence with its moments by the same clocks.
    func readable(_ text: String) -> String { Shown.code(text.replacingMoments(by: words)) }
}
