//! Judges what a command prints as JSON by the schema that is published for its kind.

use serde_json::Value;

/// The object, after it was checked against `docs/schema/KIND.json`.
pub fn checked(kind: &str, printed: &str) -> Value {
    let object: Value = serde_json::from_str(printed).unwrap_or_else(|e| panic!("{e}: {printed}"));
    let path = format!("{}/docs/schema/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&object).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?} in {object:#}");
    assert_eq!(object["kind"], kind);
    object
}

/// Readers may find more than they know; the program may print no more than is published.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("properties").is_some_and(Value::is_object) {
                object.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}
