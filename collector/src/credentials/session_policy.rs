//! What bestand may do in an account, and does: one table for the code, the session policy and the role.

use serde_json::json;

/// Calls made with a member account's role session.
pub(crate) mod action {
    pub(crate) const DESCRIBE_RECORDERS: &str = "config:DescribeConfigurationRecorders";
    pub(crate) const DESCRIBE_RECORDER_STATUS: &str = "config:DescribeConfigurationRecorderStatus";
    pub(crate) const GET_COUNTS: &str = "config:GetDiscoveredResourceCounts";
    pub(crate) const SELECT: &str = "config:SelectResourceConfig";
    pub(crate) const DESCRIBE_REGIONS: &str = "ec2:DescribeRegions";
}

/// Every action that bestand calls in a member account.
pub const ACTIONS: &[&str] = &[
    action::DESCRIBE_RECORDERS,
    action::DESCRIBE_RECORDER_STATUS,
    action::GET_COUNTS,
    action::SELECT,
    action::DESCRIBE_REGIONS,
];

/// Every action that bestand calls with its own credentials.
pub const HOME_ACTIONS: &[&str] = &[
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "sts:AssumeRole",
];

/// Gives the inline policy that is passed with each `AssumeRole`: the session can do no more than bestand
/// needs, even where the member role is broader.
pub fn session_policy() -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit of STS for inline session policies.
    const MAX_CHARACTERS: usize = 2048;

    #[test]
    fn the_session_policy_fits_and_only_reads() {
        let policy = session_policy();
        assert!(policy.len() <= MAX_CHARACTERS, "{}", policy.len());
        for action in ACTIONS {
            let verb = action.split_once(':').unwrap().1;
            assert!(
                ["Describe", "Get", "Select", "List", "BatchGet"].iter().any(|read| verb.starts_with(read))
            );
            assert!(policy.contains(action));
        }
        assert!(!policy.contains("*\"]") && !policy.contains("config:*"));
    }
}
