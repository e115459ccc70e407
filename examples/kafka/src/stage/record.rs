//! The record of a part: what happened, what became of the messages, what the picture shows.

use std::time::Duration;

use super::{Outcome, Plan, Stage};
use crate::client::protocol::Partitions;
use crate::report::{Event, Kind, Part};
use crate::timeline::{Mark, Timeline};
use crate::{broker_log, now, passed, words};

impl Stage<'_> {
    /// Records something that happened since a moment.
    pub(super) fn record(&mut self, plan: Plan, since: f64, outcome: Outcome) {
        self.marks.push(Mark {
            at: since - self.began,
            until: outcome.full_at.map(|at| at - self.began),
            label: plan.label.clone(),
            is_mending: matches!(plan.kind, Kind::ZooKeeperMended | Kind::BrokersRestarted),
        });
        self.forgotten.extend(outcome.forgotten);
        let event = self.event(plan, since, outcome);
        self.screen.say(&said(&event));
        self.events.push(event);
    }

    fn event(&self, plan: Plan, since: f64, outcome: Outcome) -> Event {
        let seen = self.client.seen();
        // What has arrived is known up to the last word of the client's.
        let to = seen.tick.at.max(since);
        let forgotten = outcome.forgotten.map_or(0, |it| it.count);
        Event {
            kind: plan.kind,
            slots: plan.slots,
            was_leader: plan.was_leader,
            at_s: since - self.began,
            full_after_s: outcome.full_at.map(|at| at - since),
            produce_gap_s: passed::longest_gap(&seen.produced, since, to),
            consume_gap_s: passed::longest_gap(&seen.received, since, to),
            sessions_expired: self.brokers.expired(since, now(), &self.region) as u64 + forgotten,
            asked: outcome.asked,
        }
    }

    /// Ends it: what became of the messages, and what the picture shows. The client has so long to say it, and
    /// less where somebody has interrupted the run.
    pub fn end(mut self, deadline: Duration, hurry: Duration) -> (Part, Timeline) {
        let ended = now();
        let verdict = self.client.end(deadline, hurry);
        if let Err(error) = &verdict {
            self.screen.say(&format!("what became of the messages is not known: {error}"));
        }
        let verdict = verdict.ok();
        let timeline = self.timeline(ended);
        let seen = self.client.seen();
        let read = verdict.as_ref().filter(|it| it.unread == 0);
        let forgotten: u64 = self.forgotten.iter().map(|it| it.count).sum();
        let expired = self.brokers.expired(self.began, ended, &self.region) as u64;
        let part = Part {
            messages_acknowledged: verdict
                .as_ref()
                .map_or(seen.tick.acknowledged, |it| it.acknowledged),
            messages_consumed: verdict.as_ref().map_or(seen.tick.consumed, |it| it.consumed),
            messages_lost: read.map(|it| it.lost),
            messages_duplicated: read.map(|it| it.duplicated),
            messages_missed: verdict.as_ref().map(|it| it.missed),
            messages_corrupt: read.map(|it| it.corrupt),
            broker_restarts: self.brokers.restarts(&self.region) as u64,
            zookeeper_connect_edits: self.edits,
            zookeeper_sessions_expired: expired + forgotten,
            longest_produce_gap_s: passed::longest_gap(&seen.produced, self.began, ended),
            longest_consume_gap_s: passed::longest_gap(&seen.received, self.began, ended),
            events: self.events.clone(),
        };
        drop(seen);
        (part, timeline)
    }

    fn timeline(&self, ended: f64) -> Timeline {
        let seen = self.client.seen();
        let counts = |count: fn(&Partitions) -> u64| {
            passed::counts(&seen.partitions, count, self.began, ended)
        };
        let mut sessions = self.brokers.sessions(ended, &self.region);
        for it in &self.forgotten {
            sessions = broker_log::forgotten(sessions, it.at);
        }
        for it in &mut sessions {
            (it.from, it.to) = ((it.from - self.began).max(0.0), it.to - self.began);
        }
        sessions.retain(|it| it.to > it.from);
        let mut controllers = self.brokers.controllers(&self.region);
        controllers.iter_mut().for_each(|it| it.at = (it.at - self.began).max(0.0));
        Timeline {
            seconds: ended - self.began,
            produce: seen.produce_latencies(self.began, ended),
            consume: seen.consume_latencies(self.began, ended),
            under_replicated: counts(|it| it.under_replicated),
            leaderless: counts(|it| it.leaderless),
            sessions,
            controllers,
            marks: self.marks.clone(),
        }
    }
}

/// An event's end, in a line.
fn said(event: &Event) -> String {
    let how = match event.full_after_s {
        Some(seconds) => format!("all as before after {seconds:.1} s"),
        None => "it is not as before".to_owned(),
    };
    let (produce, expired) = (event.produce_gap_s, event.sessions_expired);
    let asked: String = event.asked.iter().map(|it| format!("; {}", words::asked(it))).collect();
    format!("{how}; longest pause of producing {produce:.2} s; sessions expired: {expired}{asked}")
}
