//! The schemas of what operators' commands print as JSON, from the types that are printed.
//!
//! They are published under `docs/schema`; a test writes them anew, and holds them to the types.

use schemars::{JsonSchema, Schema, schema_for};

use super::bootstrap::PoolBootstrap;
use super::connect_string::ConnectString;
use super::output::{Document, Release};
use super::pool::{PoolAdopt, PoolCreate, PoolRetire};
use super::reclaim::Reclaim;
use crate::operator::pool::show::PoolView;
use crate::operator::{doctor, status};

/// What a reader is to know of each.
const DESCRIPTION: &str = "What the command prints with --output json (connect-string: --format json), \
    on one line. Fields may be added within a version; one that is taken away, or comes to mean \
    something else, raises it.";

/// Each kind with its schema.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        of::<ConnectString>("connect-string"),
        of::<doctor::Report>("doctor"),
        of::<Reclaim>("reclaim"),
        of::<PoolView>("pool"),
        of::<PoolAdopt>("pool-adopt"),
        of::<PoolCreate>("pool-create"),
        of::<PoolRetire>("pool-retire"),
        of::<PoolBootstrap>("pool-bootstrap"),
        of::<Release<'_>>("release"),
        of::<status::report::Report>("status"),
    ]
}

fn of<T: JsonSchema>(kind: &'static str) -> (&'static str, Schema) {
    let mut schema = schema_for!(Document<T>);
    schema.insert("title".to_owned(), format!("steadfast {kind}").into());
    schema.insert("description".to_owned(), DESCRIPTION.into());
    for (name, value) in [("kind", serde_json::json!(kind)), ("version", 1.into())] {
        if let Some(property) = schema.pointer_mut(&format!("/properties/{name}")) {
            property["const"] = value;
        }
    }
    (kind, schema)
}
