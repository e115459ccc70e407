//! Who returns: when a lost slot was claimed again, and when its server was a member again; and
//! that from there on its instance makes no EC2 call.

use crate::fleet::Fleet;
use crate::plan::Kind;
use crate::play::{Play, now};
use crate::protocol::Tick;

/// Who serves a slot.
#[derive(Debug)]
pub struct Holder {
    pub instance: String,
    /// From which place in the log of EC2 calls on it has none to make; none if it is still busy
    /// with its start.
    rests_from: Option<usize>,
}

impl Holder {
    /// One that has just claimed.
    pub fn new(instance: String) -> Self {
        Self { instance, rests_from: None }
    }
}

/// A slot whose server is not a member again yet.
#[derive(Debug)]
pub struct Returning {
    pub slot: u8,
    pub kind: Kind,
    /// How often the instance that was lost had claimed.
    pub claims_before: usize,
    /// Its entry in the report.
    pub loss: usize,
    /// The place that the log of EC2 calls had come to.
    pub mark: usize,
}

impl Play<'_> {
    /// Notes who has claimed and who is a member again, by this word of the servers'.
    pub fn look(&mut self, tick: &Tick) {
        for it in std::mem::take(&mut self.returning) {
            let loss = &self.report.losses[it.loss];
            let server = self.slots.iter().find(|(_, slot)| **slot == it.slot).expect("a slot").0;
            let serves = tick.modes.contains_key(server);
            let member_s = tick.at - loss.at;
            match loss.claimed_s {
                None => {
                    if let Some(instance) = self.claimant(&it) {
                        self.claimed(&it, instance);
                    }
                    self.returning.push(it);
                }
                Some(claimed_s) if serves && member_s > claimed_s => {
                    self.report.losses[it.loss].member_s = Some(member_s);
                    self.rests(it.slot);
                    self.count_calls(&it);
                }
                Some(_) => self.returning.push(it),
            }
        }
    }

    /// Who says that it has claimed a slot since it was lost.
    fn claimant(&self, it: &Returning) -> Option<String> {
        if it.kind.is_replaced() {
            let claims = |id: &&String| self.fleet.claims(id, it.slot) > 0;
            return self.spares.iter().find(claims).cloned();
        }
        let same = &self.holders[&it.slot].instance;
        (self.fleet.claims(same, it.slot) > it.claims_before).then(|| same.clone())
    }

    fn claimed(&mut self, it: &Returning, instance: String) {
        let said = connect_string(self.fleet, &instance);
        assert_eq!(said, self.report.connect_string, "{}", self.scene);
        self.spares.retain(|spare| *spare != instance);
        let loss = &mut self.report.losses[it.loss];
        loss.claimed_s = Some(now() - loss.at);
        loss.replacement = Some(instance.clone());
        self.holders.insert(it.slot, Holder::new(instance));
    }

    /// A server is a member: its instance has made all the EC2 calls that it had to make.
    pub fn rests(&mut self, slot: u8) {
        let mark = self.region.log(0).unwrap().len();
        self.holders.get_mut(&slot).expect("a holder").rests_from = Some(mark);
    }

    fn count_calls(&mut self, it: &Returning) {
        let instance = &self.holders[&it.slot].instance;
        let calls = self.fleet.instance(instance).calls_since(it.mark);
        self.report.losses[it.loss].ec2_calls = calls.len();
    }

    /// An instance that guards a member makes no EC2 call.
    pub fn assert_rests(&self, slot: u8) {
        let Holder { instance, rests_from } = &self.holders[&slot];
        let since = rests_from.expect("a member");
        let calls = self.fleet.instance(instance).calls_since(since);
        assert_eq!(calls, [""; 0], "slot {slot} on {instance}, {}", self.scene);
    }
}

/// The connect string as an instance that holds a slot tells it.
pub fn connect_string(fleet: &Fleet<'_>, instance: &str) -> String {
    let facts = fleet.instance(instance).slot_json();
    facts["connect_string"].as_str().expect("a connect string").to_owned()
}
