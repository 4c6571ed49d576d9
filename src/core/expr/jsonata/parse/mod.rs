//! The parser: top-down operator precedence over the tokens, then [`lower`] to the tree the evaluator walks.
//!
//! Promise: parsing uses a bounded amount of stack whatever the text, since nesting beyond [`MAX_NESTING`] is refused.

mod ancestry;
mod lower;
mod prefix;
mod shape;
mod syntax;

use std::sync::Arc;

use super::ast::Program;
use super::error::{Fault, Outcome};
use super::lex::{Lexer, Token, TokenKind};
use super::limit;
use super::signature::Signature;
use syntax::{Form, Syntax};

/// Parses a complete expression.
pub(super) fn parse(source: &str) -> Outcome<Program> {
    let tree = read(source)?;
    lower::lower(source, tree)
}

fn read(source: &str) -> Outcome<Syntax> {
    let mut parser = Parser::new(source)?;
    let tree = parser.expression(0)?;
    match parser.token.kind {
        TokenKind::End => Ok(tree),
        _ => Err(Fault::new("S0201").at(parser.token.position).token(parser.token.mention())),
    }
}

/// The state of a parse: one token of look-ahead.
struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Outcome<Parser<'a>> {
        let mut lexer = Lexer::new(source);
        let token = lexer.next(false)?;
        let mut parser =
            Parser { lexer, token: Token { kind: TokenKind::End, position: 0 }, nesting: 0 };
        parser.set(token)?;
        Ok(parser)
    }

    /// Takes the current token and reads the next.
    fn take(&mut self, after_operand: bool) -> Outcome<Token> {
        let next = self.lexer.next(after_operand)?;
        let next = Parser::known(next)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn set(&mut self, token: Token) -> Outcome<()> {
        self.token = Parser::known(token)?;
        Ok(())
    }

    fn known(token: Token) -> Outcome<Token> {
        match token.kind {
            TokenKind::Operator("!" | "~") => {
                Err(Fault::new("S0204").at(token.position).token(token.mention()))
            }
            _ => Ok(token),
        }
    }

    /// Takes the operator `expected`, which must come next.
    fn expect(&mut self, expected: &'static str, after_operand: bool) -> Outcome<()> {
        if self.token.is(expected) {
            self.take(after_operand)?;
            return Ok(());
        }
        let code = if self.token.kind == TokenKind::End { "S0203" } else { "S0202" };
        Err(Fault::new(code)
            .at(self.token.position)
            .token(self.token.mention())
            .with("value", format!("\"{expected}\"")))
    }

    /// An expression as far as operators bind more strongly than `strength`.
    fn expression(&mut self, strength: u8) -> Outcome<Syntax> {
        self.nesting += 1;
        self.check(self.nesting)?;
        let first = self.take(true)?;
        let mut left = self.prefix(first)?;
        while strength < binding_power(&self.token) {
            let operator = self.take(false)?;
            left = self.infix(left, &operator)?;
            self.check(left.height)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn check(&self, height: usize) -> Outcome<()> {
        if height > MAX_NESTING {
            return Err(Fault::limit(limit::STACK).at(self.token.position));
        }
        Ok(())
    }

    fn infix(&mut self, left: Syntax, token: &Token) -> Outcome<Syntax> {
        let position = token.position;
        let TokenKind::Operator(operator) = token.kind else { return Ok(left) };
        match operator {
            "(" => self.call(left, position),
            "[" => self.predicate(left, position),
            "{" => {
                let pairs = self.pairs()?;
                let height = pairs_height(&pairs).max(left.height);
                Ok(node(Form::Group(Box::new(left), pairs), position, height))
            }
            "^" => self.order(left, position),
            "?" => self.condition(left, position),
            ":=" => self.bind(left, position),
            "@" | "#" => self.bind_step(left, operator, position),
            _ => {
                let right = self.expression(binding_power(token))?;
                let height = left.height.max(right.height);
                let both = Box::new((left, right));
                let form = match operator {
                    "." => Form::Step(both),
                    "~>" => Form::Apply(both),
                    _ => Form::Binary(operator, both),
                };
                Ok(node(form, position, height))
            }
        }
    }

    fn predicate(&mut self, mut left: Syntax, position: usize) -> Outcome<Syntax> {
        if self.token.is("]") {
            keep_array(&mut left);
            self.expect("]", false)?;
            return Ok(left);
        }
        let right = self.expression(0)?;
        self.expect("]", true)?;
        let height = left.height.max(right.height);
        Ok(node(Form::Predicate(Box::new((left, right))), position, height))
    }

    fn order(&mut self, left: Syntax, position: usize) -> Outcome<Syntax> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.token.is(">");
            if descending || self.token.is("<") {
                self.take(false)?;
            }
            terms.push((descending, self.expression(0)?));
            if !self.token.is(",") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", false)?;
        let height = terms.iter().map(|(_, term)| term.height).fold(left.height, usize::max);
        Ok(node(Form::Order(Box::new(left), terms), position, height))
    }

    fn condition(&mut self, test: Syntax, position: usize) -> Outcome<Syntax> {
        let then = self.expression(0)?;
        let mut height = test.height.max(then.height);
        let mut otherwise = None;
        if self.token.is(":") {
            self.take(false)?;
            let branch = self.expression(0)?;
            height = height.max(branch.height);
            otherwise = Some(Box::new(branch));
        }
        Ok(node(Form::Condition(Box::new((test, then)), otherwise), position, height))
    }

    fn bind(&mut self, left: Syntax, position: usize) -> Outcome<Syntax> {
        let Form::Variable(name) = left.form else {
            return Err(Fault::new("S0212").at(left.position).token(mention(&left.form)));
        };
        // One less than the operator's own strength, so that `$a := $b := 1` groups from the right.
        let right = self.expression(9)?;
        let height = right.height;
        Ok(node(Form::Bind(name, Box::new(right)), position, height))
    }

    fn bind_step(
        &mut self,
        left: Syntax,
        operator: &'static str,
        position: usize,
    ) -> Outcome<Syntax> {
        let right = self.expression(80)?;
        let Form::Variable(name) = right.form else {
            return Err(Fault::new("S0214").at(right.position).token(operator));
        };
        let height = left.height;
        let form = match operator {
            "@" => Form::Focus(Box::new(left), name),
            _ => Form::Index(Box::new(left), name),
        };
        Ok(node(form, position, height))
    }

    fn call(&mut self, procedure: Syntax, position: usize) -> Outcome<Syntax> {
        let mut arguments = Vec::new();
        while !self.token.is(")") {
            if self.token.is("?") {
                self.take(false)?;
                arguments.push(None);
            } else {
                arguments.push(Some(self.expression(0)?));
            }
            if !self.token.is(",") {
                break;
            }
            self.take(false)?;
            if self.token.is(")") {
                // A trailing comma: the missing operand is reported where it is missing.
                arguments.push(Some(self.expression(0)?));
            }
        }
        self.expect(")", true)?;
        if matches!(&procedure.form, Form::Name(name) if matches!(&**name, "function" | "λ")) {
            return self.lambda(&arguments, position);
        }
        let height = arguments
            .iter()
            .flatten()
            .map(|argument| argument.height)
            .fold(procedure.height, usize::max);
        let form = if arguments.iter().all(Option::is_some) {
            Form::Call(Box::new(procedure), arguments.into_iter().flatten().collect())
        } else {
            Form::Partial(Box::new(procedure), arguments)
        };
        Ok(node(form, position, height))
    }

    fn lambda(&mut self, arguments: &[Option<Syntax>], position: usize) -> Outcome<Syntax> {
        let mut parameters = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            match argument {
                Some(Syntax { form: Form::Variable(name), .. }) => {
                    parameters.push(Arc::clone(name));
                }
                other => return Err(not_a_parameter(other.as_ref(), index, position)),
            }
        }
        let signature = if self.token.is("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = self.expression(0)?;
        self.expect("}", false)?;
        let height = body.height;
        Ok(node(Form::Lambda(parameters, signature, Box::new(body)), position, height))
    }

    fn signature(&mut self) -> Outcome<Signature> {
        let position = self.token.position;
        let mut text = String::from("<");
        let mut depth = 1usize;
        while depth > 0 && !self.token.is("{") && self.token.kind != TokenKind::End {
            self.take(false)?;
            match self.token.kind {
                TokenKind::Operator(">") => depth -= 1,
                TokenKind::Operator("<") => depth += 1,
                _ => {}
            }
            match self.token.mention() {
                super::super::value::Value::String(word) => text.push_str(&word),
                other => text.push_str(&other.to_json()),
            }
        }
        self.expect(">", false)?;
        Signature::parse(&text).map_err(|fault| {
            let offset = fault.position.unwrap_or(0);
            fault.at(position + offset)
        })
    }
}

/// How strongly the token binds what stands left of it; 0 for what is no infix operator.
fn binding_power(token: &Token) -> u8 {
    let TokenKind::Operator(operator) = token.kind else { return 0 };
    match operator {
        "(" | "[" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

fn node(form: Form, position: usize, height_below: usize) -> Syntax {
    Syntax { form, position, keep_array: false, height: height_below + 1 }
}

fn pairs_height(pairs: &[(Syntax, Syntax)]) -> usize {
    pairs.iter().map(|(key, value)| key.height.max(value.height)).max().unwrap_or(0)
}

/// `a[1][]` keeps arrays of `a`, not of the predicate.
fn keep_array(mut node: &mut Syntax) {
    while let Form::Predicate(both) = &mut node.form {
        node = &mut both.0;
    }
    node.keep_array = true;
}

fn not_a_parameter(argument: Option<&Syntax>, index: usize, position: usize) -> Box<Fault> {
    let place = argument.map_or(position, |argument| argument.position);
    let fault = Fault::new("S0208").at(place).with("value", (index + 1).to_string());
    match argument {
        Some(argument) => fault.token(mention(&argument.form)),
        None => fault.token("?"),
    }
}

/// The token that stands for a written node in an error.
fn mention(form: &Form) -> super::super::value::Value {
    use super::super::value::Value;
    match form {
        Form::Literal(value) => value.clone(),
        Form::Number(n) => Value::number(*n),
        Form::String(text) | Form::Name(text) | Form::Variable(text) => Value::String(text.clone()),
        Form::Wildcard => Value::string("*"),
        Form::Descendant => Value::string("**"),
        Form::Parent => Value::string("%"),
        Form::Binary(operator, _) => Value::string(*operator),
        Form::Step(_) => Value::string("."),
        Form::Predicate(_) | Form::Array(_) => Value::string("["),
        Form::Group(..) | Form::Object(_) => Value::string("{"),
        Form::Order(..) => Value::string("^"),
        Form::Focus(..) => Value::string("@"),
        Form::Index(..) => Value::string("#"),
        Form::Bind(..) => Value::string(":="),
        Form::Apply(_) => Value::string("~>"),
        Form::Negate(_) => Value::string("-"),
        Form::Block(_) | Form::Call(..) | Form::Partial(..) | Form::Lambda(..) => {
            Value::string("(")
        }
        Form::Condition(..) => Value::string("?"),
        Form::Transform(..) => Value::string("|"),
        Form::Regex(..) => Value::object::<&str>([]),
        Form::End => Value::string("(end)"),
    }
}

/// Levels of nesting that are accepted. Evaluation stops at about a hundred, so nothing useful is lost.
const MAX_NESTING: usize = 200;
