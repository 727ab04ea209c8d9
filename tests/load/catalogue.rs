//! What the shop sells, and who buys it meanwhile.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::stage::Stage;

/// SKUs whose stock changes meanwhile.
const SELLING: usize = 100;

/// The time between two sales.
const BETWEEN: Duration = Duration::from_millis(100);

pub struct Catalogue {
    /// Inventory items of all variants, for webhooks to tell of.
    pub items: Vec<u64>,
    /// SKU and UPC of ordinary variants: JOOR shows just what Paris has.
    selling: Vec<(String, String)>,
}

impl Catalogue {
    /// Reads the shop's first 250 variants, after the first sync.
    pub async fn read(stage: &Stage) -> Catalogue {
        let query = "{ productVariants(first: 250) { nodes { id sku inventoryItem { id } } } }";
        let answer = stage.graphql(query).await;
        let nodes = answer.pointer("/data/productVariants/nodes");
        let nodes = nodes.and_then(Value::as_array).unwrap();
        let mut catalogue = Catalogue {
            items: Vec::new(),
            selling: Vec::new(),
        };
        for node in nodes {
            let number = |pointer: &str| {
                let id = node.pointer(pointer).and_then(Value::as_str).unwrap();
                id.rsplit('/').next().unwrap().to_owned()
            };
            catalogue
                .items
                .push(number("/inventoryItem/id").parse().unwrap());
            let sku = node.get("sku").and_then(Value::as_str).unwrap().to_owned();
            let upc = number("/id");
            let (stock, shown) = stage.stock(&sku, &upc).await;
            if stock == shown && catalogue.selling.len() < SELLING {
                catalogue.selling.push((sku, upc));
            }
        }
        assert!(
            catalogue.selling.len() > SELLING / 2,
            "few variants are ordinary"
        );
        catalogue
    }

    /// Somebody counts one SKU after the other, until this is aborted.
    pub fn sells(&self, stage: Arc<Stage>) -> JoinHandle<()> {
        let skus: Vec<String> = self.selling.iter().map(|(sku, _)| sku.clone()).collect();
        tokio::spawn(async move {
            for (units, sku) in (0..).zip(skus.iter().cycle()) {
                let count = json!({ "variant": sku, "location": "Paris", "units": units % 37 });
                stage.pull("set-available", &count).await;
                tokio::time::sleep(BETWEEN).await;
            }
        })
    }

    /// JOOR shows what Paris has. Of how many SKUs.
    pub async fn agrees(&self, stage: &Stage) -> usize {
        for (sku, upc) in &self.selling {
            let (stock, shown) = stage.stock(sku, upc).await;
            assert_eq!(shown, stock, "{sku}");
        }
        self.selling.len()
    }
}
