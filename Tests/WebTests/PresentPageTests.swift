import CycleKit
import Testing

@testable import Web

/// What pages say of how it stands by now.
@Suite("The condition by now, on pages")
struct PresentPageTests {
    @Test("what has begun stands on the first page before anybody is told of it")
    func begun() throws {
        let world = try BegunTests.world(
            [BegunTests.rule("soon", after: "5m", "warning")], [Crowd.calm, Crowd.noisy], knowsRules: false)
        let text = world.face().get("/").text
        #expect(text.contains("Has begun") && text.contains("<bdi>soon</bdi> on runtime shared, since"))
        #expect(PageTests.faults(text).isEmpty)
        let quiet = try World()
        try quiet.commit([], states: [World.sight()])
        #expect(!quiet.face().get("/").text.contains("Has begun"))
    }

    @Test("where the journal holds no evidence, page and approval say as of when the values are")
    func unknown() throws {
        let world = try World()
        _ = try world.offer()
        let face = world.face()
        for target in ["/", "/incidents/0000000000000001"] {
            let text = face.get(target).text
            #expect(target != "/" || text.contains("nothing yet: an action waits for a yes"), "why nothing is done: \(text.prefix(4_000))")
            #expect(text.contains("What it is for: not known; as of") && text.contains("active_runs (7) &gt; 3"), "\(target)")
        }
        let page = face.get("/incidents/0000000000000001").text
        // Opened 08:43:21, its values end three seconds later.
        #expect(page.contains("They end at") && page.contains("08:43:24"))
        #expect(page.contains("<section id=\"asks\"") && PageTests.faults(page).isEmpty)
        #expect(try face.get("/api/v1/incidents/0000000000000001").json()["now"]?.isNull == true)
    }
}
