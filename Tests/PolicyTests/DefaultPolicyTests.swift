import Model
import Policy
import TestKit
import Testing

@Suite struct DefaultPolicyTests {
    @Test func loadsWithoutWarnings() throws {
        let set = try PolicyLoader.load(files: []).get()
        #expect(set.warnings.map(\.description) == [])
        print(PolicyRendering(set).text)
        for d in set.demand { print(d.series, d.subjects) }
    }
}
