//! Page tokens, and pages that are not full although more follows.

use crate::estate::code::{hash, open64, seal64};

/// What one listing asks for, hashed; a token of one listing is worth nothing in another.
pub(crate) type Listing = u64;

/// Where a listing stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The next position: its meaning is the listing's own.
    pub(crate) position: u64,
    /// How many pages were given before.
    pub(crate) page: u32,
}

/// Writes and reads tokens under the sandbox's seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    seed: u64,
}

impl Tokens {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Writes a token.
    pub(crate) fn write(self, listing: Listing, cursor: Cursor) -> String {
        let sealed = seal64(self.key(listing), cursor.position);
        let page = seal64(self.key(listing), u64::from(cursor.page));
        format!("{sealed:016x}{page:016x}{:016x}", self.check(listing, cursor))
    }

    /// Reads a token; `None` where it is not one of this listing.
    pub(crate) fn read(self, listing: Listing, token: &str) -> Option<Cursor> {
        let part = |at: usize| u64::from_str_radix(token.get(16 * at..16 * (at + 1))?, 16).ok();
        let position = open64(self.key(listing), part(0)?);
        let page = u32::try_from(open64(self.key(listing), part(1)?)).ok()?;
        let cursor = Cursor { position, page };
        (token.len() == 48 && part(2)? == self.check(listing, cursor)).then_some(cursor)
    }

    /// How many entries a page really gets: mostly the limit, sometimes half of it, sometimes none. AWS does
    /// so too; only a missing token ends a listing.
    pub(crate) fn page_size(self, listing: Listing, page: u32, limit: usize) -> usize {
        match hash(&[self.seed, listing, u64::from(page), 40]) % 40 {
            0 => 0,
            1 | 2 => limit.div_ceil(2),
            _ => limit,
        }
    }

    fn key(self, listing: Listing) -> u64 {
        hash(&[self.seed, listing, 41])
    }

    fn check(self, listing: Listing, cursor: Cursor) -> u64 {
        hash(&[self.seed, listing, cursor.position, u64::from(cursor.page), 42])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_in_its_own_listing_only() {
        let tokens = Tokens::new(3);
        let cursor = Cursor { position: 7 << 32 | 99, page: 4 };
        let token = tokens.write(11, cursor);
        assert_eq!(tokens.read(11, &token), Some(cursor));
        assert_eq!(tokens.read(12, &token), None);
        assert_eq!(tokens.read(11, &format!("{token}0")), None);
        assert_eq!(tokens.read(11, "0123456789abcdef"), None);
        assert_eq!(tokens.read(11, &token.replacen(&token[..1], "é", 1)), None);
        assert_eq!(Tokens::new(4).read(11, &token), None);
    }

    #[test]
    fn some_pages_are_empty_and_some_are_short() {
        let tokens = Tokens::new(3);
        let sizes: Vec<_> = (0..400).map(|page| tokens.page_size(1, page, 100)).collect();
        for size in [0, 50, 100] {
            assert!(sizes.contains(&size));
        }
    }
}
