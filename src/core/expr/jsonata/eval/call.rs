//! Calls, partial application, and `~>`.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::super::super::value::Value;
use super::super::ast::{Call, Kind, Node, Partial, Symbol};
use super::super::error::{Fault, Outcome};
use super::super::function as builtins;
use super::super::item::Item;
use super::Evaluator;
use super::frame::{Frame, Scope};
use super::function::{Arguments, Closure, Function, NativePartial};

impl Evaluator<'_> {
    /// A call; `chained` is what stands left of `~>`, the first argument.
    pub(super) fn call(
        &self,
        node: &Node,
        call: &Call,
        input: &Item,
        scope: &Scope,
        chained: Option<Item>,
    ) -> Outcome<Item> {
        let function = self.eval(&call.procedure, input, scope)?;
        let name = name_of(&call.procedure);
        if function.is_undefined() {
            self.suggest("T1005", &call.procedure, scope, node.position)?;
        }
        let mut arguments = Vec::with_capacity(call.arguments.len() + 1);
        arguments.extend(chained);
        for argument in &call.arguments {
            arguments.push(match self.eval(argument, input, scope)? {
                Item::Function(function) => Item::Function(function.bound()),
                other => other,
            });
        }
        if let (Item::Function(function), Kind::Variable(symbol)) =
            (&function, &call.procedure.kind)
            && let Function::Lambda(closure) = &**function
        {
            closure.name.set(Some(*symbol));
        }
        let label = match &name {
            Name::Symbol(symbol) => self.symbol(*symbol),
            Name::Field(name) => Some(name.as_ref()),
            Name::None => None,
        };
        self.apply(&function, arguments, input, label).map_err(|mut fault| {
            fault.position.get_or_insert(node.position);
            match label {
                Some(label) if fault.token.is_none() => fault.token(label),
                _ => fault,
            }
        })
    }

    /// Fails with a hint if a field is called that has the name of a function.
    fn suggest(
        &self,
        code: &'static str,
        procedure: &Node,
        scope: &Scope,
        position: usize,
    ) -> Outcome<()> {
        if let Name::Field(name) = name_of(procedure)
            && !self.variable_named(name, scope).is_undefined()
        {
            return Err(Fault::new(code).at(position).token(&**name));
        }
        Ok(())
    }

    /// A function applied to arguments, and whatever calls it ends in. `label` is the name it is called by.
    pub(crate) fn apply(
        &self,
        function: &Item,
        arguments: Vec<Item>,
        input: &Item,
        label: Option<&str>,
    ) -> Outcome<Item> {
        let Item::Function(target) = function else {
            return self.apply_once(function, arguments, input, label);
        };
        match &**target {
            Function::Lambda(_) => self.apply_counted(function, arguments, input, label),
            Function::Bound(inner) => {
                let inner = Item::Function(Rc::clone(inner));
                self.apply(&inner, arguments, &Item::Json(Value::Null), None)
            }
            _ => self.apply_once(function, arguments, input, label),
        }
    }

    fn apply_counted(
        &self,
        function: &Item,
        arguments: Vec<Item>,
        input: &Item,
        label: Option<&str>,
    ) -> Outcome<Item> {
        let start = self.start();
        let mark = self.meter.call()?;
        let mut result = self.apply_once(function, arguments, input, label)?;
        while let Some(thunk) = as_thunk(&result) {
            let Kind::Call(call) = &thunk.lambda.body.kind else { break };
            let (next, arguments) = self.next_call(call, thunk)?;
            let label = match &call.procedure.kind {
                Kind::Variable(symbol) => self.symbol(*symbol),
                _ => None,
            };
            let input = thunk.input.clone();
            for argument in &arguments {
                self.settle(start, argument);
            }
            result = self.apply_once(&next, arguments, &input, label)?;
        }
        self.meter.finish(mark);
        self.settle_scope(start, &result);
        Ok(result)
    }

    /// The function and arguments of a call that had been put off.
    fn next_call(&self, call: &Call, thunk: &Closure) -> Outcome<(Item, Vec<Item>)> {
        let function = self.eval(&call.procedure, &thunk.input, &thunk.scope)?;
        if let (Item::Function(function), Kind::Variable(symbol)) =
            (&function, &call.procedure.kind)
            && let Function::Lambda(closure) = &**function
        {
            closure.name.set(Some(*symbol));
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.eval(argument, &thunk.input, &thunk.scope)?);
        }
        Ok((function, arguments))
    }

    fn apply_once(
        &self,
        function: &Item,
        arguments: Vec<Item>,
        input: &Item,
        label: Option<&str>,
    ) -> Outcome<Item> {
        self.meter.spend(CALL)?;
        let Item::Function(function) = function else { return Err(Fault::new("T1006")) };
        match &**function {
            Function::Native(builtin) => builtins::signature(builtin)
                .fit(arguments, input)
                .and_then(|arguments| (builtin.run)(self, &mut Arguments(arguments)))
                .map_err(|fault| name_fault(fault, label.unwrap_or(builtin.name))),
            Function::Lambda(closure) => self.apply_closure(closure, arguments, input),
            Function::NativePartial(partial) => {
                let mut given = arguments.into_iter();
                let all = (0..partial.builtin.parameters as Symbol).map(|position| {
                    if partial.unbound.contains(&position) {
                        given.next().unwrap_or_default()
                    } else {
                        partial.scope.own(position).unwrap_or_default()
                    }
                });
                (partial.builtin.run)(self, &mut Arguments(all.collect()))
            }
            Function::Regex(pattern) => {
                let text = arguments.first().and_then(Item::as_str);
                self.first_match(pattern, &text.unwrap_or_default().into(), 0)
            }
            Function::NextMatch { pattern, text, from } => self.first_match(pattern, text, *from),
            Function::Transform { transform, scope } => {
                let object = arguments.first().unwrap_or(&Item::Undefined);
                let object = transform_argument(object, arguments.len(), input).map_err(
                    |fault| match label {
                        Some(label) => name_fault(fault, label),
                        None => fault,
                    },
                )?;
                self.transform(transform, &object, scope)
            }
            Function::Bound(_) => self.apply(
                &Item::Function(Rc::clone(function)),
                arguments,
                &Item::Json(Value::Null),
                None,
            ),
        }
    }

    fn apply_closure(
        &self,
        closure: &Closure,
        arguments: Vec<Item>,
        input: &Item,
    ) -> Outcome<Item> {
        let named = |fault| match closure.name.get().and_then(|symbol| self.symbol(symbol)) {
            Some(name) => name_fault(fault, name),
            None => fault,
        };
        let arguments = match &closure.lambda.signature {
            Some(signature) if closure.unbound.is_none() => {
                signature.fit(arguments, input).map_err(named)?
            }
            _ => arguments,
        };
        let mut given = arguments.into_iter();
        let variables =
            closure.parameters().iter().map(|name| (*name, given.next().unwrap_or_default()));
        let scope = Frame::inside(&closure.scope, variables.collect());
        self.eval(&closure.lambda.body, &closure.input, &scope).map_err(named)
    }

    /// `f(a, ?)`
    pub(super) fn partial(&self, partial: &Partial, input: &Item, scope: &Scope) -> Outcome<Item> {
        let mut arguments = Vec::with_capacity(partial.arguments.len());
        for argument in &partial.arguments {
            arguments.push(match argument {
                Some(argument) => Some(self.eval(argument, input, scope)?),
                None => None,
            });
        }
        let function = self.eval(&partial.procedure, input, scope)?;
        if function.is_undefined() {
            self.suggest("T1007", &partial.procedure, scope, 0)?;
        }
        let Item::Function(function) = function else { return Err(Fault::new("T1008")) };
        match function.unbound() {
            Function::Lambda(closure) => Ok(self.partial_closure(closure, arguments)),
            Function::Native(builtin) => {
                let unbound = (0..builtin.parameters as Symbol).collect();
                let scope = Frame::inside(scope, Vec::new());
                let native = NativePartial { builtin, scope, unbound };
                Ok(self.partial_native(&native, arguments))
            }
            Function::NativePartial(native) => Ok(self.partial_native(native, arguments)),
            _ => Err(Fault::new("T1008")),
        }
    }

    fn partial_closure(&self, closure: &Closure, arguments: Vec<Option<Item>>) -> Item {
        let mut unbound = Vec::new();
        let mut bound = Vec::new();
        let mut arguments = arguments.into_iter();
        for name in closure.parameters() {
            match arguments.next() {
                Some(None) => unbound.push(*name),
                Some(Some(value)) => bound.push((*name, value)),
                None => bound.push((*name, Item::Undefined)),
            }
        }
        let scope = Frame::inside(&closure.scope, bound);
        self.graveyard.capture(&scope);
        Item::Function(Rc::new(Function::Lambda(Closure {
            lambda: Arc::clone(&closure.lambda),
            unbound: Some(unbound),
            scope,
            input: closure.input.clone(),
            name: Cell::new(None),
        })))
    }

    fn partial_native(&self, native: &NativePartial, arguments: Vec<Option<Item>>) -> Item {
        let mut arguments = arguments.into_iter();
        let mut unbound = Vec::new();
        let mut bound = Vec::new();
        for position in 0..native.builtin.parameters as Symbol {
            if let Some(value) = native.scope.own(position) {
                bound.push((position, value));
                continue;
            }
            match arguments.next() {
                Some(None) => unbound.push(position),
                Some(Some(value)) => bound.push((position, value)),
                None => bound.push((position, Item::Undefined)),
            }
        }
        let scope = Frame::inside(&native.scope, bound);
        let builtin = native.builtin;
        Item::Function(Rc::new(Function::NativePartial(NativePartial { builtin, scope, unbound })))
    }

    /// `value ~> function`, or the composition of two functions.
    pub(super) fn apply_to(
        &self,
        node: &Node,
        both: &(Node, Node),
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        let left = self.eval(&both.0, input, scope)?;
        if let Kind::Call(call) = &both.1.kind {
            return self.call(&both.1, call, input, scope, Some(left));
        }
        let right = self.eval(&both.1, input, scope)?;
        if !matches!(right, Item::Function(_)) {
            return Err(Fault::new("T2006").at(node.position).token("~>"));
        }
        let nothing = Item::Json(Value::Null);
        let (Item::Function(_), Some(compose)) = (&left, &self.program.compose) else {
            return self.apply(&right, vec![left], &nothing, None);
        };
        self.graveyard.capture(scope);
        let compose = Item::Function(Rc::new(Function::Lambda(Closure {
            lambda: Arc::clone(compose),
            unbound: None,
            scope: Rc::clone(scope),
            input: nothing.clone(),
            name: Cell::new(None),
        })));
        self.apply(&compose, vec![left, right], &nothing, None)
    }

    /// A function applied to arguments by another function.
    pub(crate) fn invoke(&self, function: &Item, arguments: Vec<Item>) -> Outcome<Item> {
        self.apply(function, arguments, &Item::Json(Value::Null), None)
    }
}

/// What a procedure is called in the expression.
enum Name<'n> {
    Symbol(Symbol),
    Field(&'n Arc<str>),
    None,
}

fn name_of(procedure: &Node) -> Name<'_> {
    match &procedure.kind {
        Kind::Variable(symbol) => Name::Symbol(*symbol),
        Kind::Path(path) => match path.steps.first().map(|step| &step.kind) {
            Some(Kind::Name(name)) => Name::Field(name),
            Some(Kind::Variable(symbol)) => Name::Symbol(*symbol),
            _ => Name::None,
        },
        _ => Name::None,
    }
}

fn name_fault(fault: Box<Fault>, name: &str) -> Box<Fault> {
    if fault.token.is_some() { fault } else { fault.token(name) }
}

fn as_thunk(result: &Item) -> Option<&Closure> {
    match result {
        Item::Function(function) => match &**function {
            Function::Lambda(closure) if closure.lambda.thunk => Some(closure),
            _ => None,
        },
        _ => None,
    }
}

/// A transformation takes one object or array.
fn transform_argument(object: &Item, count: usize, input: &Item) -> Outcome<Item> {
    let fits = |item: &Item| item.is_undefined() || item.is_object() || item.is_array();
    let _ = input;
    let misfit = |index: usize| Fault::new("T0410").with("index", index.to_string());
    if count == 0 || !fits(object) {
        return Err(misfit(1));
    }
    if count > 1 {
        return Err(misfit(2));
    }
    Ok(object.clone())
}

/// Steps that a call counts for.
const CALL: u64 = 4;
