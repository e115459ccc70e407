//! Patterns of policies: `*` is any text, `?` any character, `${key}` what the request has for it.

use super::context::{Arity, Context, arity};
use super::document::PolicyError;

/// A pattern as a policy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Glyph(Glyph),
    /// A policy variable: a key, and what is taken where the request has no such key.
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A part of a pattern whose variables have been replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glyph {
    Char(char),
    Any,
    One,
}

/// How many parts an ARN has; the last may have colons.
const ARN_PARTS: usize = 6;

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(inside) = rest.strip_prefix("${") {
                let (name, after) = inside.split_once('}').ok_or_else(|| {
                    PolicyError(format!("the variable in \"{text}\" has no end: close it with }}"))
                })?;
                tokens.push(Token::variable(name)?);
                rest = after;
                continue;
            }
            tokens.push(Token::Glyph(match c {
                '*' => Glyph::Any,
                '?' => Glyph::One,
                c => Glyph::Char(c),
            }));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        Ok(Self(tokens))
    }

    /// Whether it has no variables.
    pub fn is_fixed(&self) -> bool {
        self.0.iter().all(|token| matches!(token, Token::Glyph(_)))
    }

    /// Whether it matches an action's name, whose case does not matter.
    pub fn matches_action(&self, action: &str) -> bool {
        let lower = |glyph: &Glyph| match *glyph {
            Glyph::Char(c) => Glyph::Char(c.to_ascii_lowercase()),
            glyph => glyph,
        };
        let glyphs = self.glyphs(&Context::default()).unwrap_or_default();
        let glyphs: Vec<_> = glyphs.iter().map(lower).collect();
        glob(&glyphs, &action.to_ascii_lowercase())
    }

    /// Whether it matches a resource's ARN.
    pub fn matches_resource(&self, resource: &str, context: &Context) -> bool {
        self.glyphs(context).is_some_and(|glyphs| glob(&glyphs, resource))
    }

    /// Whether it matches a text, wildcards and all; `None` if a variable has no value.
    pub fn is_like(&self, text: &str, context: &Context) -> Option<bool> {
        Some(glob(&self.glyphs(context)?, text))
    }

    /// Whether it is a text, wildcards being letters like others; `None` if a variable has no value.
    pub fn is(&self, text: &str, ignores_case: bool, context: &Context) -> Option<bool> {
        let wanted: String = self.glyphs(context)?.into_iter().map(Glyph::letter).collect();
        Some(if ignores_case {
            wanted.to_lowercase() == text.to_lowercase()
        } else {
            wanted == text
        })
    }

    /// Whether it matches an ARN, part by part; `None` if a variable has no value.
    pub fn is_arn_like(&self, arn: &str, context: &Context) -> Option<bool> {
        let glyphs = self.glyphs(context)?;
        let wanted: Vec<_> = glyphs.splitn(ARN_PARTS, |g| *g == Glyph::Char(':')).collect();
        let parts: Vec<_> = arn.splitn(ARN_PARTS, ':').collect();
        let is_arn = wanted.len() == ARN_PARTS && parts.len() == ARN_PARTS;
        Some(is_arn && wanted.iter().zip(parts).all(|(wanted, part)| glob(wanted, part)))
    }

    /// Its parts with each variable's value, whose letters stand for themselves.
    fn glyphs(&self, context: &Context) -> Option<Vec<Glyph>> {
        let mut glyphs = Vec::new();
        for token in &self.0 {
            match token {
                Token::Glyph(glyph) => glyphs.push(*glyph),
                Token::Variable { key, default } => {
                    let value = context.get(key).and_then(<[String]>::first);
                    glyphs.extend(value.or(default.as_ref())?.chars().map(Glyph::Char));
                }
            }
        }
        Some(glyphs)
    }
}

impl Token {
    /// What stands between `${` and `}`.
    fn variable(inside: &str) -> Result<Self, PolicyError> {
        if let Some(c @ ('*' | '?' | '$')) = inside.chars().next().filter(|_| inside.len() == 1) {
            return Ok(Self::Glyph(Glyph::Char(c)));
        }
        let (key, default) = match inside.split_once(',') {
            None => (inside.trim(), None),
            Some((key, default)) => {
                let quoted = default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''));
                let quoted = quoted.ok_or_else(|| {
                    PolicyError(format!("the default in ${{{inside}}} is not in single quotes"))
                })?;
                (key.trim(), Some(quoted.to_owned()))
            }
        };
        match arity(key) {
            Some(Arity::Single) => Ok(Self::Variable { key: key.to_owned(), default }),
            Some(Arity::Multiple) => {
                Err(PolicyError(format!("{key} has several values and so is no variable")))
            }
            None => Err(PolicyError(format!("this region has no variable {key}"))),
        }
    }
}

impl Glyph {
    fn letter(self) -> char {
        match self {
            Self::Char(c) => c,
            Self::Any => '*',
            Self::One => '?',
        }
    }
}

/// Whether a text is as the glyphs say.
fn glob(pattern: &[Glyph], text: &str) -> bool {
    let text: Vec<_> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to resume if what follows the last `*` fails: that star, and what it has taken.
    let mut resume = None;
    loop {
        match (pattern.get(p), text.get(t)) {
            (Some(Glyph::Any), _) => {
                resume = Some((p, t));
                p += 1;
            }
            (Some(Glyph::One), Some(_)) => (p, t) = (p + 1, t + 1),
            (Some(Glyph::Char(wanted)), Some(c)) if wanted == c => (p, t) = (p + 1, t + 1),
            (None, None) => return true,
            _ => match resume {
                Some((star, taken)) if taken < text.len() => {
                    resume = Some((star, taken + 1));
                    (p, t) = (star + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
}
