import Model
import Server
import Views

extension Page {
    static let signIn = "/sign-in"
    static let signOut = "/sign-out"
    /// What forms are sent to stands below it.
    static let orders = "/do/"
    /// Of a place to come back to: an app's id, percent-encoded, and no more than an address may hold.
    private static let mostPlace = 2_000
    private static let mostPart = 20

    /// A place on this address that somebody may be sent to after a form; the first page for every other.
    static func place(_ text: String?) -> String {
        guard let text, text.utf8.count <= mostPlace else { return "/" }
        // A part of it, by its id: where a message's link leads.
        if let mark = text.utf8.firstIndex(of: UInt8(ascii: "#")) {
            let part = text.utf8[mark...].dropFirst()
            let whole = place(String(text[..<mark]))
            let isPart = (1...mostPart).contains(part.count) && part.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") }
            return isPart && (whole != "/" || text.utf8.starts(with: "/#".utf8))
                ? "\(whole)#\(String(text[text.utf8.index(after: mark)...]))" : whole
        }
        let pages: [String] = [rules, lab, incidentList]
        if pages.contains(where: { $0.isSame(as: text) }) { return text }
        // A list with its filters, and the first page with the time that its charts show.
        let asking = [incidentList + "?", "/?range=", "/?from="]
        if let found = asking.first(where: { text.utf8.starts(with: $0.utf8) }),
            isPlain(text.utf8.dropFirst(found.utf8.count), besides: "=&")
        {
            return text
        }
        guard let folder = [incidents, apps].first(where: { text.utf8.starts(with: $0.utf8) }) else { return "/" }
        let id = text.utf8.dropFirst(folder.utf8.count)
        return isPlain(id) && !id.isEmpty ? text : "/"
    }

    /// What a link of ours may hold behind its beginning.
    private static func isPlain(_ bytes: some Sequence<UInt8>, besides more: String = "") -> Bool {
        bytes.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_.~%".utf8.contains(byte) || more.utf8.contains(byte)
        }
    }

    /// A path of a page as it may stand in a link of ours; nil for every other.
    static func known(_ path: String) -> String? {
        path == "/" ? path : place(path).isSame(as: path) ? path : nil
    }

    /// Who reads, and the way in or out.
    static func whoIsHere(_ visitor: Visitor, then: String) -> HTML {
        guard let session = visitor.session else {
            let ended: HTML =
                visitor.ended.map {
                    "<strong class=\"bad\" role=\"alert\"><span aria-hidden=\"true\">✖</span> \($0.prefix(1).uppercased() + $0.dropFirst())</strong> "
                } ?? ""
            return "\(ended)<a class=\"who\" href=\"\(signIn)?then=\(PercentEncoding.encode(then.utf8))\">Sign in</a>"
        }
        guard visitor.hasSignedIn else {
            return "<span class=\"who\">\(id: visitor.name ?? ""), \(visitor.role.rawValue)</span>"
        }
        let who: HTML = visitor.name.map { "\(id: $0), \(visitor.role.rawValue)" } ?? "reads only"
        return """
            <form class="who" method="post" action="\(signOut)"><input type="hidden" name="form" value="\(session.form)">\
            <span>\(who)</span> <button>Sign out</button></form>
            """
    }

    /// Whether a form for signing in stands in the place of the page at a path, for whoever may not read it.
    static func takesSignIn(_ path: String) -> Bool { known(path) != nil && path != lab }

    /// - Parameter isInPlace: whether it stands where a page would.
    static func signIn(then: String, _ visitor: Visitor, wrong: String? = nil, isInPlace: Bool = false) -> HTML {
        let said: HTML = wrong.map { "<p class=\"bad\" role=\"alert\"><span aria-hidden=\"true\">✖</span> \($0)</p>" } ?? ""
        let here: HTML = HTML.when(
            visitor.session != nil, "<p>You are signed in already. <a href=\"\(then)\">Back</a></p>")
        let body: HTML = """
            <section class="banner info" aria-labelledby="in-h"><h1 id="in-h">Sign in</h1>
            <p class="lead">To acknowledge, silence, approve or deny. For reading alone see who may at this address.</p>\(said)\(here)</section>
            \(signInForm(then: then, isInPlace: isInPlace))
            <p class="faint">Who runs the monitor makes tokens: \(command("mozaiks-ops token create NAME --role approver"))</p>
            <p class="faint">A viewer reads; an operator also acknowledges, silences, marks, reverts, stops and resumes; an approver also says yes or no to actions.</p>
            """
        return frame(
            title: "Sign in · mozaiks-ops", .info, head: "<a href=\"/\"><strong>mozaiks-ops</strong></a>", body,
            for: visitor, then: then, refreshes: false)
    }

    /// - Parameter isInPlace: sent to the address that it stands at, a browser takes the part of the page that a link named along
    ///   to where the answer leads, also without scripts; no server ever hears of it.
    static func signInForm(then: String, isInPlace: Bool) -> HTML {
        """
        <form class="card sign" method="post"\(HTML.when(!isInPlace, " action=\"\(signIn)\""))><input type="hidden" name="then" value="\(then)">
        <input class="away" type="text" name="name" value="mozaiks-ops" autocomplete="username" tabindex="-1" aria-hidden="true">
        <label for="token">Token</label> <input id="token" type="password" name="token" autocomplete="current-password" \
        autocapitalize="off" spellcheck="false" required maxlength="200">
        <button class="yes">Sign in</button></form>
        """
    }

    /// A browser that follows a link from another site sends no cookie of ours along. This has it ask once more, from here.
    static func onceMore(_ path: String) -> ServerResponse {
        let place = "\(path)?here=1"
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>mozaiks-ops</title><noscript><meta http-equiv="refresh" content="0;url=\(place)"></noscript></head>
            <body><h1>mozaiks-ops</h1><p><a href="\(place)">Go on</a></p><script>\(HTML.own(PageScript.again))</script></body></html>

            """
        return response(page)
    }

    /// What came of what somebody asked for, with who and when: whoever opens a link is not always who pressed.
    static func notice(_ asked: CommandOutcome?, _ clocks: Clocks) -> HTML {
        guard let asked else { return "" }
        let what = asked.row.kind.replacing(bytesOf: "_", with: " ")
        let by: HTML = "<span class=\"faint\">asked by \(id: asked.row.actor), \(clocks.since(asked.row.at))</span>"
        let warnings = asked.warnings.map {
            "<p class=\"notice\" role=\"status\"><span aria-hidden=\"true\">⚠</span> \($0)</p>" as HTML
        }
        return "\(outcome(asked, what, by, clocks))\(warnings.joined())"
    }

    /// What the guard said after a yes: that alone is what came of it.
    private static func came(of decision: ActionDecision, _ by: HTML, _ clocks: Clocks) -> HTML {
        if case .refused = decision.verdict {
            return
                "<p class=\"notice bad\" role=\"alert\"><span aria-hidden=\"true\">✖</span> Approved, but \(clocks.readable(decision.sentence)) \(by)</p>"
        }
        return
            "<p class=\"notice good\" role=\"status\"><span aria-hidden=\"true\">✓</span> Approved, and \(clocks.readable(decision.sentence)) \(by)</p>"
    }

    private static func outcome(_ asked: CommandOutcome, _ what: String, _ by: HTML, _ clocks: Clocks) -> HTML {
        if let decision = asked.decision { return came(of: decision, by, clocks) }
        return switch asked.isDone {
        case nil:
            "<p class=\"notice\" role=\"status\"><span aria-hidden=\"true\">…</span> Asked for (\(what)): the engine takes it at its next poll. \(by)</p>"
        case true?:
            "<p class=\"notice good\" role=\"status\"><span aria-hidden=\"true\">✓</span> \(clocks.readable(asked.row.result ?? "")) \(by)</p>"
        case false?:
            "<p class=\"notice bad\" role=\"alert\"><span aria-hidden=\"true\">✖</span> Not done: \(clocks.readable(asked.row.result ?? "")) \(by)</p>"
        }
    }
}
