//! The policies that follow from the table of actions.

use serde_json::{Value, json};

use super::{Action, Caller};

/// Gives the policy of the role in a member account: what bestand calls there, and nothing else.
pub fn member_policy() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "BestandReads",
            "Effect": "Allow",
            "Action": names(Caller::Member),
            // The actions narrow it: what an account has is what is asked for.
            "Resource": "*",
        }],
    })
}

/// Gives the policy of the job's own role: the directory, the aggregator, and the one role in every account.
pub fn home_policy(partition: &str, role_name: &str) -> Value {
    let reads: Vec<&str> = names(Caller::Home).into_iter().filter(|name| !name.starts_with("sts:")).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "BestandReads", "Effect": "Allow", "Action": reads, "Resource": "*"},
            {
                "Sid": "BestandEnters",
                "Effect": "Allow",
                "Action": Action::AssumeRole.name(),
                "Resource": format!("arn:{partition}:iam::*:role/{role_name}"),
            },
        ],
    })
}

/// Gives the inline policy that is passed with each `AssumeRole`: the session can do no more than bestand needs,
/// even where the role is broader.
pub fn session_policy() -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": names(Caller::Member), "Resource": "*"}],
    })
    .to_string()
}

/// The names of a caller's actions, sorted as people read policies.
fn names(caller: Caller) -> Vec<&'static str> {
    let mut names: Vec<_> =
        Action::ALL.into_iter().filter(|action| action.caller() == caller).map(Action::name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The limit of STS for inline session policies.
    const MAX_CHARACTERS: usize = 2048;

    #[test]
    fn the_session_policy_fits_and_only_reads() {
        let policy = session_policy();
        assert!(policy.len() <= MAX_CHARACTERS, "{}", policy.len());
        for action in Action::ALL.into_iter().filter(|action| action.caller() == Caller::Member) {
            assert!(
                ["Describe", "Get", "Select", "List", "BatchGet"]
                    .iter()
                    .any(|read| action.operation().starts_with(read)),
                "{action}"
            );
            assert!(policy.contains(action.name()));
        }
        assert!(!policy.contains("*\"]") && !policy.contains("config:*"));
    }

    #[test]
    fn every_action_stands_once_in_the_table_and_in_one_policy() {
        let all: BTreeSet<_> = Action::ALL.into_iter().map(Action::name).collect();
        assert_eq!(all.len(), Action::ALL.len());
        let home = home_policy("aws", "bestand-reader").to_string();
        let member = member_policy().to_string();
        for action in Action::ALL {
            let quoted = format!("\"{action}\"");
            let expected = match (action.caller(), action) {
                // Nobody can be forbidden to ask who they are, and nobody need be allowed.
                (_, Action::GetCallerIdentity) => (false, false),
                (Caller::Home, _) => (true, false),
                (Caller::Member, _) => (false, true),
            };
            assert_eq!((home.contains(&quoted), member.contains(&quoted)), expected, "{action}");
        }
    }

    #[test]
    fn the_job_enters_one_role_by_name_only() {
        let home = home_policy("aws-cn", "bestand-reader");
        assert_eq!(home["Statement"][1]["Resource"], "arn:aws-cn:iam::*:role/bestand-reader");
    }
}
