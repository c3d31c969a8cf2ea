//! Many texts, looked for in another one all at once.
//!
//! At most places of a text nothing begins that is looked for, and one test against a small bit field says so.
//! Where something may begin, one short search in an ordered list finds all that does. So a text costs hardly
//! more with ten thousand entries than with ten, besides what it costs to report those that are found.

use std::collections::BTreeMap;
use std::iter::successors;
use std::ops::Range;

/// The fewest buckets: enough for a handful of entries to leave nearly all places of a text alone.
const MIN_BUCKETS: usize = 64;

/// Texts, each with a number of the caller's.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    /// A text is gone over once for each.
    tables: Vec<Table>,
}

impl Dictionary {
    /// A text may come more than once, under different numbers; none is empty.
    pub(super) fn new(texts: impl IntoIterator<Item = (String, usize)>) -> Self {
        let mut by_width: BTreeMap<u32, Vec<(String, usize)>> = BTreeMap::new();
        for (text, number) in texts {
            by_width.entry(width(&text)).or_default().push((text, number));
        }
        let mut tables = Vec::new();
        while let Some((width, mut texts)) = by_width.pop_last() {
            match by_width.last_entry() {
                Some(mut narrower) if texts.len() <= few(*narrower.key()) => {
                    narrower.get_mut().append(&mut texts);
                }
                _ => tables.push(Table::new(width, texts)),
            }
        }
        Self { tables }
    }

    /// Calls `found` with the number and the place of every entry wherever it stands in the text, each entry's
    /// places in their order.
    pub(super) fn find(&self, text: &str, mut found: impl FnMut(usize, Range<usize>)) {
        let mut padded = Vec::with_capacity(text.len() + 7);
        padded.extend_from_slice(text.as_bytes());
        padded.extend([0; 7]);
        for table in &self.tables {
            for (at, window) in padded.array_windows().enumerate() {
                let head = u64::from_le_bytes(*window);
                if table.may_have(head) {
                    table.look(&text.as_bytes()[at..], head, |number, len| {
                        found(number, at..at + len);
                    });
                }
            }
        }
    }

    /// Calls `found` with the number and the length of every entry that a text starts with.
    pub(super) fn starts(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        let head = head(text.as_bytes());
        for table in &self.tables {
            table.look(text.as_bytes(), head, &mut found);
        }
    }
}

/// How many bytes an entry is looked up by: its first four characters, whatever script they are of, but no more
/// than there are in a head.
fn width(text: &str) -> u32 {
    let bytes: usize = text.chars().take(4).map(char::len_utf8).sum();
    match bytes {
        8.. => 8,
        6 | 7 => 6,
        4 | 5 => 4,
        3 => 3,
        2 => 2,
        _ => 1,
    }
}

/// How many entries may be looked up by fewer bytes than they could: so few that the places where they seem to
/// begin cost less than going over the text once more. A place of a text has the same `width` bytes as a given
/// entry about once in `8^width`.
fn few(width: u32) -> usize {
    8_usize.pow(width - 1)
}

/// The first eight bytes of a text, zeros after its end.
fn head(text: &[u8]) -> u64 {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(text) {
        *to = *from;
    }
    u64::from_le_bytes(head)
}

/// Entries that are looked up by the same number of bytes.
#[derive(Debug, Clone)]
struct Table {
    /// Selects these bytes of a head.
    mask: u64,
    /// One more than a power of two; the last only says where the one before it ends.
    buckets: Vec<Bucket>,
    /// Ordered by bucket and there by text.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// The bits of its entries' heads. There are 64 to a bucket and at most as many entries as buckets, on average,
    /// so that one place in 64 passes for nothing, at most.
    bits: u64,
    /// Where its entries begin.
    first: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    /// The text's head as a number that grows with the alphabet.
    order: u64,
    text: Box<str>,
    /// The longest of the entries before it in the bucket that this one begins with.
    shorter: Option<usize>,
    number: usize,
}

impl Entry {
    /// Whether it begins a text of this order. Short entries are in their order as a whole.
    fn begins(&self, text: &[u8], order: u64) -> bool {
        let len = self.text.len();
        (self.order ^ order) >> (64 - 8 * len.min(8)) == 0
            && (len <= 8 || text.starts_with(self.text.as_bytes()))
    }
}

impl Table {
    fn new(width: u32, texts: Vec<(String, usize)>) -> Self {
        let buckets = texts.len().next_power_of_two().max(MIN_BUCKETS);
        let mut table = Self {
            mask: u64::MAX >> (64 - 8 * width),
            buckets: vec![Bucket { bits: 0, first: 0 }; buckets + 1],
            entries: Vec::with_capacity(texts.len()),
        };
        let mut texts: Vec<_> = texts
            .into_iter()
            .map(|(text, number)| {
                let (bucket, bit) = table.hash(head(text.as_bytes()));
                (bucket, text, number, bit)
            })
            .collect();
        texts.sort_unstable();
        let mut bucket_before = None;
        for (bucket, text, number, bit) in texts {
            table.buckets[bucket].bits |= bit;
            table.buckets[bucket + 1].first += 1;
            let before = (bucket_before == Some(bucket)).then(|| table.entries.len() - 1);
            bucket_before = Some(bucket);
            let shorter = successors(before, |&entry| table.entries[entry].shorter)
                .find(|&entry| text.starts_with(&*table.entries[entry].text));
            table.entries.push(Entry {
                order: head(text.as_bytes()).swap_bytes(),
                text: text.into_boxed_str(),
                shorter,
                number,
            });
        }
        // So far `first` is how many entries the bucket before has.
        let mut first = 0;
        for bucket in &mut table.buckets {
            first += bucket.first;
            bucket.first = first;
        }
        table
    }

    /// The bucket of a head and its bit there: the upper bits of its product with 2^64 divided by the golden ratio,
    /// which depend on all of it (Knuth, TAOCP 6.4).
    fn hash(&self, head: u64) -> (usize, u64) {
        let hash = (head & self.mask).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (
            (hash >> 40) as usize & (self.buckets.len() - 2),
            1 << (hash >> 58),
        )
    }

    /// Whether an entry may begin a text with this head.
    fn may_have(&self, head: u64) -> bool {
        let (bucket, bit) = self.hash(head);
        self.buckets[bucket].bits & bit != 0
    }

    /// Calls `found` with the number and the length of all entries that begin a text with this head.
    ///
    /// The last entry that does not come after the text in the alphabet either begins it, or begins with all that
    /// do: what stands between a text and a beginning of it has the same beginning.
    #[inline(never)] // `find` is a short loop over `may_have`, and twice as fast without this in its midst.
    fn look(&self, text: &[u8], head: u64, mut found: impl FnMut(usize, usize)) {
        let (bucket, _) = self.hash(head);
        let (first, end) = (self.buckets[bucket].first, self.buckets[bucket + 1].first);
        let order = head.swap_bytes();
        let not_after = self.entries[first..end]
            .partition_point(|entry| (entry.order, entry.text.as_bytes()) <= (order, text));
        let last = not_after.checked_sub(1).map(|last| &self.entries[first + last]);
        successors(last, |entry| entry.shorter.map(|entry| &self.entries[entry]))
            .skip_while(|entry| !entry.begins(text, order))
            .for_each(|entry| found(entry.number, entry.text.len()));
    }
}
