import CycleKit
import Journal
import Model
import Policy
import Testing

@testable import Cycle

/// What is said of an order is kept in the journal and shown to people, so names that stood in it are made safe in the one way.
@Suite struct OrderWordsTests {
    private static let now = Timestamp(rfc3339: "2026-11-21T09:00:00.000Z")!  // A literal of this file.

    private func obey(_ kind: String, _ arguments: JSON) throws -> String {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: .embeddedDefault)
        let row = CommandRow(id: 1, at: Self.now, actor: "dana", kind: kind, arguments: arguments.serialized())
        return pipeline.obey(row, now: Self.now).result
    }

    /// The end of a terminal's sequence in one character, what turns the direction of writing, a line's end that is none of
    /// ASCII's: none of it below 0x20.
    private static let name = "a\u{9B}b\u{202E}c\u{2028}d"
    private static let shown = #"a\u{9b}b\u{202e}c\u{2028}d"#

    static let orders: [(kind: String, arguments: JSON, result: String)] = [
        (Commands.revert, ["lease": .string(name)], "\(shown) is not in force"),
        (Commands.approve, ["approval": .string(name)], "no approval '\(shown)' waits; see mozaiks-ops actions approvals"),
        (Commands.deny, ["approval": .string(name)], "no approval '\(shown)' waits; see mozaiks-ops actions approvals"),
        (Commands.mark, ["name": "v1", "runtime": .string(name)], "no runtime '\(shown)' is watched"),
        (Commands.expireSilence, ["silence": .string(name)], "\(shown) is not in force"),
        (Commands.acknowledge, ["incident": .string(name)], "not acknowledged: \(shown) is not open"),
        (Commands.unacknowledge, ["incident": .string(name)], "\(shown) is not acknowledged"),
        (Commands.drill, ["channel": .string(name), "delivered": true], "drill taken by \(shown)"),
        (Commands.token, ["name": .string(name)], "token \(shown) created"),
        (name, [:], "not understood: this version has no command '\(shown)'"),
    ]

    @Test("names from outside are as they are shown", arguments: orders.indices)
    func shown(index: Int) throws {
        let order = Self.orders[index]
        #expect(try obey(order.kind, order.arguments) == order.result)
    }

    @Test("and those that anybody would write stay as they are")
    func ordinary() throws {
        #expect(try obey(Commands.mark, ["name": "v1", "runtime": "eu-1"]) == "no runtime 'eu-1' is watched")
        #expect(try obey(Commands.revert, ["lease": "lease-5f2c"]) == "lease-5f2c is not in force")
    }
}
