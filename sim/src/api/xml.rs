//! XML as AWS writes it: elements, text, and lists of `item` or, beside EC2, of `member`.

use std::fmt::{Display, Write};

/// A document being written.
#[derive(Debug, Clone, Default)]
pub struct Xml(String);

impl Xml {
    /// An element with text.
    pub fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.within(name, |xml| xml.value(value))
    }

    /// An element with text, if there is any.
    pub fn some(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// An element with whatever `content` writes.
    pub fn within(&mut self, name: &str, content: impl FnOnce(&mut Xml)) -> &mut Self {
        self.0.extend(["<", name, ">"]);
        content(self);
        self.0.extend(["</", name, ">"]);
        self
    }

    /// An element with nothing but an element with text.
    pub fn nested(&mut self, name: &str, inner: &str, value: impl Display) -> &mut Self {
        self.within(name, |xml| {
            xml.text(inner, value);
        })
    }

    /// A list: an element with an `item` for each.
    pub fn set<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        content: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.list(name, "item", items, content)
    }

    /// A list as services other than EC2 write it: with a `member` for each.
    pub fn members<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        content: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.list(name, "member", items, content)
    }

    fn list<T>(
        &mut self,
        name: &str,
        each: &str,
        items: impl IntoIterator<Item = T>,
        mut content: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.within(each, |xml| content(xml, item));
            }
        })
    }

    /// The text of a list's item that is nothing but text.
    pub fn value(&mut self, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(Escaped(&mut self.0), "{value}");
    }

    /// The document's element, with its namespace.
    pub fn root(&mut self, name: &str, namespace: &str, content: impl FnOnce(&mut Xml)) {
        self.0.extend(["<", name, " xmlns=\"", namespace, "\">"]);
        content(self);
        self.0.extend(["</", name, ">"]);
    }

    /// What was written apart.
    pub fn append(&mut self, other: Xml) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// The whole document.
    pub fn into_document(self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.0)
    }
}

/// Writes text so that XML takes it as text.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '\r' => self.0.push_str("&#13;"),
                // XML 1.0 has no way to write the other control characters.
                c if c.is_control() && !matches!(c, '\n' | '\t') => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}
