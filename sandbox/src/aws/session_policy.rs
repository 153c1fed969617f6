//! The session policy of an assumed role, as far as actions go.

use serde::Deserialize;

/// A policy that narrows what a session may do. Resources and conditions are not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct SessionPolicy {
    #[serde(rename = "Statement")]
    statements: OneOrMany<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Statement {
    #[serde(rename = "Effect")]
    effect: Effect,
    #[serde(rename = "Action")]
    actions: OneOrMany<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

impl SessionPolicy {
    /// Reads a policy document; `None` where it is malformed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether an action such as `config:SelectResourceConfig` is allowed: a denial outweighs.
    pub(crate) fn allows(&self, action: &str) -> bool {
        let any = |effect| {
            let mut statements =
                self.statements.as_slice().iter().filter(|statement| statement.effect == effect);
            statements
                .any(|statement| statement.actions.as_slice().iter().any(|pattern| matches(pattern, action)))
        };
        any(Effect::Allow) && !any(Effect::Deny)
    }
}

/// Whether an action fits a pattern with `*` and `?`, whatever the case.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    fits(pattern.as_bytes(), action.as_bytes())
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // One backtracking point is enough: a later star makes the choices at an earlier one irrelevant.
    let (mut at, mut in_text, mut star) = (0, 0, None);
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => match star {
                Some((star_at, from)) => {
                    star = Some((star_at, from + 1));
                    at = star_at + 1;
                    in_text = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_policies() {
        for (pattern, action, expected) in [
            ("config:Select*", "config:SelectResourceConfig", true),
            ("*", "ec2:DescribeRegions", true),
            ("ec2:Describe?egions", "ec2:DescribeRegions", true),
            ("EC2:describeregions", "ec2:DescribeRegions", true),
            ("config:*Config", "config:SelectResourceConfigs", false),
            ("config:Get*", "config:ListDiscoveredResources", false),
        ] {
            assert_eq!(matches(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn a_denial_outweighs_and_nonsense_is_malformed() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["config:*","tag:GetResources"],"Resource":"*"},
            {"Effect":"Deny","Action":"config:Put*","Resource":"*"}]}"#;
        let policy = SessionPolicy::read(text).unwrap();
        assert!(policy.allows("config:SelectResourceConfig"));
        assert!(!policy.allows("config:PutEvaluations"));
        assert!(!policy.allows("ec2:DescribeRegions"));
        assert_eq!(SessionPolicy::read("{}"), None);
    }
}
