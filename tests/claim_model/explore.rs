//! Breadth first through every world, so that the first trace found is a shortest one; then
//! backwards, from the worlds in which everyone has come to an end, to find those who cannot.

use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::agent::Brain;
use super::check::{Broken, broken};
use super::moves::moves;
use super::quick::QuickMap;
use super::world::{Config, Kind, Move, World};

/// More worlds than that, and the configuration is too large to be a test.
const WORLDS_MAX: usize = 4_000_000;

/// What an exploration found.
pub struct Report {
    pub name: &'static str,
    pub worlds: usize,
    pub steps: usize,
    pub time: Duration,
    /// The most agents that hold a slot at once.
    pub held: usize,
    /// Names of the claim's states that were seen.
    pub states: Vec<&'static str>,
    /// The first promise found broken, with the shortest way there.
    pub broken: Option<(Broken, String)>,
}

struct Graph {
    worlds: Vec<World>,
    /// The step by which each world was first reached.
    parents: Vec<(u32, Option<Move>)>,
    edges: Vec<(u32, u32, Kind)>,
}

/// Explores a configuration to its end, or to the first broken promise.
pub fn explore(config: &Config) -> Report {
    let began = Instant::now();
    let mut brain = Brain::new(config.step, config.wants);
    let first = World::new(config, &mut brain);
    let mut graph = Graph { worlds: vec![first], parents: vec![(0, None)], edges: vec![] };
    let found = graph.fill(config, &mut brain);
    let found = found.or_else(|| Some((Broken::Hurried, graph.loop_without_pause()?)));
    let found = found.or_else(|| Some((Broken::Stuck, graph.stuck(&brain)?)));
    Report {
        name: config.name,
        worlds: graph.worlds.len(),
        steps: graph.edges.len(),
        held: graph.worlds.iter().map(|world| world.holders(&brain)).max().unwrap_or(0),
        time: began.elapsed(),
        states: brain.state_names().into_iter().collect(),
        broken: found.map(|(what, at)| (what, graph.trace(at, &brain))),
    }
}

impl Graph {
    fn fill(&mut self, config: &Config, brain: &mut Brain) -> Option<(Broken, u32)> {
        let mut seen = QuickMap::default();
        seen.insert(self.worlds[0], 0);
        let mut at = 0;
        while at < self.worlds.len() {
            let from = index(at);
            let before = self.worlds[at];
            for (mv, after) in moves(&before, config, brain) {
                let Some(after) = after else {
                    self.parents.push((from, Some(mv)));
                    self.worlds.push(before);
                    return Some((Broken::Refused, index(self.worlds.len() - 1)));
                };
                let to = match seen.entry(after) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        let to = index(self.worlds.len());
                        new.insert(to);
                        self.worlds.push(after);
                        self.parents.push((from, Some(mv)));
                        to
                    }
                };
                self.edges.push((from, to, mv.kind));
                let mut what = broken(&before, mv, &after, brain);
                if let Some(what) = what.find(|what| !config.but.contains(what)) {
                    // By this step, not by the one that found the world first.
                    self.worlds.push(after);
                    self.parents.push((from, Some(mv)));
                    return Some((what, index(self.worlds.len() - 1)));
                }
            }
            at += 1;
            assert!(self.worlds.len() < WORLDS_MAX, "{}: too large", config.name);
        }
        None
    }

    /// A world on a cycle that no pause is part of.
    fn loop_without_pause(&self) -> Option<u32> {
        let mut into = vec![0_u32; self.worlds.len()];
        let hurried = || self.edges.iter().filter(|(.., kind)| *kind != Kind::Pause);
        hurried().for_each(|&(_, to, _)| into[to as usize] += 1);
        let out = Adjacency::new(self.worlds.len(), hurried().map(|&(from, to, _)| (from, to)));
        let mut free: Vec<u32> =
            (0..index(into.len())).filter(|&at| into[at as usize] == 0).collect();
        while let Some(at) = free.pop() {
            for &to in out.of(at) {
                into[to as usize] -= 1;
                if into[to as usize] == 0 {
                    free.push(to);
                }
            }
        }
        (0..index(into.len())).find(|&at| into[at as usize] > 0)
    }

    /// The first world from which not everyone can come to an end without a fault's help.
    fn stuck(&self, brain: &Brain) -> Option<u32> {
        let relied_on = self.edges.iter().filter(|(.., kind)| *kind != Kind::Fault);
        let back = Adjacency::new(self.worlds.len(), relied_on.map(|&(from, to, _)| (to, from)));
        let mut is_good: Vec<bool> =
            self.worlds.iter().map(|world| world.is_settled(brain)).collect();
        let mut next: Vec<u32> =
            (0..index(is_good.len())).filter(|&at| is_good[at as usize]).collect();
        while let Some(at) = next.pop() {
            for &from in back.of(at) {
                if !std::mem::replace(&mut is_good[from as usize], true) {
                    next.push(from);
                }
            }
        }
        (0..index(is_good.len())).find(|&at| !is_good[at as usize])
    }

    /// The steps to a world, one a line, and the world.
    fn trace(&self, at: u32, brain: &Brain) -> String {
        let mut path = vec![];
        let mut here = at;
        while let (parent, Some(mv)) = self.parents[here as usize] {
            path.push((mv, here));
            here = parent;
        }
        let mut text = String::new();
        for (mv, at) in path.into_iter().rev() {
            let world = &self.worlds[at as usize];
            let state = world.agents.get(usize::from(mv.who)).and_then(|agent| agent.local);
            let name = state.map_or("-", |local| brain.state(local).name());
            let _ = writeln!(text, "  {}: {:?} -> {name}", mv.who, mv.what);
        }
        let world = &self.worlds[at as usize];
        let _ = writeln!(text, "  slots: {:?}", world.ec2.slots.map(|slot| slot.now()));
        for local in world.agents.iter().filter_map(|agent| agent.local) {
            let _ = writeln!(text, "  agent: {:?}", brain.state(local));
        }
        text
    }
}

/// Where edges lead, by where they start, in two arrays.
struct Adjacency {
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Adjacency {
    fn new(nodes: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; nodes + 1];
        edges.clone().for_each(|(from, _)| starts[from as usize + 1] += 1);
        (0..nodes).for_each(|at| starts[at + 1] += starts[at]);
        let mut next = starts.clone();
        let mut ends = vec![0; starts[nodes] as usize];
        for (from, to) in edges {
            ends[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, ends }
    }

    fn of(&self, node: u32) -> &[u32] {
        let at = node as usize;
        &self.ends[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("fewer worlds than 2^32")
}
