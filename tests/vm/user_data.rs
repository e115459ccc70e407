//! The shipped user-data, with the values at its top set as a person sets them.

use std::path::Path;

/// In which of its two forms.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    CloudConfig,
    Script,
}

/// The values at the top.
#[derive(Debug, Clone, Default)]
pub struct Values {
    pub package_url: String,
    pub package_sha256: String,
    /// A line each.
    pub settings: String,
    /// Likewise.
    pub environment: String,
}

/// The file with these values.
pub fn user_data(form: Form, values: &Values) -> String {
    let name = match form {
        Form::CloudConfig => "user-data.yaml",
        Form::Script => "user-data.sh",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cloud-init/debian-12").join(name);
    let shipped = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let values = [
        ("PACKAGE_URL", &values.package_url),
        ("PACKAGE_SHA256", &values.package_sha256),
        ("SETTINGS", &values.settings),
        ("ENVIRONMENT", &values.environment),
    ];
    values.into_iter().fold(shipped, |text, (name, value)| set(&text, name, value))
}

/// Gives the one empty variable of this name a value. Its further lines stand as far in as the first,
/// as YAML needs it.
fn set(text: &str, name: &str, value: &str) -> String {
    let empty = format!("{name}=''");
    let places = text.lines().filter(|line| line.trim() == empty).count();
    assert_eq!(places, 1, "the shipped user-data has no place for {name}");
    let lines = text.lines().map(|line| match line.split_once(&empty) {
        Some((margin, "")) => {
            let value = value.replace('\n', &format!("\n{margin}"));
            format!("{margin}{name}='{value}'\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn a_value_of_two_lines_keeps_the_margin() {
    let text = "content: |\n  A=''\n  B=''\n";
    assert_eq!(set(text, "A", "x\ny"), "content: |\n  A='x\n  y'\n  B=''\n");
}
