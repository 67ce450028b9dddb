import Server

@testable import Web

/// What programs and the page's forms send along with what they want done.
enum OrderReading {
    /// The same bytes as JSON and as a form. What is taken is found under its name, and nothing of it is left; what is refused is
    /// refused with a reason that is one line.
    static func body(_ bytes: [UInt8]) -> String? {
        for isForm in [false, true] {
            let type = isForm ? "application/x-www-form-urlencoded" : "application/json"
            let request = ServerRequest(method: "POST", target: "/x", headers: [("Content-Type", type)], body: bytes)
            for kind in Order.Kind.allCases {
                if let broken = taken(request, isForm: isForm, members: kind.members) { return broken }
            }
        }
        return nil
    }

    private static func taken(_ request: ServerRequest, isForm: Bool, members: [String]) -> String? {
        do throws(Problem) {
            var fields = try isForm ? Fields(form: request) : Fields(json: request)
            try fields.check(members: members)
            for member in members {
                if let broken = typed(fields, member) { return broken }
                _ = fields.texts(member)
            }
            do throws(Problem) { try fields.finish() } catch { return "a member that is known is left" }
            return nil
        } catch {
            return refused(error)
        }
    }

    /// As each kind of thing that a member may be.
    private static func typed(_ fields: Fields, _ member: String) -> String? {
        for kind in 0..<4 {
            var fields = fields
            do throws(Problem) {
                switch kind {
                case 0: _ = try fields.text(member)
                case 1: _ = try fields.flag(member)
                case 2: _ = try fields.span(member)
                default: _ = try fields.moment(member)
                }
            } catch {
                if let broken = refused(error) { return broken }
            }
        }
        return nil
    }

    private static func refused(_ problem: Problem) -> String? {
        guard (400..<500).contains(problem.status), !problem.detail.isEmpty else { return "refused without a reason" }
        return problem.detail.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? "what is said of a refusal is no line" : nil
    }
}
