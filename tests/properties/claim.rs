//! Laws of the claim.

use std::collections::BTreeMap;

use atsync_plugin::core::claim::{OrderLine, claim};
use atsync_plugin::core::settings::{ClaimPolicy, Settings};
use proptest::collection::vec;
use proptest::prelude::*;

use super::tries;

fn settings(policy: ClaimPolicy) -> Settings {
    let text = r#"{"joor_account":"1","default_location":"Paris","warehouses":[{"name":"Default","locations":["Paris"]}]}"#;
    let settings = Settings::read(text).0.expect("three keys are enough");
    Settings {
        claim: policy,
        ..settings
    }
}

/// The stock of three SKUs, and lines that order them.
fn order() -> impl Strategy<Value = ([i64; 3], Vec<OrderLine>)> {
    let line = (0..3_usize, 1..20_i64, prop::bool::weighted(0.2));
    (prop::array::uniform3(-10..40_i64), vec(line, 1..10)).prop_map(|(stock, lines)| {
        let order_line =
            |(number, (sku, units, continue_selling)): (usize, (usize, i64, bool))| OrderLine {
                line: number.to_string(),
                sku: format!("SKU-{sku}"),
                stock: format!("SKU-{sku}"),
                units,
                continue_selling,
                tracked: true,
                available: Some(stock[sku]),
            };
        (
            stock,
            lines.into_iter().enumerate().map(order_line).collect(),
        )
    })
}

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn each_ordered_unit_is_claimed_or_short((_, lines) in order()) {
        let decision = claim(&settings(ClaimPolicy::FollowPolicy), "SS27", &lines).unwrap();
        for (line, decided) in lines.iter().zip(&decision.lines) {
            prop_assert_eq!(decided.claim + decided.short, line.units);
            prop_assert!(decided.claim >= 0 && decided.short >= 0);
        }
    }

    #[test]
    fn following_the_policy_never_claims_below_zero((stock, lines) in order()) {
        let decision = claim(&settings(ClaimPolicy::FollowPolicy), "SS27", &lines).unwrap();
        let mut claimed: BTreeMap<&str, i64> = BTreeMap::new();
        for (line, decided) in lines.iter().zip(&decision.lines).filter(|(line, _)| !line.continue_selling) {
            *claimed.entry(&line.sku).or_default() += decided.claim;
        }
        for (sku, units) in claimed {
            let number: usize = sku.trim_start_matches("SKU-").parse().unwrap();
            prop_assert!(units <= stock[number].max(0), "{} of {}", units, stock[number]);
        }
    }

    #[test]
    fn always_claiming_claims_all_of_it((_, lines) in order()) {
        let decision = claim(&settings(ClaimPolicy::AlwaysClaim), "SS27", &lines).unwrap();
        prop_assert!(lines.iter().zip(&decision.lines).all(|(line, d)| d.claim == line.units && d.short == 0));
    }

    #[test]
    fn the_code_mto_claims_nothing((_, lines) in order(), always in any::<bool>()) {
        let policy = if always { ClaimPolicy::AlwaysClaim } else { ClaimPolicy::FollowPolicy };
        let decision = claim(&settings(policy), "MTO", &lines).unwrap();
        prop_assert!(decision.lines.iter().all(|d| d.claim == 0 && d.short == 0));
    }
}
