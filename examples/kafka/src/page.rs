//! `report.html`: all of a run on one page that needs nothing else. What comes from the run is
//! escaped, but for the picture, which is whole.

use crate::report::{Event, Kind, Part, Report};
use crate::{table, words};

const STYLE: &str = "\
:root { color-scheme: light; }
body { margin: 2rem auto; max-width: 960px; padding: 0 1rem; color: #222; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { margin-top: 2.5rem; font-size: 1.2rem; }
figure { margin: 2rem 0; } svg { display: block; max-width: 100%; height: auto; }
div { overflow-x: auto; margin: 1.5rem 0; } table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; text-align: right;
  vertical-align: top; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, td:last-child:nth-child(8), th:last-child:nth-child(8),
td:nth-child(3):nth-last-child(6), th:nth-child(3):nth-last-child(6) { text-align: left; }
td:nth-child(3):nth-last-child(6), td:last-child:nth-child(8) { min-width: 13rem; }
.note { padding: .6rem 1rem; border-left: 4px solid #d55e00; background: #fbeee6; }
footer { margin-top: 2.5rem; color: #555; }";

/// The page, with the picture of all that was drawn.
pub fn page(report: &Report, picture: &str) -> String {
    let cut_short = report.cut_short.as_ref().map_or(String::new(), |why| {
        format!(
            "<p class=\"note\">The run was cut short: {}. What was seen until then:</p>\n",
            escaped(why)
        )
    });
    let short = if report.is_short { ", by the shorter script of the tests" } else { "" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>Kafka never notices</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n\
         <h1>Kafka, while every ZooKeeper server is lost</h1>\n\
         <p>An unmodified {}, {}{short}: with addresses that outlive their \
         instances, then without.</p>\n{cut_short}\
         <figure role=\"img\" aria-label=\"{}\">\n{picture}</figure>\n{}{}\
         <footer>The numbers are in <code>report.json</code>, what is drawn in \
         <code>timeline.json</code>.</footer>\n</body>\n</html>\n",
        escaped(&words::version("Kafka", &report.kafka)),
        escaped(&words::version("ZooKeeper", &report.zookeeper)),
        escaped(&in_words(report)),
        numbers(report),
        [("With the pool", &report.with_pool), ("Without", &report.without_pool)]
            .map(|(title, part)| part.as_ref().map_or(String::new(), |part| events(title, part)))
            .concat(),
    )
}

/// The picture, for those who do not see it.
fn in_words(report: &Report) -> String {
    let parts = [("With the pool", &report.with_pool), ("Without", &report.without_pool)];
    let words = |(title, part): (&str, &Option<Part>)| match part {
        Some(part) => format!("{title}: {}.", words::summary(part)),
        None => format!("{title}: not begun."),
    };
    parts.map(words).join(" ")
}

fn numbers(report: &Report) -> String {
    let [all, kinds] = table::HEADS;
    let tables = [(all, table::numbers(report)), (kinds, table::events(report))];
    let tables = tables.map(|(label, rows)| grid(&table::head(label), &rows));
    format!("<h2>In numbers</h2>\n{}<p>{}</p>\n", tables.concat(), escaped(table::LEGEND))
}

/// What happened in a part, each with its number in the picture.
fn events(title: &str, part: &Part) -> String {
    let heads = [
        "",
        "at",
        "what happened",
        "all as before after",
        "produce pause",
        "consume pause",
        "sessions expired",
        "asked of Kafka",
    ];
    let row = |(event, n): (&Event, usize)| {
        let Event { at_s, produce_gap_s: produce, consume_gap_s: consume, .. } = event;
        let not = || words::not_again(words::is_mended_later(part, event)).to_owned();
        [
            n.to_string(),
            words::clock(*at_s),
            happened(event),
            event.full_after_s.map_or_else(not, words::seconds),
            words::seconds(*produce),
            words::seconds(*consume),
            words::count(event.sessions_expired),
            event.asked.iter().map(words::asked).collect::<Vec<_>>().join("; "),
        ]
    };
    let rows: Vec<_> = part.events.iter().zip(1..).map(row).collect();
    format!("<h2>{title}, event by event</h2>\n{}", grid(&heads.map(str::to_owned), &rows))
}

/// What, to whom: `a server terminated: 3, the leader`.
fn happened(event: &Event) -> String {
    let slots: Vec<String> = event.slots.iter().map(u8::to_string).collect();
    let leader = match (event.was_leader, event.kind) {
        (false, _) => "",
        (true, Kind::BrokerTerminated) => ", the controller",
        (true, _) => ", the leader",
    };
    format!("{}: {}{leader}", words::kind(event.kind), slots.join(", "))
}

fn grid<const N: usize>(heads: &[String; N], rows: &[[String; N]]) -> String {
    let line = |tag: &str, cells: &[String; N]| {
        let cell = |cell: &String| format!("<{tag}>{}</{tag}>", escaped(cell));
        format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>())
    };
    let rows: String = rows.iter().map(|row| line("td", row)).collect();
    format!("<div><table>\n{}{rows}</table></div>\n", line("th", heads))
}

/// A text that is nothing but text, also within an attribute.
fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        // Markdown's, in the tables.
        '`' => String::new(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::picture::tests::judge;

    #[test]
    fn all_of_both_parts_is_on_it() {
        let report = fixture::report();
        let page = page(&report, "<svg></svg>");
        judge::well_formed(page.trim_start_matches("<!DOCTYPE html>"));
        for row in table::numbers(&report).iter().chain(&table::events(&report)) {
            let cells = row.each_ref().map(|cell| format!("<td>{}</td>", escaped(cell)));
            assert!(page.contains(&cells.concat()), "{row:?}");
        }
        assert_eq!(page.matches("create a topic: not done after 30.0 s").count(), 1);
        assert_eq!(page.matches("create a topic: done after 0.3 s").count(), 2);
        // Two tables of numbers, and one of events for each part, with their heads.
        let events = 15 + 6 + 2;
        let rows = table::numbers(&report).len() + table::events(&report).len() + 2;
        assert_eq!(page.matches("<tr>").count(), events + rows);
        assert!(!page.contains("cut short"), "nothing was cut short");
        assert!(!page.contains("http") && !page.contains("<script"), "it needs nothing else");
    }

    #[test]
    fn what_comes_from_the_run_is_escaped() {
        let mut report = fixture::report();
        let bad = r#"<script>"'&"#;
        report.kafka = bad.to_owned();
        report.cut_short = Some(bad.to_owned());
        let events = &mut report.without_pool.as_mut().unwrap().events;
        events[2].asked[0].what = bad.to_owned();
        let page = page(&report, "");
        assert!(!page.contains("<script>"), "{page}");
        let escaped = "&lt;script&gt;&quot;&#39;&amp;";
        assert_eq!(page.matches(escaped).count(), 3, "{page}");
        assert!(page.contains(&format!("cut short: {escaped}.")), "{page}");
    }

    #[test]
    fn a_run_that_saw_nothing_has_a_page() {
        let page = page(&Report::default(), "");
        judge::well_formed(page.trim_start_matches("<!DOCTYPE html>"));
        assert!(page.contains("With the pool: not begun."), "{page}");
    }
}
