import Ambient
import Collector
import Configuration
import Cycle
import Digest
import Journal
import Model
import Policy
import Server
import Synchronization
import Views

/// What people and programs want done: forms of the page, and orders of the API.
extension Face {
    func post(_ request: ServerRequest) throws -> ServerResponse {
        let query = try Query(request)
        let path = request.path
        if path == Page.lab {
            try query.finish()
            return try tryOut(request)
        }
        let isSignIn = path == Page.signIn || Page.takesSignIn(path)
        guard request.body.count <= Face.mostSaid else {
            throw Problem(status: 413, title: "Too large", detail: "what is said here has at most \(Face.mostSaid / 1_024) kB")
        }
        if isSignIn || path == Page.signOut || path.utf8.starts(with: Page.orders.utf8) {
            // The form that stands in the place of a page is sent to where that page is, with what its address asks for.
            if !Page.takesSignIn(path) { try query.finish() }
            try keeper.checkOrigin(request)
            if isSignIn { return try signIn(request) }
            let visitor = try keeper.visitor(request)
            guard let session = visitor.session else {
                let why = visitor.ended ?? "you are not signed in: a session ends after 12 hours, and with a restart"
                throw Problem(status: 401, title: "Not signed in", detail: "\(why); nothing was asked for: sign in, and press again")
            }
            var fields = try Fields(form: request)
            guard let form = try fields.text("form"), ConstantTime.equal(Array(form.utf8), Array(session.form.utf8)) else {
                throw Problem(
                    status: 403, title: "From elsewhere",
                    detail: "this form is not one of this session: open the page and press again")
            }
            if path == Page.signOut {
                return Face.goTo("/", [("Set-Cookie", keeper.signOut(session, request))])
            }
            return try obey(form: &fields, String(path.dropFirst(Page.orders.count)), visitor, request)
        }
        guard path.utf8.starts(with: API.prefix.utf8),
            let (kind, id) = Order.Kind.at(String(path.dropFirst(API.prefix.count)))
        else { throw Face.wrongMethod(request) }
        try query.finish()
        let visitor = try keeper.visitor(request)
        guard visitor.session == nil else {
            throw Problem(
                status: 403, title: "Not this way",
                detail: "programs show a token as 'Authorization: Bearer TOKEN'; a cookie is for the page's own forms")
        }
        try keeper.allow(kind.role, visitor, request)
        var fields = try Fields(json: request)
        let key = try Face.idempotencyKey(request)
        let answer = try take(kind, id, &fields, key: key, request: request.target + [0] + request.body, visitor)
        switch answer {
        case .stopped(let isStopped):
            return ServerResponse(
                status: 200, headers: Face.unkept,
                body: (["schema": "mozaiks.ops/kill-switch/v1", "stopped": .bool(isStopped)] as JSON).serializedBytes())
        case .command(let number, let about, let warnings):
            var document: JSONObject = ["schema": "mozaiks.ops/command-taken/v1", "command": .int(number)]
            document.append("about", about.map { .object(JSONObject([(key: $0.key, value: .string($0.id))])) } ?? .null)
            document.append("warnings", .array(warnings.map { .string($0) }))
            return ServerResponse(
                status: 202, headers: Face.unkept + [("Location", API.prefix + "commands/\(number)")],
                body: JSON.object(document).serializedBytes())
        }
    }

    private func obey(
        form fields: inout Fields, _ path: String, _ visitor: Visitor, _ request: ServerRequest
    ) throws -> ServerResponse {
        guard let (kind, id) = Order.Kind.at(path) else {
            throw Problem.notFound("there is nothing at this path; the page is at /, the API below /api/v1/")
        }
        try keeper.allow(kind.role, visitor, request)
        // What came of it stands at the top.
        let then = Page.place(try fields.text("then")).prefix { $0 != "#" }
        // Of each form that a page shows: pressed twice it is one order.
        let once = try fields.text("once").map { $0 + " " + SHA256.hex(request.target + [0] + request.body) }
        let answer = try take(kind, id, &fields, key: once, request: [], visitor)
        switch answer {
        case .stopped: return Face.goTo("/")
        case .command(let number, _, _): return Face.goTo("\(then)\(then.utf8.contains(UInt8(ascii: "?")) ? "&" : "?")asked=\(number)")
        }
    }

    private func take(
        _ kind: Order.Kind, _ id: String, _ fields: inout Fields, key: String?, request: [UInt8], _ visitor: Visitor
    ) throws -> Desk.Answer {
        // Whoever asks next shall see it.
        defer { kept.forget() }
        let given = fields
        return try reading(.command, visitor) { reading in
            try desk.take(
                key: key, by: visitor, request: request, monotonic: clock.monotonicNanoseconds(), reading, folder
            ) { seed in
                var fields = given
                return try Order(kind, id, &fields, by: visitor.actor, seed: seed, reading)
            }
        }
    }

    private static func idempotencyKey(_ request: ServerRequest) throws(Problem) -> String? {
        let keys = request.headerValues("Idempotency-Key")
        guard let key = keys.first else { return nil }
        guard keys.count == 1, (1...128).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .badRequest("'Idempotency-Key' is one word of at most 128 bytes")
        }
        return String(decoding: key, as: UTF8.self)
    }
}
