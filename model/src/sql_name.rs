//! Writes names of tables and columns into SQL so that they stay names, whatever they are made of.

/// Quotes a name so that the database takes it letter by letter.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a table's name, in which a dot outside double quotes parts schema from table.
///
/// # Errors
/// A part is empty, a quote is not closed, or there is a NUL character.
pub fn quoted_table(name: &str) -> Result<String, String> {
    let mut parts = vec![String::new()];
    let mut in_quotes = false;
    let mut chars = name.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let Some(part) = parts.last_mut() else { break };
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' if in_quotes || part.is_empty() => in_quotes = !in_quotes,
            '.' if !in_quotes => parts.push(String::new()),
            '\0' => return Err(format!("table `{name}` has a NUL character in its name")),
            other => part.push(other),
        }
    }
    if in_quotes || parts.iter().any(String::is_empty) {
        return Err(format!("table `{name}` is no name: expected table or schema.table"));
    }
    Ok(parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_a_dot_parts_schema_from_table() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted_table("assets").unwrap(), "\"assets\"");
        assert_eq!(quoted_table("itk.Assets").unwrap(), "\"itk\".\"Assets\"");
        assert_eq!(quoted_table("\"a.b\".\"c\"\"d\"").unwrap(), "\"a.b\".\"c\"\"d\"");
        assert_eq!(quoted_table("x; drop table y").unwrap(), "\"x; drop table y\"");
        for wrong in ["", ".", "a.", "a..b", "\"a"] {
            assert!(quoted_table(wrong).is_err(), "{wrong}");
        }
    }
}
