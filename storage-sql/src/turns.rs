//! Who has a turn: which of the rows that wait a claim leases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;

use tertulia_core::ids::{AccountId, OrgId};
use tertulia_storage_traits::ClaimRequest;
use uuid::Uuid;

/// A sender and a broadcast or sequence (or neither) that have rows waiting.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The organisation.
    pub org: Uuid,
    /// The sender.
    pub account: Uuid,
    /// The broadcast or sequence.
    pub campaign: Option<Uuid>,
    /// Whether the sender, and the broadcast or sequence, may send.
    pub may_send: bool,
    /// How many messages a second the sender sends; absent: there is no limit.
    pub per_second: Option<u32>,
}

impl Lane {
    /// The sender.
    pub const fn sender(&self) -> (OrgId, AccountId) {
        (OrgId(self.org), AccountId(self.account))
    }

    /// The most rows that the sender may give.
    pub fn most(&self, request: &ClaimRequest) -> usize {
        let left = request.left.get(&self.sender()).copied();
        let of_a_second = self.per_second.map(|rate| rate as usize);
        left.into_iter().chain(of_a_second).min().unwrap_or(usize::MAX)
    }
}

/// A row that may be leased: since when it is due and its id. Sorts as a lane hands them out.
pub type Candidate = (i64, Uuid);

/// A row with its place in its lane, and the lane among all.
type Given = (usize, Candidate, usize);

/// Deals a claim's turns.
#[derive(Debug)]
pub struct Turns<'a> {
    request: &'a ClaimRequest,
    /// The organisations that take turns, each with what its lanes give, round by round.
    orgs: Vec<(Uuid, Vec<Given>)>,
    /// The lanes that give rows, and how many their senders may give yet.
    lanes: Vec<Lane>,
    left: HashMap<(OrgId, AccountId), usize>,
    kept_back: bool,
}

/// What was dealt.
#[derive(Debug)]
pub struct Dealt {
    /// The rows, in the order of their turns.
    pub rows: Vec<(OrgId, Uuid)>,
    /// Others would have come, but for how much their senders may give.
    pub kept_back: bool,
    lanes: Vec<Lane>,
}

impl<'a> Turns<'a> {
    /// None has been dealt yet.
    pub fn new(request: &'a ClaimRequest) -> Self {
        Self {
            request,
            orgs: Vec::new(),
            lanes: Vec::new(),
            left: HashMap::new(),
            kept_back: false,
        }
    }

    /// Whether a lane of this organisation, which comes next in the order of turns, has none any more.
    pub fn is_full(&self, org: Uuid) -> bool {
        self.is_another(org) && self.orgs.len() >= self.request.limit
    }

    fn is_another(&self, org: Uuid) -> bool {
        self.orgs.last().is_none_or(|(last, _)| *last != org)
    }

    /// Takes in a lane, in the order of turns, with its rows that wait: one more than it may give, where it has so many.
    pub fn add(&mut self, lane: Lane, mut rows: Vec<Candidate>) {
        let most = lane.most(self.request);
        if most == 0 {
            self.kept_back |= !rows.is_empty();
            rows.clear();
        }
        if rows.is_empty() {
            return;
        }
        if self.is_another(lane.org) {
            self.orgs.push((lane.org, Vec::new()));
        }
        if let Some((_, given)) = self.orgs.last_mut() {
            let rows = rows.into_iter().enumerate();
            given.extend(rows.map(|(place, row)| (place, row, self.lanes.len())));
        }
        self.left.insert(lane.sender(), most);
        self.lanes.push(lane);
    }

    /// Deals them.
    pub fn deal(mut self) -> Dealt {
        let mut turns = Vec::new();
        for (place, (org, mut given)) in self.orgs.into_iter().enumerate() {
            given.sort_unstable();
            let mut turn = 0;
            for (_, (_, dispatch), lane) in given {
                match self.left.get_mut(&self.lanes[lane].sender()) {
                    Some(0) => self.kept_back = true,
                    Some(left) => {
                        *left -= 1;
                        turns.push(((turn, place), OrgId(org), dispatch));
                        turn += 1;
                    }
                    None => {}
                }
            }
        }
        turns.sort_unstable();
        turns.truncate(self.request.limit);
        Dealt {
            rows: turns.into_iter().map(|(_, org, row)| (org, row)).collect(),
            kept_back: self.kept_back,
            lanes: self.lanes,
        }
    }
}

impl Dealt {
    /// How many messages a second these senders send, of those that have a rate.
    pub fn rates(&self, senders: &BTreeSet<(OrgId, AccountId)>) -> BTreeMap<(OrgId, AccountId), NonZeroU32> {
        let limited = self.lanes.iter().filter_map(|lane| {
            let sender = lane.sender();
            let rate = NonZeroU32::new(lane.per_second?)?;
            senders.contains(&sender).then_some((sender, rate))
        });
        limited.collect()
    }
}
