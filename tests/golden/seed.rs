//! The owner's words about inventory, which the cases quote.

use super::case::cases;

#[test]
fn every_quote_stands_in_the_owners_words() {
    let Some(words) = atsync_tests::shared("seed/inventory-shopify.txt") else {
        println!("skipped: the owner's words are not beside this checkout");
        return;
    };
    let mut quotes = 0;
    for case in ["availability", "claim", "settings"]
        .into_iter()
        .flat_map(cases)
    {
        if let Some(quote) = case.quote() {
            assert!(
                words.contains(quote),
                "{} quotes what is not there: {quote}",
                case.name
            );
            quotes += 1;
        }
    }
    assert!(quotes > 0, "no case quotes anything");
}
