//! Writes what a run looks like into its directory: the pictures, the page and the README's tables,
//! anew from `report.json` and `timeline.json` if need be.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::report::Report;
use crate::timeline::Timelines;
use crate::{Result, page, picture, table};

/// What was seen.
pub const REPORT: &str = "report.json";
/// What it is drawn from.
pub const TIMELINE: &str = "timeline.json";
/// The page.
pub const PAGE: &str = "report.html";
/// The parts' pictures: with the pool, without it.
const PARTS: [&str; 2] = ["with-pool.svg", "without-pool.svg"];
/// Both, one above the other.
const BOTH: &str = "kafka.svg";
/// The tables, as the README has them between its markers.
const TABLES: &str = "readme.md";

/// Writes what was seen, and what it looks like.
pub fn record(dir: &Path, report: &Report, timelines: &Timelines) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    put(&dir.join(REPORT), &(serde_json::to_string_pretty(report)? + "\n"))?;
    put(&dir.join(TIMELINE), &(serde_json::to_string(timelines)? + "\n"))?;
    write(dir, report, timelines)
}

/// Draws what the directory's `report.json` and `timeline.json` tell.
pub fn draw(dir: &Path) -> Result<()> {
    let (report, timelines): (Report, Timelines) =
        (read(&dir.join(REPORT))?, read(&dir.join(TIMELINE))?);
    write(dir, &report, &timelines)
}

/// Writes the pictures, the page and the tables. Of a part that did not begin, there is none, nor one of an
/// earlier run.
fn write(dir: &Path, report: &Report, timelines: &Timelines) -> Result<()> {
    let pictures = picture::pictures(report, timelines);
    for (picture, name) in pictures.iter().zip(PARTS) {
        let path = dir.join(name);
        match picture {
            Some(picture) => put(&path, &picture::svg(&[picture], timelines)?)?,
            None => remove(&path)?,
        }
    }
    let seen: Vec<_> = pictures.iter().flatten().collect();
    let svg = picture::svg(&seen, timelines)?;
    put(&dir.join(BOTH), &svg)?;
    put(&dir.join(PAGE), &page::page(report, &svg))?;
    put(&dir.join(TABLES), &table::readme(report))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{shown}: no such file; `make demo-kafka` writes it"),
        _ => format!("{shown}: {error}"),
    })?;
    let other = |error| format!("{shown}: {error}; is it of this version's `make demo-kafka`?");
    Ok(serde_json::from_str(&text).map_err(other)?)
}

fn put(path: &Path, text: &str) -> Result<()> {
    Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("{}: {error}", path.display()).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::fixture;

    /// A directory of one test's own, gone with it.
    struct Dir(PathBuf);

    impl Dir {
        fn new(test: &str) -> Self {
            let name = format!("steadfast-kafka-{test}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn put(&self, report: &Report, timelines: &Timelines) {
            fs::write(self.0.join(REPORT), serde_json::to_string(report).unwrap()).unwrap();
            fs::write(self.0.join(TIMELINE), serde_json::to_string(timelines).unwrap()).unwrap();
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_run_is_drawn_from_its_files() {
        let dir = Dir::new("drawn");
        dir.put(&fixture::report(), &fixture::timelines());
        draw(&dir.0).unwrap();
        let [with, without, both, page] = ["with-pool.svg", "without-pool.svg", BOTH, PAGE]
            .map(|name| fs::read_to_string(dir.0.join(name)).unwrap());
        assert!(page.contains(&both), "the page holds the picture");
        let tables = fs::read_to_string(dir.0.join(TABLES)).unwrap();
        assert_eq!(tables, table::readme(&fixture::report()));
        assert!(with.contains("With steadfast") && !with.contains("Without"), "{with}");
        assert!(without.contains("Without it") && !without.contains("With steadfast"), "{without}");
    }

    #[test]
    fn of_a_part_that_did_not_begin_no_picture_stays() {
        let dir = Dir::new("cut");
        fs::write(dir.0.join("without-pool.svg"), "an earlier run's").unwrap();
        let report = Report { without_pool: None, ..fixture::report() };
        dir.put(&report, &Timelines { without_pool: None, ..fixture::timelines() });
        draw(&dir.0).unwrap();
        assert!(!dir.0.join("without-pool.svg").exists() && dir.0.join("with-pool.svg").exists());
    }

    #[test]
    fn a_missing_and_a_wrong_file_are_named() {
        let dir = Dir::new("wrong");
        let error = draw(&dir.0).unwrap_err().to_string();
        let path = dir.0.join(REPORT).display().to_string();
        assert_eq!(error, format!("{path}: no such file; `make demo-kafka` writes it"));
        fs::write(dir.0.join(REPORT), r#"{"kafka": "3.9.1", "zoo": 1}"#).unwrap();
        let error = draw(&dir.0).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{path}: unknown field `zoo`")), "{error}");
    }
}
