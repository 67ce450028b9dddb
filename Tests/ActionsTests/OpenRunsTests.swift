import Actions
import Model
import Testing

@Suite("What runs, as last known")
struct OpenRunsTests {
    private static let shop = AppID("app-shop")
    private static let t0 = Timestamp(minute: 29_000_000)
    private static let last = OpenRuns(at: t0, apps: [shop: OpenRuns.App(active: 2, chats: [])])

    private func standing(_ newer: OpenRuns?, after seconds: Double) -> OpenRuns? {
        OpenRunsTests.last.inPlace(
            of: newer, apps: [OpenRunsTests.shop], now: OpenRunsTests.t0 + .seconds(seconds), staleAfter: .minutes(2))
    }

    @Test("one poll that does not tell leaves the last figures in force, with their age; not for longer than figures may be old")
    func untold() {
        let untold = OpenRuns(at: OpenRunsTests.t0 + .seconds(5), apps: [OpenRunsTests.shop: OpenRuns.App(active: nil, chats: [])])
        #expect(standing(untold, after: 5) == OpenRunsTests.last)
        #expect(standing(nil, after: 5) == OpenRunsTests.last)
        #expect(standing(untold, after: 121) == nil)
    }

    @Test("newer figures that tell stand, and what was never told is not lost")
    func told() {
        let told = OpenRuns(at: OpenRunsTests.t0 + .seconds(5), apps: [OpenRunsTests.shop: OpenRuns.App(active: 0, chats: [])])
        #expect(standing(told, after: 5) == nil)
        let unknown = OpenRuns(at: OpenRunsTests.t0, apps: [OpenRunsTests.shop: OpenRuns.App(active: nil, chats: nil)])
        #expect(
            unknown.inPlace(of: unknown, apps: [OpenRunsTests.shop], now: OpenRunsTests.t0 + .seconds(5), staleAfter: .minutes(2)) == nil)
    }
}
