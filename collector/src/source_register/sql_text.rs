//! Handles SQL that people wrote into the settings: statements are kept to one.

/// Which database's rules of writing hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// What a piece of SQL turned out to be.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct OneStatement<'a> {
    /// The text without its closing semicolon.
    pub(super) text: &'a str,
    /// The names that stand in double quotes.
    pub(super) quoted_names: Vec<String>,
}

/// Makes sure that the text is one statement or expression that cannot leave the place it is put into.
///
/// # Errors
/// Says what else it is: empty, several statements, or unbalanced.
pub(super) fn one_statement(text: &str, dialect: Dialect) -> Result<OneStatement<'_>, String> {
    let mut scanner = Scanner { text, at: 0, dialect };
    let mut end = None;
    let mut depth = 0_usize;
    let mut empty = true;
    let mut quoted_names = Vec::new();
    while let Some(token) = scanner.next_token()? {
        if matches!(token, Token::Blank) {
            continue;
        }
        if let Token::Semicolon(at) = token {
            if depth > 0 {
                return Err("has a semicolon within parentheses".to_owned());
            }
            end.get_or_insert(at);
            continue;
        }
        if end.is_some() {
            return Err("has several statements where one is expected".to_owned());
        }
        empty = false;
        match token {
            Token::Open => depth += 1,
            Token::Close => {
                depth = depth.checked_sub(1).ok_or("closes a parenthesis that is not open")?;
            }
            Token::QuotedName(name) => quoted_names.push(name),
            Token::Other | Token::Blank | Token::Semicolon(_) => {}
        }
    }
    if empty {
        return Err("is empty".to_owned());
    }
    if depth > 0 {
        return Err("leaves a parenthesis open".to_owned());
    }
    Ok(OneStatement { text: &text[..end.unwrap_or(text.len())], quoted_names })
}

enum Token {
    Blank,
    Semicolon(usize),
    Open,
    Close,
    QuotedName(String),
    Other,
}

/// Walks over SQL far enough to know what is text, name or comment; it does not understand the rest.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

impl Scanner<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, String> {
        let start = self.at;
        let rest = &self.text[start..];
        let Some(c) = rest.chars().next() else { return Ok(None) };
        self.at += c.len_utf8();
        let postgres = self.dialect == Dialect::Postgres;
        Ok(Some(match c {
            _ if c.is_whitespace() => Token::Blank,
            ';' => Token::Semicolon(start),
            '(' => Token::Open,
            ')' => Token::Close,
            '\'' => {
                self.skip_quoted('\'', postgres && self.follows_escape_prefix(start))?;
                Token::Other
            }
            '"' => {
                self.skip_quoted('"', false)?;
                Token::QuotedName(self.text[start + 1..self.at - 1].replace("\"\"", "\""))
            }
            '`' if !postgres => {
                self.skip_quoted('`', false)?;
                Token::Other
            }
            '[' if !postgres => {
                self.skip_past("]", "a bracket")?;
                Token::Other
            }
            '-' if rest.starts_with("--") => {
                self.at = rest.find('\n').map_or(self.text.len(), |end| start + end + 1);
                Token::Blank
            }
            '/' if rest.starts_with("/*") => {
                self.skip_comment()?;
                Token::Blank
            }
            '$' if postgres && !self.follows_word(start) => {
                self.skip_dollar_quoted(start)?;
                Token::Other
            }
            '\0' => return Err("has a NUL character".to_owned()),
            _ => Token::Other,
        }))
    }

    fn follows_word(&self, at: usize) -> bool {
        self.text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
    }

    /// Tells whether an `E` of its own stands before: only then a backslash escapes.
    fn follows_escape_prefix(&self, at: usize) -> bool {
        let before = &self.text[..at];
        before.ends_with(['e', 'E']) && !self.follows_word(at - 1)
    }

    fn skip_quoted(&mut self, quote: char, backslash_escapes: bool) -> Result<(), String> {
        let mut chars = self.text[self.at..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if c == '\\' && backslash_escapes {
                chars.next();
            } else if c == quote {
                if chars.peek().is_some_and(|&(_, next)| next == quote) {
                    chars.next();
                } else {
                    self.at += offset + 1;
                    return Ok(());
                }
            }
        }
        Err(format!("leaves a quote ({quote}) open"))
    }

    fn skip_past(&mut self, end: &str, what: &str) -> Result<(), String> {
        let found = self.text[self.at..].find(end).ok_or_else(|| format!("leaves {what} open"))?;
        self.at += found + end.len();
        Ok(())
    }

    /// Skips a comment; only PostgreSQL's nest.
    fn skip_comment(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut depth = 1;
        while depth > 0 {
            let rest = &self.text[self.at..];
            let close = rest.find("*/").ok_or("leaves a comment open")?;
            match rest.find("/*").filter(|&open| open < close && self.dialect == Dialect::Postgres) {
                Some(open) => {
                    depth += 1;
                    self.at += open + 2;
                }
                None => {
                    depth -= 1;
                    self.at += close + 2;
                }
            }
        }
        Ok(())
    }

    /// Skips `$tag$ ... $tag$`; a dollar that begins no such text is left alone.
    fn skip_dollar_quoted(&mut self, start: usize) -> Result<(), String> {
        let Some(length) = self.text[self.at..].find('$') else { return Ok(()) };
        let tag = &self.text[self.at..self.at + length];
        let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !tag.starts_with(|c: char| c.is_ascii_digit());
        if is_tag {
            let whole = self.text[start..=self.at + length].to_owned();
            self.at += length + 1;
            self.skip_past(&whole, "a dollar quote")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_semicolon_is_tolerated_and_a_second_statement_is_not() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let text = |sql| one_statement(sql, dialect).map(|one| one.text);
            assert_eq!(text("select 1 ; -- the end\n ;"), Ok("select 1 "));
            assert_eq!(
                text("select ';' /* ; */ from \"a;b\" -- ;"),
                Ok("select ';' /* ; */ from \"a;b\" -- ;")
            );
            assert!(text("select 1; drop table assets").unwrap_err().contains("several statements"));
            assert!(text("select 1) as x; drop table assets --").unwrap_err().contains("not open"));
            assert!(text("select (1").unwrap_err().contains("open"));
            assert!(text("select (1;)").is_err());
            assert!(text("select 'it''s").unwrap_err().contains("quote"));
            assert!(text("select 1 /* open").unwrap_err().contains("comment"));
            assert!(text(" -- nothing\n ; ").unwrap_err().contains("empty"));
        }
    }

    #[test]
    fn what_only_one_database_quotes_is_known() {
        let postgres = |sql| one_statement(sql, Dialect::Postgres).is_ok();
        assert!(postgres("select $$;)$$, $x$ ; $$ $x$, E'\\';', tags[1]"));
        assert!(postgres("select 1 /* /* nested ; */ ; */"));
        assert!(!postgres("select '\\'; drop table assets; --'"));
        assert!(!postgres("select $x$ open"));
        assert!(postgres("select a$b$c, 1"));
        let sqlite = |sql| one_statement(sql, Dialect::Sqlite).is_ok();
        assert!(sqlite("select [a;b], `c;d`"));
        assert!(!sqlite("select [a"));
    }

    #[test]
    fn names_in_double_quotes_are_reported() {
        let one = one_statement("\"art\" = 'aws' and \"a\"\"b\" > 1", Dialect::Sqlite).unwrap();
        assert_eq!(one.quoted_names, ["art", "a\"b"]);
    }
}
