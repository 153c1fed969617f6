//! Reads a report as a browser's tokenizer does (WHATWG HTML 13.2.5), so that a name that breaks out is seen.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// An element with its attributes and the text up to the next tag.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

/// A page in its tokens.
pub(crate) struct Page {
    elements: Vec<Element>,
    text: String,
}

impl Page {
    pub(crate) fn parse(html: &str) -> Self {
        let mut emitter = DefaultEmitter::<()>::new_with_span();
        emitter.naively_switch_states(true);
        let mut page = Self { elements: Vec::new(), text: String::new() };
        let mut inside = String::new();
        for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Token::StartTag(tag) => {
                    inside = String::from_utf8_lossy(&tag.name).into_owned();
                    let attributes = tag.attributes.iter();
                    page.elements.push(Element {
                        name: inside.clone(),
                        attributes: attributes.map(|(name, value)| (lossy(name), lossy(value))).collect(),
                        text: String::new(),
                    });
                    page.text.push(' ');
                }
                Token::String(text) => {
                    let text = String::from_utf8_lossy(&text);
                    if let Some(last) = page.elements.last_mut().filter(|last| last.name == inside) {
                        last.text.push_str(&text);
                    }
                    if inside != "script" && inside != "style" {
                        page.text.push_str(&text);
                    }
                }
                Token::EndTag(_) => inside.clear(),
                Token::Error(error) => panic!("the page is no clean HTML: {error:?}"),
                Token::Comment(_) => panic!("the template writes no comments"),
                Token::Doctype(_) => {}
            }
        }
        page
    }

    /// Gives how often each element is there.
    pub(crate) fn elements(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for element in &self.elements {
            *counts.entry(element.name.as_str()).or_default() += 1;
        }
        counts
    }

    /// Gives the names of all attributes.
    pub(crate) fn attributes(&self) -> Vec<&str> {
        self.elements.iter().flat_map(|own| own.attributes.keys().map(String::as_str)).collect()
    }

    /// Gives where the links lead.
    pub(crate) fn links(&self) -> Vec<&str> {
        self.named("a").filter_map(|own| own.attributes.get("href")).map(String::as_str).collect()
    }

    /// Gives the contents of the script elements.
    pub(crate) fn scripts(&self) -> Vec<&str> {
        self.named("script").map(|own| own.text.as_str()).collect()
    }

    /// Gives the contents of the style elements.
    pub(crate) fn styles(&self) -> Vec<&str> {
        self.named("style").map(|own| own.text.as_str()).collect()
    }

    /// Gives the Content-Security-Policy.
    pub(crate) fn policy(&self) -> &str {
        let meta = self.named("meta").find(|own| own.attributes.contains_key("http-equiv")).unwrap();
        &meta.attributes["content"]
    }

    /// Gives the embedded findings.
    pub(crate) fn findings(&self) -> Vec<Value> {
        serde_json::from_str(self.block("findings")).unwrap()
    }

    /// Gives what the script knows beside the findings.
    pub(crate) fn words(&self) -> Value {
        serde_json::from_str(self.block("words")).unwrap()
    }

    /// Gives the pieces of text that are said in the reader's language: what each is made of, and its English text.
    pub(crate) fn told(&self) -> Vec<(&str, &str)> {
        let with =
            self.elements.iter().filter_map(|own| Some((own.attributes.get("data-t")?, own.text.trim())));
        with.map(|(made, text)| (made.as_str(), text)).collect()
    }

    /// Gives the values of an attribute.
    pub(crate) fn values_of(&self, attribute: &str) -> Vec<&str> {
        self.elements.iter().filter_map(|own| own.attributes.get(attribute)).map(String::as_str).collect()
    }

    /// Gives the text of the element with this attribute.
    pub(crate) fn text_of(&self, attribute: &str, value: &str) -> &str {
        let has = |own: &&Element| own.attributes.get(attribute).is_some_and(|own| own == value);
        self.elements.iter().find(has).unwrap().text.trim()
    }

    /// Gives what a reader without JavaScript sees, on one line.
    pub(crate) fn text(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(move |own| own.name == name)
    }

    fn block(&self, id: &str) -> &str {
        &self.named("script").find(|own| own.attributes.get("id").is_some_and(|own| own == id)).unwrap().text
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Gives the hash that a policy names a text by.
pub(crate) fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
