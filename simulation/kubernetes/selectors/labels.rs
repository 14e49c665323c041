//! Pure: label selectors as texts, read as Kubernetes' own parser reads them, with its words for what it cannot read.
use super::Requirement;

/// Why a selector cannot be read.
type Wrong = String;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    End,
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::End => "",
            Self::Word(word) => word,
            Self::Sign(sign) => sign,
        }
    }
}

/// Longer signs first.
const SIGNS: &[&str] = &["==", "!=", "!", "=", "(", ")", ",", ">", "<"];
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// Reads a selector.
pub(super) fn read(text: &str) -> Result<Vec<Requirement>, Wrong> {
    let mut tokens = Tokens { all: split(text), at: 0 };
    let mut found = vec![];
    loop {
        match tokens.look() {
            Token::End => return Ok(found),
            Token::Word(_) | Token::Sign("!") => {
                found.push(tokens.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?);
            }
            Token::Sign(sign) => return Err(format!("found '{sign}', expected: !, identifier, or 'end of string'")),
        }
        match tokens.take() {
            Token::End => return Ok(found),
            Token::Sign(",") => match tokens.look() {
                Token::Word(_) | Token::Sign("!") => {}
                other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
            },
            other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
        }
    }
}

fn split(text: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (vec![], text.trim_start());
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let ends = |letter: char| letter.is_whitespace() || "=!(),><".contains(letter);
            let end = rest.find(ends).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    tokens
}

struct Tokens {
    all: Vec<Token>,
    at: usize,
}

impl Tokens {
    fn look(&self) -> Token {
        self.all.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token {
        let token = self.look();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, Wrong> {
        let mut first = self.take();
        let missing = first == Token::Sign("!");
        if missing {
            first = self.take();
        }
        let Token::Word(key) = first else { return Err(format!("found '{}', expected: identifier", first.text())) };
        is_a_key(&key)?;
        if missing {
            return Ok(Requirement::Missing(key));
        }
        if matches!(self.look(), Token::End | Token::Sign(",")) {
            return Ok(Requirement::Exists(key));
        }
        let operator = self.take();
        match operator.text() {
            "in" => Ok(Requirement::In(key.clone(), checked(&key, self.values()?)?)),
            "notin" => Ok(Requirement::NotIn(key.clone(), checked(&key, self.values()?)?)),
            "=" | "==" => Ok(Requirement::In(key.clone(), checked(&key, vec![self.value()?])?)),
            "!=" => Ok(Requirement::NotIn(key.clone(), checked(&key, vec![self.value()?])?)),
            ">" | "<" => {
                let value = self.value()?;
                let number = value.parse().map_err(|_| {
                    format!(
                        "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                    )
                })?;
                Ok(if operator.text() == ">" {
                    Requirement::Above(key, number)
                } else {
                    Requirement::Below(key, number)
                })
            }
            other => Err(format!("found '{other}', expected: {OPERATORS}")),
        }
    }

    fn value(&mut self) -> Result<String, Wrong> {
        match self.look() {
            Token::End | Token::Sign(",") => Ok(String::new()),
            Token::Word(word) => {
                self.at += 1;
                Ok(word)
            }
            Token::Sign(sign) => Err(format!("found '{sign}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, Wrong> {
        let open = self.take();
        if open != Token::Sign("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = vec![];
        loop {
            match self.take() {
                Token::Word(word) => values.push(word),
                Token::Sign(")") if values.is_empty() => {
                    return Err(
                        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty".into()
                    );
                }
                Token::Sign(")") => return Ok(values),
                Token::Sign(",") if matches!(self.look(), Token::Sign("," | ")")) => values.push(String::new()),
                Token::Sign(",") => {}
                other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
            }
        }
    }
}

const KEY: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn is_a_key(key: &str) -> Result<(), Wrong> {
    let (prefix, name) = key.split_once('/').unwrap_or(("a", key));
    let lower = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
    let is_right = is_a_name(name) && is_a_name(prefix) && prefix.chars().all(lower);
    if is_right { Ok(()) } else { Err(format!("<nil>: Invalid value: {key:?}: {KEY}")) }
}

fn checked(key: &str, values: Vec<String>) -> Result<Vec<String>, Wrong> {
    match values.iter().position(|value| !value.is_empty() && !is_a_name(value)) {
        Some(at) => Err(format!("values[{at}][{key}]: Invalid value: {:?}: {VALUE}", values[at])),
        None => Ok(values),
    }
}

fn is_a_name(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let outer = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.chars().all(inner) && outer(text.chars().next()) && outer(text.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_said_in_kubernetes_words() {
        for (text, wrong) in [
            ("bad bad", "unable to parse requirement: found 'bad', expected: in, notin, =, ==, !=, gt, lt"),
            ("n in", "unable to parse requirement: found '' expected: '('"),
            ("n=!!", "unable to parse requirement: found '!', expected: identifier"),
            ("a=b,", "found '', expected: identifier after ','"),
            (",a", "found ',', expected: !, identifier, or 'end of string'"),
            ("a in (b", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
        ] {
            assert_eq!(read(text).unwrap_err(), wrong, "{text}");
        }
        assert!(read("a/b/c=1").unwrap_err().contains("<nil>: Invalid value: \"a/b/c\": a valid label key"));
    }

    #[test]
    fn every_operator_is_read() {
        let read = |text: &str| format!("{:?}", read(text).unwrap());
        assert_eq!(read("a,!b, c = d,e!=f"), r#"[Exists("a"), Missing("b"), In("c", ["d"]), NotIn("e", ["f"])]"#);
        assert_eq!(read("n>3,n<9,n in (1, 2)"), r#"[Above("n", 3), Below("n", 9), In("n", ["1", "2"])]"#);
        assert_eq!(read("in=x,a="), r#"[In("in", ["x"]), In("a", [""])]"#);
    }
}
