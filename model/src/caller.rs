//! Whether two callers of AWS are the same one, by the ARNs that STS tells of them.

/// The roles of IAM Identity Center: it names their sessions after the person, and nobody else can assume them.
const IDENTITY_CENTER: &str = "AWSReservedSSO_";

/// Tells whether the second caller is surely another one than the first.
///
/// Whoever assumes a role chooses the session's name, so that two sessions of one role may be one person; only IAM
/// Identity Center vouches for the name. What is no ARN vouches for nothing.
pub fn is_another(first: &str, second: &str) -> bool {
    match (identity(first), identity(second)) {
        (Some(first), Some(second)) => first != second,
        (_, None) | (None, _) => false,
    }
}

/// The part of an ARN that names who it is: the account, and the user or the role; with its session where that tells.
fn identity(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(_), Some("sts" | "iam"), Some(""), Some(account), Some(name)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if account.is_empty() || name.is_empty() {
        return None;
    }
    let Some(session) = name.strip_prefix("assumed-role/") else { return Some((account, name)) };
    let role = session.split('/').next()?;
    Some((account, if role.starts_with(IDENTITY_CENTER) { session } else { role }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "arn:aws:sts::111122223333:assumed-role/bestand-task/5f2c";
    const ADMIN: &str = "arn:aws:sts::111122223333:assumed-role/admin/anna";
    const ANNA: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/anna@example.org";
    const BERT: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1a2b/bert@example.org";
    const USER: &str = "arn:aws:iam::111122223333:user/anna";

    #[test]
    fn semantics_3_8_another_role_user_person_or_account_is_another_identity() {
        for (first, second) in [(JOB, ADMIN), (JOB, ANNA), (ANNA, BERT), (USER, ANNA), (USER, ADMIN)] {
            assert!(is_another(first, second) && is_another(second, first), "{first} and {second}");
        }
        assert!(is_another(USER, "arn:aws:iam::444455556666:user/anna"));
    }

    #[test]
    fn semantics_3_8_another_session_of_a_role_is_no_other_identity() {
        assert!(!is_another(ADMIN, "arn:aws:sts::111122223333:assumed-role/admin/bert"));
        assert!(!is_another(ANNA, ANNA));
        assert!(!is_another(USER, USER));
    }

    #[test]
    fn semantics_3_8_who_cannot_be_told_is_no_other_identity() {
        for odd in ["", "anna", "arn:aws:sts::111122223333", "arn:aws:sts:::assumed-role/admin/anna"] {
            assert!(!is_another(odd, ADMIN) && !is_another(ADMIN, odd), "{odd}");
        }
    }
}
