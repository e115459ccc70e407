//! A finding, and the report that all of them make.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::Role;
use crate::ids::PoolName;

/// How bad it is, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Not checked, by somebody's choice: a flag, or a role that may not see it and need not.
    Skipped,
    /// It could not be checked.
    Unknown,
    /// To be mended some day: it works, but not as well as it should, or not for ever.
    Warning,
    /// To be mended now: it does not work, or will not when it is needed.
    Error,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warning, Self::Unknown, Self::Skipped, Self::Ok];
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Credentials and permissions.
    Account,
    /// The pool as its tags make it.
    Pool,
    /// The slots' ENIs and their holders.
    Slots,
    /// The instances.
    Instances,
    /// Zones and Auto Scaling groups.
    Zones,
    /// Security groups.
    SecurityGroups,
    /// The ensemble.
    Zookeeper,
    /// This host.
    Host,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Account => "Account",
            Self::Pool => "Pool",
            Self::Slots => "Slots",
            Self::Instances => "Instances",
            Self::Zones => "Zones",
            Self::SecurityGroups => "Security groups",
            Self::Zookeeper => "ZooKeeper",
            Self::Host => "This host",
        })
    }
}

/// A check, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub area: Area,
    /// Its name, which never changes: programs look for it.
    pub id: &'static str,
}

impl Check {
    /// A check of an area.
    pub const fn of(area: Area, id: &'static str) -> Self {
        Self { area, id }
    }

    /// A finding of this check.
    pub fn finds(self, severity: Severity, what: impl Into<String>) -> Finding {
        Finding {
            check: self.id,
            area: self.area,
            severity,
            what: what.into(),
            why: None,
            hint: None,
            commands: Vec::new(),
        }
    }

    /// It is as it should be.
    pub fn ok(self, what: impl Into<String>) -> Finding {
        self.finds(Severity::Ok, what)
    }

    /// It was not to be checked.
    pub fn skipped(self, what: impl Into<String>) -> Finding {
        self.finds(Severity::Skipped, what)
    }

    /// It could not be checked.
    pub fn unknown(self, what: impl fmt::Display, because: impl fmt::Display) -> Finding {
        self.finds(Severity::Unknown, format!("{what} could not be checked: {because}"))
    }

    /// It should be mended.
    pub fn warning(self, what: impl Into<String>) -> Finding {
        self.finds(Severity::Warning, what)
    }

    /// It must be mended.
    pub fn error(self, what: impl Into<String>) -> Finding {
        self.finds(Severity::Error, what)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The check's name, such as `delete-on-termination`; it never changes.
    pub check: &'static str,
    /// What the check is about.
    pub area: Area,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, with the ids of what is meant.
    pub what: String,
    /// Why it matters.
    pub why: Option<String>,
    /// What to do, where no command does it or there is a choice.
    pub hint: Option<String>,
    /// The commands that mend it, in order.
    pub commands: Vec<String>,
}

impl Finding {
    /// With why it matters.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// With what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a command that mends it.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// As it should be.
    pub ok: usize,
    /// Not to be checked.
    pub skipped: usize,
    /// Could not be checked.
    pub unknown: usize,
    /// Should be mended.
    pub warnings: usize,
    /// Must be mended.
    pub errors: usize,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// The pool.
    pub pool: PoolName,
    /// The region.
    pub region: String,
    /// Whose permissions were looked for.
    pub role: Role,
    /// Who asked, as an ARN, if that could be learnt.
    pub caller: Option<String>,
    /// How many findings there are.
    pub counts: Counts,
    /// The exit status: 0 nothing to mend, 1 warnings or what could not be checked, 2 errors.
    pub exit_status: u8,
    /// The findings, the worst first; those of one area and severity in a row.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Sorted, and with the region in every command of the AWS CLI and of ours: where it is pasted the
    /// default may be another, which may have a pool of that name, too.
    pub fn new(
        pool: PoolName,
        region: String,
        role: Role,
        caller: Option<String>,
        mut findings: Vec<Finding>,
    ) -> Self {
        for command in findings.iter_mut().flat_map(|finding| &mut finding.commands) {
            if command.starts_with("aws ") || command.starts_with("steadfast ") {
                command.push_str(&format!(" --region {region}"));
            }
        }
        findings.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.area));
        let counts = counts(&findings);
        let exit_status = exit_status(counts);
        Self { pool, region, role, caller, counts, exit_status, findings }
    }
}

/// As a shell takes it: the name of a group or of a directory may have any character.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn counts(findings: &[Finding]) -> Counts {
    let mut counts = Counts::default();
    for finding in findings {
        *match finding.severity {
            Severity::Ok => &mut counts.ok,
            Severity::Skipped => &mut counts.skipped,
            Severity::Unknown => &mut counts.unknown,
            Severity::Warning => &mut counts.warnings,
            Severity::Error => &mut counts.errors,
        } += 1;
    }
    counts
}

/// As monitoring plugins have it. What is unknown is no error, and no good news either.
fn exit_status(counts: Counts) -> u8 {
    match counts {
        Counts { errors: 1.., .. } => 2,
        Counts { warnings: 1.., .. } | Counts { unknown: 1.., .. } => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Check = Check::of(Area::Slots, "some-check");

    fn report(findings: Vec<Finding>) -> Report {
        let pool = "kafka".parse().unwrap();
        Report::new(pool, "eu-west-1".to_owned(), Role::Operator, None, findings)
    }

    #[test]
    fn the_worst_comes_first_and_gives_the_status() {
        let ok = || CHECK.ok("fine");
        let other = || Check::of(Area::Account, "other").warning("odd");
        assert_eq!(report(vec![ok(), CHECK.skipped("not wanted")]).exit_status, 0);
        assert_eq!(report(vec![ok(), CHECK.unknown("it", "why")]).exit_status, 1);
        let all = report(vec![ok(), CHECK.warning("bad"), CHECK.error("worse"), other()]);
        assert_eq!(all.exit_status, 2);
        let order: Vec<&str> = all.findings.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(order, ["worse", "odd", "bad", "fine"]);
        let counts = Counts { ok: 1, warnings: 2, errors: 1, ..Counts::default() };
        assert_eq!(all.counts, counts);
    }

    #[test]
    fn commands_name_the_region_where_there_is_one_to_name() {
        let commands = ["aws ec2 x", "steadfast x", "ip x"];
        let finding = commands.into_iter().fold(CHECK.error("x"), Finding::command);
        let report = report(vec![finding]);
        let region = "--region eu-west-1";
        let want = [format!("aws ec2 x {region}"), format!("steadfast x {region}"), "ip x".into()];
        assert_eq!(report.findings[0].commands, want);
    }
}
