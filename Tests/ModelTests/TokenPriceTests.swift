import Model
import Testing

@Suite struct TokenPriceTests {
    @Test("the dearest is told by prompt and completion together, whatever the order; of none there is none")
    func dearest() {
        let small = TokenPrice(promptPerMillion: 4, completionPerMillion: 4)
        let large = TokenPrice(promptPerMillion: 3, completionPerMillion: 15)
        #expect(TokenPrice.dearest([small, large]) == large && TokenPrice.dearest([large, small]) == large)
        #expect(TokenPrice.dearest([]) == nil)
    }
}
