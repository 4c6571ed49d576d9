//! What can stand at the start of an expression.

use super::super::error::{Fault, Outcome};
use super::super::lex::{Token, TokenKind};
use super::syntax::{Form, Syntax};
use super::{Parser, node, pairs_height};

impl Parser<'_> {
    /// The expression that `token`, already taken, opens or is.
    pub(super) fn prefix(&mut self, token: Token) -> Outcome<Syntax> {
        let position = token.position;
        let form = match token.kind {
            TokenKind::Operator(operator) => return self.prefix_operator(operator, position),
            TokenKind::Name(name) => Form::Name(name),
            TokenKind::Variable(name) => Form::Variable(name),
            TokenKind::String(text) => Form::String(text),
            TokenKind::Number(n) => Form::Number(n),
            TokenKind::Literal(value) => Form::Literal(value),
            TokenKind::Regex(source, flags) => Form::Regex(source, flags),
            TokenKind::End => Form::End,
        };
        Ok(Syntax::leaf(form, position))
    }

    fn prefix_operator(&mut self, operator: &'static str, position: usize) -> Outcome<Syntax> {
        match operator {
            "*" => Ok(Syntax::leaf(Form::Wildcard, position)),
            "**" => Ok(Syntax::leaf(Form::Descendant, position)),
            "%" => Ok(Syntax::leaf(Form::Parent, position)),
            // Words that are operators elsewhere are names here.
            "and" | "or" | "in" => Ok(Syntax::leaf(Form::Name(operator.into()), position)),
            "-" => {
                let operand = self.expression(70)?;
                let height = operand.height;
                Ok(node(Form::Negate(Box::new(operand)), position, height))
            }
            "(" => self.block(position),
            "[" => self.array(position),
            "{" => {
                let pairs = self.pairs()?;
                let height = pairs_height(&pairs);
                Ok(node(Form::Object(pairs), position, height))
            }
            "|" => self.transform(position),
            _ => Err(Fault::new("S0211").at(position).token(operator)),
        }
    }

    fn block(&mut self, position: usize) -> Outcome<Syntax> {
        let mut expressions = Vec::new();
        while !self.token.is(")") {
            expressions.push(self.expression(0)?);
            if !self.token.is(";") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", true)?;
        let height = expressions.iter().map(|item| item.height).max().unwrap_or(0);
        Ok(node(Form::Block(expressions), position, height))
    }

    fn array(&mut self, position: usize) -> Outcome<Syntax> {
        let mut items = Vec::new();
        if !self.token.is("]") {
            loop {
                items.push(self.array_item()?);
                if !self.token.is(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect("]", true)?;
        let height = items.iter().map(|item| item.height).max().unwrap_or(0);
        Ok(node(Form::Array(items), position, height))
    }

    fn array_item(&mut self) -> Outcome<Syntax> {
        let first = self.expression(0)?;
        if !self.token.is("..") {
            return Ok(first);
        }
        let position = self.token.position;
        self.take(false)?;
        let last = self.expression(0)?;
        let height = first.height.max(last.height);
        Ok(node(Form::Binary("..", Box::new((first, last))), position, height))
    }

    /// `key: value, …}` after the opening brace.
    pub(super) fn pairs(&mut self) -> Outcome<Vec<(Syntax, Syntax)>> {
        let mut pairs = Vec::new();
        if !self.token.is("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.token.is(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn transform(&mut self, position: usize) -> Outcome<Syntax> {
        let pattern = self.expression(0)?;
        self.expect("|", false)?;
        let update = self.expression(0)?;
        let mut height = pattern.height.max(update.height);
        let mut delete = None;
        if self.token.is(",") {
            self.take(false)?;
            let node = self.expression(0)?;
            height = height.max(node.height);
            delete = Some(Box::new(node));
        }
        self.expect("|", false)?;
        Ok(node(Form::Transform(Box::new((pattern, update)), delete), position, height))
    }
}
