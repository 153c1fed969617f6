//! The accounts and regions of the estate.

use super::code::hash;

/// One AWS account of the organisation.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The regions that hold resources; the first is the home region, where IAM is recorded.
pub(crate) const REGIONS: [&str; 3] = ["eu-central-1", "eu-west-1", "us-east-1"];
/// How many regions hold resources.
pub(crate) const REGION_COUNT: usize = REGIONS.len();
/// Regions that AWS knows and no account of the estate has opted in to.
pub(crate) const NOT_OPTED_IN: [&str; 3] = ["ap-east-1", "eu-south-1", "me-south-1"];
/// The region name of what belongs to no region.
pub(crate) const GLOBAL: &str = "global";

const FIELDS: [&str; 10] =
    ["bus", "tram", "fahrplan", "ticketing", "leitstelle", "depot", "netz", "daten", "kasse", "abo"];
const PLACES: [&str; 8] = ["nord", "sued", "ost", "west", "mitte", "prod", "test", "labor"];

/// The index of an enabled region by its name.
pub(crate) fn region_index(name: &str) -> Option<usize> {
    REGIONS.iter().position(|region| *region == name)
}

/// Makes the account with this place in the organisation; ids and names differ for different places.
pub(crate) fn account(seed: u64, at: usize) -> Account {
    let name = {
        let field = FIELDS[at % FIELDS.len()];
        let place = PLACES[(at / FIELDS.len() + at) % PLACES.len()];
        match at / (FIELDS.len() * PLACES.len() / 2) {
            0 => format!("regio-{field}-{place}"),
            more => format!("regio-{field}-{place}-{}", more + 1),
        }
    };
    // The place goes into the last five digits, so two accounts never share an id.
    let id = format!("{:07}{:05}", 1_000_000 + hash(&[seed, at as u64, 1]) % 9_000_000, at * 37 % 100_000);
    Account { email: format!("aws+{name}@regiobus.example"), id, name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_and_names_of_two_hundred_accounts_differ() {
        let accounts: Vec<_> = (0..400).map(|at| account(7, at)).collect();
        assert!(accounts.iter().all(|account| account.id.len() == 12));
        assert_eq!(accounts.iter().map(|account| &account.id).collect::<BTreeSet<_>>().len(), 400);
        assert_eq!(accounts.iter().map(|account| &account.name).collect::<BTreeSet<_>>().len(), 400);
    }
}
