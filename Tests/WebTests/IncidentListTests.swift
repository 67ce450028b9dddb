import Journal
import Model
import Testing
import Views

@testable import Cycle
@testable import Web

/// All incidents by page, and how a screen that has no room for them tells of them.
@Suite("Lists of incidents")
struct IncidentListTests {
    private static func seen(_ number: Int, rule: String = "noisy-neighbor", app: String? = nil) -> Incident {
        var incident = World.incident(number, rule: rule, app: app ?? "app-\(number)")
        incident.acknowledged = Incident.Acknowledgement(at: World.start, by: "cli:ann", until: nil, comment: "on it")
        return incident
    }

    /// How many incidents a page lists.
    private static func listed(_ page: String) -> Int { page.split(separator: "<article ").count - 1 }

    @Test("of one rule on many apps one is told, with how many; what somebody looks into stands below")
    func groups() {
        let many = (1...6).map { World.incident($0, app: "app-\($0)") }
        let few = (11...14).map { World.incident($0, rule: "app-errors", app: "app-\($0)") }
        let handled = (21...26).map { Self.seen($0) }
        let groups = OpenGroups(handled + many + few).groups
        #expect(groups.map(\.incidents.count) == [6, 1, 1, 1, 1, 6])
        #expect(groups[0].subjects == "6 apps of shared" && !groups[0].isAcknowledged && groups[5].isAcknowledged)
        #expect(groups[0].since == many[0].since && groups[0].first == many[0])
        #expect(OpenGroups([]).groups.isEmpty)
        let elsewhere = (1...4).map { World.incident($0, app: "app-\($0)") } + [World.incident(5, app: nil)]
        #expect(OpenGroups(elsewhere).groups.count == 5, "a runtime's own is another thing than its apps'")
    }

    @Test("each of them is on a page, newest first, to its end; links keep what was chosen")
    func paging() throws {
        let world = try World()
        try world.commit(
            (1...120).map { World.incident($0, app: "app-\($0)") } + [
                World.incident(200, rule: "runtime-<down>", app: nil, severity: .critical)
            ],
            states: [World.sight()])
        let face = world.face()
        var target = "/incidents?rule=noisy-neighbor"
        var counts: [Int] = []
        while counts.count < 5 {
            let page = face.get(target).text
            counts.append(Self.listed(page))
            #expect(PageTests.faults(page).isEmpty, "\(PageTests.faults(page).prefix(3))")
            guard let start = page.firstIndex(ofBytes: "rel=\"next\" href=\"") else { break }
            let link = page[start...].dropFirst(17).prefix { $0 != "\"" }
            #expect(link.hasPrefix("/incidents?rule=noisy-neighbor&amp;cursor="), "\(link)")
            target = String(link).replacing(bytesOf: "&amp;", with: "&")
        }
        #expect(counts == [50, 50, 20])
        let all = face.get("/incidents").text
        #expect(all.contains("121 open, 121 of them acknowledged by nobody") && all.contains("Open, by rule"))
        #expect(all.contains("on <bdi>shared</bdi>: 120, 120 acknowledged by nobody"))
        #expect(all.contains("runtime-&lt;down&gt;") && !all.contains("runtime-<down>"))
        let critical = face.get("/incidents?severity=critical").text
        #expect(Self.listed(critical) == 1 && critical.contains("aria-current=\"true\">critical"))
    }

    @Test("what is shown is what was asked for; nonsense is said to be")
    func filters() throws {
        let world = try World()
        try world.commit(
            [World.incident(1, app: "a"), Self.seen(2, app: "b"), World.incident(3, app: "c", resolved: true)], states: [World.sight()])
        let face = world.face()
        func apps(_ query: String) -> [String] {
            let text = face.get("/incidents" + query).text
            return ["a", "b", "c"].filter { text.contains("href=\"/apps/\($0)\"") }
        }
        #expect(apps("") == ["a", "b"] && apps("?show=unacknowledged") == ["a"] && apps("?show=acknowledged") == ["b"])
        #expect(apps("?show=resolved") == ["c"] && apps("?show=all") == ["a", "b", "c"])
        #expect(apps("?app=b&show=all") == ["b"] && apps("?runtime=other").isEmpty)
        let page = face.get("/incidents").text
        let unseen = try #require(page.firstIndex(ofBytes: "href=\"/apps/a\""))
        let seen = try #require(page.firstIndex(ofBytes: "href=\"/apps/b\""))
        #expect(unseen < seen, "the newer one is acknowledged, and stands below")
        for query in ["?show=x", "?show=open,all", "?severity=bad", "?cursor=x", "?x=1", "?rule=a&rule=b"] {
            #expect(face.get("/incidents" + query).status == 400, "\(query)")
        }
        #expect(face.get("/incidents/").status == 404)
    }

    @Test("whoever acknowledges from a list comes back to it; nobody in particular is told where to sign in")
    func acknowledging() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let nobody = world.face().get("/").text
        #expect(nobody.contains("<a href=\"/sign-in?then=%2F%23open\">sign in to press</a>"))
        for place in [
            "/incidents", "/incidents?show=unacknowledged&rule=a%2Fb", "/rules", "/lab", "/apps/app-%3Cb%3E", "/#waiting",
            "/incidents/a3f2#asks",
            "/incidents?show=all#open",
        ] {
            #expect(Page.place(place) == place, "\(place)")
        }
        for place in [
            "/incidents?a=\"b", "/incidents?a=<b>", "/incidents/a?b=c", "/apps/", "/apps/a/b", "/rulesx", "//incidents", "/incidents?\r\n",
        ] {
            #expect(Page.place(place) == "/", "\(place)")
        }
        // A part that is none of a page's is left out, and the page stays.
        for part in ["#", "#A", "#a\"b", "#a#b", "#" + String(repeating: "a", count: 21)] {
            #expect(Page.place("/incidents/a3f2" + part) == "/incidents/a3f2", "\(part)")
        }
        #expect(Page.place("//evil#asks") == "/" && Page.place("#asks") == "/")
    }

    @Test("until is the end of a list, also in the API")
    func until() throws {
        let world = try World()
        // Opened a second apart, from 08:43:21 on.
        try world.commit((1...3).map { World.incident($0, app: "app-\($0)") }, states: [World.sight()])
        let entry = AuditEntry(at: World.start, actor: "cli:ann", kind: "command.mark", reason: "marked", document: "{}")
        try world.engine.commitTick(TickRecord(audit: [entry]))
        let face = world.face()
        let before = try face.get("/api/v1/incidents?until=2026-11-21T08:43:23.000Z").json()
        #expect(before["incidents"]?.array?.count == 2)
        #expect(try face.get("/api/v1/audit?until=2026-11-21T09:00:00.000Z").json()["rows"]?.array?.isEmpty == true)
        #expect(try face.get("/api/v1/audit?until=2026-11-21T09:00:00.001Z").json()["rows"]?.array?.count == 1)
        #expect(face.get("/api/v1/incidents?until=never").status == 400)
    }
}
