//! Judges what was drawn by its elements: whether they are closed, and where they are.

use std::collections::HashMap;

use super::super::pen;

/// An element: its name, its attributes, and the text that follows its tag.
#[derive(Debug)]
pub struct Element<'a> {
    pub name: &'a str,
    pub attributes: HashMap<&'a str, &'a str>,
    pub text: &'a str,
}

/// Every element; panics unless each is closed in its turn and its attributes are quoted.
pub fn well_formed(document: &str) -> Vec<Element<'_>> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut pieces = document.split('<');
    assert_eq!(pieces.next().unwrap().trim(), "", "text before the first element");
    for piece in pieces {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("not closed: <{piece}"));
        assert!(!text.contains('>'), "a bare > in {text}");
        for rest in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let entity = rest.split_once(';').unwrap_or_else(|| panic!("a bare & before {rest}"));
            assert!(["amp", "lt", "gt", "quot", "apos", "#39"].contains(&entity.0), "{rest}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in the wrong place");
            continue;
        }
        let (inner, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        if !is_closed {
            open.push(name);
        }
        all.push(Element { name, attributes: quoted(attributes), text });
    }
    assert_eq!(open, Vec::<&str>::new(), "not closed");
    all
}

fn quoted(attributes: &str) -> HashMap<&str, &str> {
    let mut parts: Vec<&str> = attributes.split('"').collect();
    assert_eq!(parts.pop().unwrap().trim(), "", "not quoted: {attributes}");
    let pair = |pair: &[&'_ str]| pair.len() == 2 && pair[0].ends_with('=');
    assert!(parts.chunks(2).all(pair), "not quoted: {attributes}");
    parts.chunks(2).map(|pair| (pair[0].trim().trim_end_matches('='), pair[1])).collect()
}

impl Element<'_> {
    fn number(&self, name: &str) -> f64 {
        let value = self.attributes.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.parse().unwrap_or_else(|_| panic!("{name} is no number: {self:?}"))
    }

    /// Left, top, right and bottom.
    pub fn bounds(&self) -> [f64; 4] {
        let number = |name| self.number(name);
        match self.name {
            "svg" => [0.0, 0.0, number("width"), number("height")],
            "rect" => {
                let [x, y, width, height] = ["x", "y", "width", "height"].map(number);
                assert!(width >= 0.0 && height >= 0.0, "inside out: {self:?}");
                [x, y, x + width, y + height]
            }
            "circle" => {
                let [x, y, r] = ["cx", "cy", "r"].map(number);
                [x - r, y - r, x + r, y + r]
            }
            "line" => around(&[number("x1"), number("x2")], &[number("y1"), number("y2")]),
            "polyline" | "polygon" => {
                let points = self.attributes["points"].split_whitespace();
                let points = points.map(|point| point.split_once(',').unwrap());
                let number = |text: &str| text.parse::<f64>().unwrap();
                let (x, y): (Vec<_>, Vec<_>) = points.map(|(x, y)| (number(x), number(y))).unzip();
                around(&x, &y)
            }
            "text" => self.text_bounds(),
            other => panic!("{other} is not known here"),
        }
    }

    fn text_bounds(&self) -> [f64; 4] {
        let [x, y, size] = ["x", "y", "font-size"].map(|name| self.number(name));
        assert!(size >= 10.99, "too small to be read: {self:?}");
        let is_bold = self.attributes.get("font-weight") == Some(&"bold");
        let wide = if is_bold { size * pen::BOLD } else { size };
        let width = f64::from(pen::width(self.text.trim(), wide));
        let left = match self.attributes["text-anchor"] {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        [left, y - size / 2.0, left + width, y + size / 2.0]
    }
}

fn around(x: &[f64], y: &[f64]) -> [f64; 4] {
    let least = |all: &[f64]| all.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |all: &[f64]| all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if x.is_empty() { [0.0; 4] } else { [least(x), least(y), most(x), most(y)] }
}
