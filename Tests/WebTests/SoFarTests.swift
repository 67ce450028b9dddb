import JSONParsing
import Model
import Signals
import Testing
import Views

@testable import Web

/// What no rule can judge yet is not well, but well so far.
@Suite("Well so far")
struct SoFarTests {
    private static func unjudged(_ names: [String]) -> [RuntimeSummary.Unjudged] {
        names.map { RuntimeSummary.Unjudged(rule: $0, wanting: $0 == "loop" ? .minutes(6) : nil) }
    }

    @Test("the page and the API say which critical rules cannot be judged, and what they lack")
    func words() throws {
        let world = try World()
        let names = ["loop", "stuck", "spike", "full"]
        try world.commit([], states: [World.sight(unjudged: SoFarTests.unjudged(names)), World.sight("other", unjudged: [])])
        let face = world.face()
        let text = face.get("/").text
        let words = "4 critical rules need about 6m more of watching: loop, stuck, spike and 1 more"
        #expect(text.contains("Well so far</h1>") && text.contains("<section class=\"banner doubtful\""), "\(text.prefix(4_000))")
        #expect(text.contains("2 runtimes are watched, no incident is open. \(words).</p>"), "\(text.prefix(4_000))")
        #expect(!text.contains("nothing has to be") && text.contains("no rule that can be judged asks for anything"))
        let document = try face.get("/api/v1/situation").json()
        #expect(document["status"] == "ok" && document["line"]?.string?.hasSuffix("nothing is wrong so far: \(words)") == true)
        let listed = document["runtimes"]?.array?.first { $0["runtime"] == "shared" }?["unjudged"]?.array
        #expect(listed?.map { $0["rule"]?.string } == names && listed?.first?["wanting"] == "6m")
    }

    @Test("a rule that sees nothing is told apart from one that needs time, and once")
    func blind() throws {
        let world = try World()
        let blind = RuntimeSummary.Unjudged(rule: "pool", wanting: nil, isBlind: true)
        let waiting = SoFarTests.unjudged(["loop", "pool"])
        try world.commit([], states: [World.sight(unjudged: [blind]), World.sight("other", unjudged: waiting)])
        let words = "1 critical rule sees nothing: pool; 1 critical rule needs about 6m more of watching: loop"
        #expect(world.face().get("/").text.contains("no incident is open. \(words).</p>"))
        let runtimes = try world.face().get("/api/v1/situation").json()["runtimes"]?.array
        let listed = runtimes?.first { $0["runtime"] == "shared" }?["unjudged"]?.array
        #expect(listed?.map { $0["blind"] } == [true])
    }

    @Test("a rule of two runtimes counts once; where it is not known how long, no time is told; and what is wrong needs none of it")
    func several() throws {
        let world = try World()
        let one = SoFarTests.unjudged(["spike"])
        try world.commit([], states: [World.sight(unjudged: one), World.sight("other", unjudged: one)])
        #expect(world.face().get("/").text.contains("no incident is open. 1 critical rule cannot be judged yet: spike.</p>"))
        try world.commit([World.incident(1)])
        let text = world.face().get("/").text
        #expect(text.contains("Warning</h1>") && !text.contains("cannot be judged yet"))
    }
}
