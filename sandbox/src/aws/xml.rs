//! Writes the XML of the query protocols.

/// A growing XML document.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// Opens an element.
    pub(crate) fn open(&mut self, name: &str) -> &mut Self {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        self
    }

    /// Opens an element with one attribute.
    pub(crate) fn open_with(&mut self, name: &str, attribute: &str, value: &str) -> &mut Self {
        self.text.push_str(&format!("<{name} {attribute}=\""));
        self.escape(value);
        self.text.push_str("\">");
        self
    }

    /// Closes an element.
    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.text.push_str("</");
        self.open_tail(name)
    }

    fn open_tail(&mut self, name: &str) -> &mut Self {
        self.text.push_str(name);
        self.text.push('>');
        self
    }

    /// Writes an element that holds text.
    pub(crate) fn leaf(&mut self, name: &str, value: &str) -> &mut Self {
        self.open(name).escape(value);
        self.close(name)
    }

    /// Writes an element round what `inner` writes.
    pub(crate) fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        inner(self);
        self.close(name)
    }

    /// The document.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn escape(&mut self, value: &str) {
        for letter in value.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                // XML 1.0 has no way to write these.
                control if control.is_control() && !matches!(control, '\t' | '\n' | '\r') => {
                    self.text.push('\u{fffd}')
                }
                other => self.text.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let mut xml = Xml::default();
        xml.within("a", |xml| {
            xml.leaf("b", "<script>&\"\u{1}ü");
        });
        assert_eq!(xml.finish(), "<a><b>&lt;script&gt;&amp;&quot;\u{fffd}ü</b></a>");
    }
}
