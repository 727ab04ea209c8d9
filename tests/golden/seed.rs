//! The owner's words about inventory: the cases quote them, and what no single decision can show
//! has a story in `tests/it`.

use std::fs;

use super::case::cases;

/// Sentences about what happens over time, each with the file and the test that shows it.
const STORIES: [(&str, &str, &str); 3] = [
    (
        "Inventory is synced for each style whenever a modification happens to a style.",
        "stock.rs",
        "a_stock_change_at_one_of_several_locations_arrives",
    ),
    (
        "inventory will only sync for styles created through the integration on Shopify.",
        "styles.rs",
        "a_new_style_is_synced_once_it_was_created_through_the_integration",
    ),
    (
        "Styles created on JOOR will not sync inventory to Shopify.",
        "styles.rs",
        "a_style_made_on_joor_by_hand_is_never_touched",
    ),
];

#[test]
fn what_no_decision_can_show_has_a_story() {
    for (sentence, file, test) in STORIES {
        let stories = fs::read_to_string(atsync_tests::root().join("tests/it").join(file)).unwrap();
        assert!(
            stories.contains(&format!("fn {test}()")),
            "no story shows: {sentence}"
        );
    }
}

#[test]
fn every_quote_stands_in_the_owners_words() {
    let Some(words) = atsync_tests::shared("seed/inventory-shopify.txt") else {
        println!("skipped: the owner's words are not beside this checkout");
        return;
    };
    let cases: Vec<_> = ["availability", "claim", "pass", "settings"]
        .into_iter()
        .flat_map(cases)
        .collect();
    let quoted = cases
        .iter()
        .filter_map(|case| Some((case.name.as_str(), case.quote()?)));
    let told = STORIES.iter().map(|(sentence, _, test)| (*test, *sentence));
    let mut quotes = 0;
    for (name, quote) in quoted.chain(told) {
        assert!(
            words.contains(quote),
            "{name} quotes what is not there: {quote}"
        );
        quotes += 1;
    }
    assert!(quotes > STORIES.len(), "no case quotes anything");
}
