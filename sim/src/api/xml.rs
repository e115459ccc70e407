//! XML as EC2 writes it: elements, text, and lists of `item`.

use std::fmt::{Display, Write};

/// A document being written.
#[derive(Debug, Clone, Default)]
pub struct Xml(String);

impl Xml {
    /// An element with text.
    pub fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.within(name, |xml| {
            // Writing to a string cannot fail.
            let _ = write!(Escaped(&mut xml.0), "{value}");
        })
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
        mut content: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.within("item", |xml| content(xml, item));
            }
        })
    }

    /// The answer to an action.
    pub fn into_response(self, action: &str, request_id: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>{request_id}</requestId>{}</{action}Response>",
            self.0
        )
    }

    /// EC2's error form.
    pub fn error(code: &str, message: &str, request_id: &str) -> String {
        let mut xml = Xml::default();
        xml.within("Response", |xml| {
            xml.within("Errors", |xml| {
                xml.within("Error", |xml| {
                    xml.text("Code", code).text("Message", message);
                });
            });
            xml.text("RequestID", request_id);
        });
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", xml.0)
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
