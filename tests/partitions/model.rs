//! How DynamoDB spreads items over partitions, by the rules that AWS publishes, and what it refuses.
//!
//! | rule | here |
//! |---|---|
//! | a partition does 1,000 write units and 3,000 read units a second | [`WRITES_PER_SECOND`], [`READS_PER_SECOND`] |
//! | unused capacity of the last 300 seconds may be spent in a burst | [`BURST_SECONDS`] |
//! | a new table that is paid by request does 4,000 writes and 12,000 reads a second | [`NEW_PARTITIONS`] |
//! | a partition that stays hot is split, also inside of one partition key by its sort keys, but never inside of an item | [`Table::tick`] |
//! | a split doesn't help where sort keys rise: all new items land behind the last one | [`Place::tail`] |
//!
//! AWS doesn't publish when a hot partition is split: [`SPLIT_AFTER_SECONDS`] is assumed. Which partition a key belongs to is the
//! secret of DynamoDB's hash; here it is SHA-256. Requests that are refused are not sent again.

use std::collections::BTreeMap;

use shared::jose::sha256;

/// What one partition can write in a second, in units of 1 KB.
pub(crate) const WRITES_PER_SECOND: f64 = 1_000.0;
/// What one partition can read in a second, in units of 4 KB.
pub(crate) const READS_PER_SECOND: f64 = 3_000.0;
/// For how many seconds unused capacity is kept.
pub(crate) const BURST_SECONDS: f64 = 300.0;
/// How many partitions a new table has, which follows from its 4,000 writes and 12,000 reads a second.
pub(crate) const NEW_PARTITIONS: u64 = 4;
/// How long a partition must have been too hot before it is split, in seconds. Assumed: AWS doesn't say.
pub(crate) const SPLIT_AFTER_SECONDS: u32 = 60;

/// Where in a table an access goes, in the order in which partitions are cut.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    hash: u64,
    /// The partition key.
    pub(crate) pk: String,
    /// The sort key, or what the sort keys of all new items begin with.
    pub(crate) sk: String,
    /// Whether it is the end of the rising sort keys that begin so, where all new items land.
    pub(crate) tail: bool,
}

impl Place {
    /// The place of an item.
    pub(crate) fn item(pk: &str, sk: &str) -> Self {
        Self { hash: hash(pk), pk: pk.to_owned(), sk: sk.to_owned(), tail: false }
    }

    /// The place of all new items whose sort keys begin so.
    pub(crate) fn tail(pk: &str, prefix: &str) -> Self {
        // Behind all of them: no id begins with a tilde.
        Self { hash: hash(pk), pk: pk.to_owned(), sk: format!("{prefix}~"), tail: true }
    }
}

fn hash(pk: &str) -> u64 {
    sha256(pk.as_bytes()).first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// What one place is asked for in a second.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) place: Place,
    /// What the item there is.
    pub(crate) kind: &'static str,
    pub(crate) writes: f64,
    pub(crate) reads: f64,
}

impl Demand {
    /// Which part of what one partition can do it asks for: above 1, no split helps.
    pub(crate) fn share(&self) -> f64 {
        (self.writes / WRITES_PER_SECOND).max(self.reads / READS_PER_SECOND)
    }
}

/// A table, or an index, with the same demand each second.
pub(crate) struct Table {
    /// In the order of their places.
    demands: Vec<Demand>,
    partitions: Vec<Partition>,
}

/// Some of the places of a table that follow each other.
#[derive(Clone, Debug)]
struct Partition {
    first: usize,
    end: usize,
    /// For how many seconds it has been asked for more than it can do.
    hot_seconds: u32,
    /// What is left of unused capacity.
    spare_writes: f64,
    spare_reads: f64,
}

impl Partition {
    /// With all that may be kept of unused capacity, as if nothing had been asked for before.
    fn rested(first: usize, end: usize) -> Self {
        let (spare_writes, spare_reads) = (BURST_SECONDS * WRITES_PER_SECOND, BURST_SECONDS * READS_PER_SECOND);
        Self { first, end, hot_seconds: 0, spare_writes, spare_reads }
    }

    fn new(first: usize, end: usize) -> Self {
        Self { first, end, hot_seconds: 0, spare_writes: 0.0, spare_reads: 0.0 }
    }
}

/// What is refused in a second, in units, by what the item is.
pub(crate) type Throttles = BTreeMap<&'static str, f64>;

impl Table {
    /// A table that has rested, with so many partitions of the same size.
    pub(crate) fn new(mut demands: Vec<Demand>, partitions: u64) -> Self {
        demands.sort_by(|one, other| one.place.cmp(&other.place));
        let width = u64::MAX / partitions;
        let first_of = |nth: u64| demands.partition_point(|demand| demand.place.hash < nth * width);
        let cuts = (0..partitions).map(first_of).chain([demands.len()]).collect::<Vec<_>>();
        let partitions = cuts.windows(2).map(|cut| Partition::rested(cut[0], cut[1])).collect();
        Self { demands, partitions }
    }

    /// Lets one second pass. Says what was refused in it.
    pub(crate) fn tick(&mut self) -> Throttles {
        let mut refused = Throttles::new();
        let mut next = Vec::with_capacity(self.partitions.len());
        for mut partition in std::mem::take(&mut self.partitions) {
            let demands = &self.demands[partition.first..partition.end];
            let (writes, reads) = sums(demands);
            let writes_refused = spend(&mut partition.spare_writes, WRITES_PER_SECOND, writes);
            let reads_refused = spend(&mut partition.spare_reads, READS_PER_SECOND, reads);
            for demand in demands {
                let share = |refused: f64, asked: f64, all: f64| if refused > 0.0 { refused * asked / all } else { 0.0 };
                let units = share(writes_refused, demand.writes, writes) + share(reads_refused, demand.reads, reads);
                if units > 0.0 {
                    *refused.entry(demand.kind).or_default() += units;
                }
            }
            let is_hot = writes > WRITES_PER_SECOND || reads > READS_PER_SECOND;
            partition.hot_seconds = if is_hot { partition.hot_seconds + 1 } else { 0 };
            let cut = (partition.hot_seconds >= SPLIT_AFTER_SECONDS).then(|| best_cut(demands)).flatten();
            if let Some(cut) = cut {
                let middle = partition.first + cut;
                next.extend([Partition::new(partition.first, middle), Partition::new(middle, partition.end)]);
            } else {
                next.push(partition);
            }
        }
        self.partitions = next;
        refused
    }

    /// How many partitions there are.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// How many times as much the hottest of the partitions writes as they do on average. `None`: none writes.
    pub(crate) fn skew_of_partitions(&self) -> Option<f64> {
        skew(self.partitions.iter().map(|partition| sums(&self.demands[partition.first..partition.end]).0))
    }

    /// The same of the partition keys, over which the code spreads what it writes.
    pub(crate) fn skew_of_keys(&self) -> Option<f64> {
        skew(self.demands.chunk_by(|one, other| one.place.pk == other.place.pk).map(|key| sums(key).0))
    }

    /// All that is asked for.
    pub(crate) fn demands(&self) -> &[Demand] {
        &self.demands
    }
}

/// Takes what is asked for in a second, first of what the second brings, then of what was kept. Returns what is refused.
fn spend(spare: &mut f64, a_second: f64, asked: f64) -> f64 {
    let missing = asked - a_second;
    if missing <= 0.0 {
        *spare = (*spare - missing).min(BURST_SECONDS * a_second);
        return 0.0;
    }
    let kept = missing.min(*spare);
    *spare -= kept;
    missing - kept
}

fn sums(demands: &[Demand]) -> (f64, f64) {
    demands.iter().fold((0.0, 0.0), |(writes, reads), demand| (writes + demand.writes, reads + demand.reads))
}

/// The largest by the mean, of those that are something.
fn skew(writes: impl Iterator<Item = f64>) -> Option<f64> {
    let writes = writes.filter(|writes| *writes > 0.0);
    let (sum, count, most) = writes.fold((0.0, 0.0, 0.0_f64), |(sum, count, most), one| (sum + one, count + 1.0, most.max(one)));
    (sum > 0.0).then(|| most * count / sum)
}

/// Before which of the places a cut leaves the least to the hotter half. `None`: there is only one place.
fn best_cut(demands: &[Demand]) -> Option<usize> {
    let load = |writes: f64, reads: f64| (writes / WRITES_PER_SECOND).max(reads / READS_PER_SECOND);
    let (all_writes, all_reads) = sums(demands);
    let (mut writes, mut reads) = (0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (nth, demand) in demands.iter().enumerate().take(demands.len().saturating_sub(1)) {
        writes += demand.writes;
        reads += demand.reads;
        let hotter = load(writes, reads).max(load(all_writes - writes, all_reads - reads));
        if best.is_none_or(|(least, _)| hotter < least) {
            best = Some((hotter, nth + 1));
        }
    }
    best.map(|(_, cut)| cut)
}
