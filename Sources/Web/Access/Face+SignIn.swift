import Model
import Server

/// Signing in.
extension Face {
    func signInPage(_ request: ServerRequest) throws -> ServerResponse {
        var query = try Query(request)
        let then = Page.place(try query.one("then"))
        try query.finish()
        let visitor = (try? keeper.visitor(request)) ?? .nobody
        return Page.response(Page.signIn(then: then, visitor))
    }

    func signIn(_ request: ServerRequest) throws -> ServerResponse {
        try keeper.checkWay(request)
        var fields = try Fields(form: request)
        let then = Page.place(try fields.text("then"))
        let typed = try fields.text("token") ?? ""
        _ = try fields.text("name")
        try fields.finish()
        let cookie: String
        do throws(Problem) {
            cookie = try keeper.signIn(String(typed.filter { $0 != " " }), request)
        } catch {
            guard error.status == 401 else { throw error }
            return Page.response(
                Page.signIn(then: then, .nobody, wrong: error.detail, isInPlace: request.path != Page.signIn), status: 401)
        }
        return Face.goTo(then, [("Set-Cookie", cookie)])
    }
}
