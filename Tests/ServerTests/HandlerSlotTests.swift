import Testing

@testable import Server

@Suite struct HandlerSlotTests {
    /// Each answer made the stack of the next one deeper: some tens of thousands ended the process.
    @Test("an answer takes no more stack after many than after one")
    func many() {
        let slot = HandlerSlot { _ in ServerResponse(status: 204) }
        let request = ServerRequest(method: "GET", target: "/gate")
        var unlike = 0
        for _ in 0..<300_000 where slot.answer(request).status != 204 { unlike += 1 }
        #expect(unlike == 0)
    }

    @Test("the handler that was put there last answers")
    func replaced() {
        let slot = HandlerSlot { _ in ServerResponse(status: 503) }
        let request = ServerRequest(method: "GET", target: "/gate")
        #expect(slot.answer(request).status == 503)
        slot.replace(with: { _ in ServerResponse(status: 204) })
        #expect(slot.answer(request).status == 204)
    }
}
