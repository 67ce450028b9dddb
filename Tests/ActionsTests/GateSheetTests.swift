import Model
import Testing

@testable import Actions

/// What one monitor writes down for the gates of others.
struct GateSheetTests {
    private static let at = Timestamp(milliseconds: 1_795_251_600_000)

    @Test func figuresComeBackAsTheyWere() {
        let runs = OpenRuns(
            at: Self.at,
            apps: [
                AppID("app-shop"): .init(active: 3, starts: 90, chats: [StableHash(high: .max, low: 1), StableHash(high: 0, low: .max)]),
                AppID("app-clinic"): .init(active: nil, starts: nil, chats: nil),
            ])
        #expect(GateSheet.runs(GateSheet.bytes(runs)) == runs)
    }

    @Test func theSameFiguresAreTheSameBytes() {
        let chats = (0..<200).map { StableHash(high: UInt64($0) &* 0x9E37_79B9_7F4A_7C15, low: UInt64($0)) }
        let one = OpenRuns(at: Self.at, apps: [AppID("a"): .init(active: 1, chats: Set(chats)), AppID("b"): .init(active: 2)])
        let other = OpenRuns(at: Self.at, apps: [AppID("b"): .init(active: 2), AppID("a"): .init(active: 1, chats: Set(chats.reversed()))])
        #expect(GateSheet.bytes(one) == GateSheet.bytes(other))
    }

    @Test func ofTooManyChatsNobodyKnowsWhichGoOn() {
        let chats = Set((0...GateSheet.mostChats).map { StableHash(high: 0, low: UInt64($0)) })
        let kept = GateSheet.runs(GateSheet.bytes(OpenRuns(at: Self.at, apps: [AppID("a"): .init(active: 1, chats: chats)])))
        #expect(kept?.apps[AppID("a")] == OpenRuns.App(active: 1, chats: nil))
    }

    @Test func whatIsNotUnderstoodIsNothing() {
        for text in ["", "[]", "{}", #"{"schema":"mozaiks.ops/gate-sheet/v2","at_ms":1,"apps":[]}"#] {
            #expect(GateSheet.runs(Array(text.utf8)) == nil && GateSheet.apps(Array(text.utf8)) == nil, "\(text)")
        }
        #expect(GateSheet.apps(GateSheet.bytes(apps: [AppID("b"), AppID("a")])) == [AppID("b"), AppID("a")])
    }

    @Test(arguments: 0...6) func theLatestOfTwoWindowsAreInOrder(position: Int) {
        var (own, other) = (StartWindow(), StartWindow())
        for second in [1, 4, 5] { own.add(Self.at + .seconds(Double(second))) }
        for second in [2, 3, 6] { other.add(Self.at + .seconds(Double(second))) }
        let expected: [Double] = [6, 5, 4, 3, 2, 1]
        let moment = position < expected.count ? Self.at + .seconds(expected[position]) : nil
        #expect(own.moment(latest: position, with: other) == moment)
    }
}
