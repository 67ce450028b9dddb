import Cycle
import Digest
import Journal
import Model
import Policy
import Server
import Views

/// Trying policies.
extension Face {
    func labPage(_ request: ServerRequest) throws -> ServerResponse {
        var query = try Query(request)
        let visitor = try keeper.visitor(request)
        let id = try query.one("trial")
        let chosen = try ZoneChoice.asked(&query, environment)
        try query.finish()
        let zone = chosen ?? ZoneChoice.kept(request, environment) ?? surroundings.withLock { $0.telling.zone }
        let clocks = Clocks(zone: zone, now: clock.now())
        let trial = id.flatMap { lab.trial($0, now: clock.monotonicNanoseconds()) }
        guard id == nil || trial != nil else {
            throw Problem.notFound("that trial is over, or of before a restart: results are kept for half an hour, and the last eight")
        }
        return Page.response(Page.lab(trial?.draft, faults: nil, trial?.state, visitor, clocks))
    }

    func tryOut(_ request: ServerRequest) throws -> ServerResponse {
        try keeper.checkOrigin(request)
        let visitor = try keeper.visitor(request)
        // What is too long is said beside it, and not instead of it.
        var fields = try Fields(form: request, longest: Face.longestBody)
        let form = try fields.text("form")
        if let session = visitor.session {
            guard let form, ConstantTime.equal(Array(form.utf8), Array(session.form.utf8)) else {
                throw Problem(
                    status: 403, title: "From elsewhere", detail: "this form is not one of this session: open the page and press again")
            }
        }
        let named = try fields.text("kind") ?? LabDraft.Kind.change.rawValue
        guard let kind = LabDraft.Kind(rawValue: named) else {
            throw Problem.badRequest("'kind' is one of \(LabDraft.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        // Browsers end the lines of a form with two bytes: a page that gives the first back as a foreign one spoils the text.
        let text = (try fields.text("policy") ?? "").replacing(bytesOf: "\r\n", with: "\n")
        let typed = LabDraft.Typed(kind: kind, app: try fields.text("app"), text: text)
        try fields.finish()
        let now = clock.now()
        let zone = ZoneChoice.kept(request, environment) ?? surroundings.withLock { $0.telling.zone }
        /// The form with what was typed in it, and what is wrong.
        func again(_ heading: String, _ text: String, status: Int, _ headers: [(name: String, value: String)] = []) -> ServerResponse {
            var answer = Page.response(
                Page.lab(nil, typed: typed, faults: (heading: heading, text: text), nil, visitor, Clocks(zone: zone, now: now)),
                status: status)
            answer.headers += headers
            return answer
        }
        let draft: LabDraft
        do throws(Problem) {
            draft = try LabDraft(kind, app: typed.app.map { AppID($0) }, typed.text)
        } catch {
            return again("This is no policy yet", error.detail, status: 422)
        }
        let (files, settings) = try reading(.reader, visitor) { reading in
            (Pipeline.policiesInForce(in: reading.journal), reading.surroundings.settings)
        }
        guard let files, let settings, case .success(let old) = PolicyLoader.load(files: files) else {
            throw Problem(status: 503, title: "Not known", detail: "no engine has written yet which rules are in force")
        }
        switch draft.policies(over: files) {
        case .failure(let errors):
            // Places are those of the file to be.
            let line = draft.firstLine == 1 ? "" : "\n\nLine \(draft.firstLine) of \(draft.fileName) is the first that you typed."
            return again("This is no policy yet", errors.description(causedBy: draft.fileName) + line, status: 422)
        case .success(let new):
            do throws(Problem) {
                let id = try lab.begin(draft, new: new, old: old, settings: settings, now: now, monotonic: clock.monotonicNanoseconds())
                return Face.goTo("\(Page.lab)?trial=\(id)")
            } catch {
                return again("Not tried: \(error.title.lowercased())", error.detail, status: error.status, error.headers)
            }
        }
    }
}
