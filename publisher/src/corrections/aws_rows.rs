//! Reads from the `aws_rows` condition what a new row must say to be an AWS row, where it is simple enough:
//! equalities joined by AND.

/// A column and the value that it must have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fixed {
    /// The column as the database spells it.
    pub(super) column: String,
    /// The value's text.
    pub(super) value: String,
}

/// Gives the equalities, or nothing where the condition says anything else.
pub(super) fn fixed(condition: &str) -> Option<Vec<Fixed>> {
    let mut rest = condition.trim();
    let mut found = Vec::new();
    loop {
        let (column, after) = name(rest)?;
        let after = after.trim_start().strip_prefix('=')?;
        let (value, after) = literal(after.trim_start())?;
        found.push(Fixed { column, value });
        let next = after.trim_start();
        if next.is_empty() {
            return Some(found);
        }
        let (word, after_and) = next.split_at_checked(3)?;
        let stands_alone = after.len() > next.len() && after_and.starts_with(char::is_whitespace);
        if !word.eq_ignore_ascii_case("and") || !stands_alone {
            return None;
        }
        rest = after_and.trim_start();
    }
}

/// Reads a name. PostgreSQL takes what is not quoted for lower case, and SQLite does not tell case apart.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('"') {
        let (inner, rest) = rest.split_once('"')?;
        return (!inner.is_empty() && !rest.starts_with('"')).then(|| (inner.to_owned(), rest));
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    is_name.then(|| (word.to_ascii_lowercase(), rest))
}

/// Reads a text, or a whole number.
fn literal(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('\'') {
        let mut value = String::new();
        let mut pieces = rest;
        loop {
            let (piece, after) = pieces.split_once('\'')?;
            value.push_str(piece);
            match after.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    pieces = more;
                }
                None => return Some((value, after)),
            }
        }
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (!digits.is_empty()).then(|| (digits.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(condition: &str) -> Option<Vec<(String, String)>> {
        Some(fixed(condition)?.into_iter().map(|fixed| (fixed.column, fixed.value)).collect())
    }

    fn expected(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn equalities_are_understood() {
        assert_eq!(pairs("is_aws = 1"), expected(&[("is_aws", "1")]));
        assert_eq!(
            pairs(" Kind='aws'  AND \"Art\" = 'it''s' "),
            expected(&[("kind", "aws"), ("Art", "it's")])
        );
    }

    #[test]
    fn anything_else_is_not_guessed() {
        for condition in [
            "",
            "kind in ('aws')",
            "kind = 'aws' or kind = 'cloud'",
            "not kind = 'aws'",
            "kind = 'aws' and",
            "kind = 'aws'and x = 1",
            "kind = lower('AWS')",
            "kind = 1.5",
            "kind = 'aws",
            "kind <> 'aws'",
            "kind = 'aws' -- x",
        ] {
            assert_eq!(pairs(condition), None, "{condition}");
        }
    }
}
