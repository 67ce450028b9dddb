import Model
import Testing

/// A workflow of an app as a subject: two names, which read back as both whatever is in them.
@Suite struct WorkflowSubjectTests {
    static let names: [[UInt8]] = [
        Array("Generator".utf8), Array("a".utf8), [], [1], [1, 1], [1, 2], [0], [0xFF, 0x61], Array("b of app c".utf8), [2, 1, 1, 2],
    ]

    @Test func readsBackFromBytesAndFromItsDocument() throws {
        var seen: [[UInt8]: Subject] = [:]
        for app in Self.names {
            for name in Self.names {
                let subject = Subject.workflow(PackID(bytes: name), app: AppID(bytes: app), runtime: "shared")
                #expect(Subject(.workflow, id: subject.idBytes, runtime: "shared") == subject)
                let reader = DocumentReader(subject.document, document: "a subject")
                #expect(try Subject(reader) == subject)
                #expect(seen.updateValue(subject, forKey: subject.idBytes) == nil, "two have the same bytes: \(subject)")
                let own = Subject.workflowIDs(of: AppID(bytes: app))
                for other in Self.names {
                    let there = Subject.workflow(PackID(bytes: name), app: AppID(bytes: other), runtime: "shared").idBytes
                    let isWithin = !there.lexicographicallyPrecedes(own.from) && there.lexicographicallyPrecedes(own.below)
                    #expect(isWithin == (other == app), "\(other) among those of \(app)")
                }
            }
        }
    }

    @Test func itIsCalledByBothNamesAndNothingInvisible() {
        let subject = Subject.workflow(PackID("Gene\u{202E}rator"), app: AppID("app-clinic"), runtime: "shared")
        #expect(subject.description == "workflow Gene\\u{202e}rator of app app-clinic on shared")
        #expect(subject.app == AppID("app-clinic") && subject.workflow == PackID("Gene\u{202E}rator") && subject.replica == nil)
        #expect(subject.runtime == "shared" && subject.kind == .workflow)
        #expect(!subject.kind.concernsAll && subject.kind.isOfApp && subject.kind.watched == .runtime)
        #expect(
            Subject.workflow(PackID("Generator"), app: AppID("app-clinic"), runtime: "shared").document
                == ["kind": "workflow", "runtime": "shared", "app_id": "app-clinic", "workflow": "Generator"])
    }

    @Test func anEmptyNameIsCalledThatAndALongOneLeavesRoomForTheApp() {
        func shown(_ name: String) -> String { Subject.workflow(PackID(name), app: AppID("app-clinic"), runtime: "shared").idShown }
        #expect(shown("") == "(empty) of app app-clinic")
        #expect(shown("Generator") == "Generator of app app-clinic")
        #expect(shown(String(repeating: "x", count: 300)).hasSuffix("… of app app-clinic"))
        #expect(Subject.app(AppID(""), runtime: "r").idShown == "(empty)" && Subject.host("h").idShown == "h")
    }

    @Test func documentsOfTheOthersAreAsTheyWere() {
        #expect(Subject.app(AppID("a"), runtime: "r").document == ["kind": "app", "runtime": "r", "app_id": "a"])
        #expect(Subject.replica("http://a", runtime: "r").document == ["kind": "replica", "runtime": "r", "replica": "http://a"])
        #expect(Subject.host("h").document == ["kind": "host", "runtime": "h"])
    }
}
