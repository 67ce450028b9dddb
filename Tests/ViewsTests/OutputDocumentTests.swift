import JSONParsing
import Model
import TestKit
import Testing
import Views

/// What `-o json` prints is described: a kind in one place and not in the other would be printed and not known, or promised and
/// never printed.
@Suite struct OutputDocumentTests {
    @Test func everyKindIsDescribedAndNoOther() throws {
        let bytes = try #require(Fixtures.read(Fixtures.repository + "/docs/schema/output.schema.json"))
        let schema = try JSON(parsing: bytes)
        let offered = (schema["oneOf"]?.array ?? []).compactMap { $0["$ref"]?.string }
        #expect(offered.sorted() == OutputDocument.Kind.allCases.map { "#/$defs/\($0.rawValue)" }.sorted())
        for kind in OutputDocument.Kind.allCases {
            let described = schema["$defs"]?[kind.rawValue]
            #expect(described?["title"]?.string?.isEmpty == false, "\(kind)")
            // An incident has a schema of its own.
            if kind != .incident { #expect(described?["properties"]?["schema"]?["const"]?.string == kind.schema, "\(kind)") }
        }
    }

    @Test func theSchemaStandsFirstAndIsThatOfTheKind() {
        let document = OutputDocument(.marks, ["marks": .array([]), "schema": "mozaiks.ops/other/v1"])
        #expect(document.json.serialized() == #"{"schema":"mozaiks.ops/marks/v1","marks":[]}"#)
    }
}
