import Model
import Testing
import Views

/// What commands that ask an engine for something print for programs.
@Suite("What was asked for")
struct AskedTests {
    @Test("the command's number and what came of it, with what its kind has besides")
    func members() {
        let asked = "mozaiks.ops/asked/v1"
        #expect(
            AskedCommand(7, result: nil).document.json == ["schema": .string(asked), "command": 7, "result": nil], "nobody has taken it yet"
        )
        #expect(
            AskedCommand(7, result: "silence-1 is over", about: ("silence", "silence-1")).document.json == [
                "schema": .string(asked), "silence": "silence-1", "command": 7, "result": "silence-1 is over",
            ])
        #expect(
            AskedCommand(7, result: "reverted 1", resisting: ["lease-1 at control-plane"]).document.json == [
                "schema": .string(asked), "command": 7, "result": "reverted 1", "not_undone": ["lease-1 at control-plane"],
            ])
        #expect(
            AskedCommand(7, result: "denied approval-1", decision: nil).document.json == [
                "schema": .string(asked), "command": 7, "result": "denied approval-1", "decision": nil,
            ])
    }
}
