//! Parts of a state that the model holds as they are written (`ItemReader`, `ItemBatcher`, `ResultWriter`), computed when
//! they are needed: once for each visit of the state.

use super::data_flow::plain;
use super::draft::Draft;
use crate::asl::model::{QueryLanguage, State};
use crate::expr::path::Path;
use crate::expr::template::Template;
use crate::expr::{Document, Error, Value};

/// The part with every field computed. A field `NamePath` becomes `Name`.
///
/// # Errors
/// A field cannot be evaluated.
pub(crate) fn computed(
    draft: &Draft<'_>,
    state: &State,
    (name, part): (&str, &Value),
    input: &Document,
) -> Result<Value, Error> {
    let look = plain(input, Draft::sight(state));
    if state.language == QueryLanguage::Jsonata {
        let template = Template::jsonata(part).map_err(|(why, _)| Error::query(why))?;
        return draft.render(&template, look, name).map(|made| made.value().clone());
    }
    let mut members = Vec::new();
    for (field, value) in part.as_object().into_iter().flatten() {
        let made = match (field.strip_suffix("Path"), value) {
            (Some(short), Value::String(path)) => {
                let path = Path::parse(path).map_err(|why| Error::runtime(why.to_string()))?;
                (short.into(), draft.read(&path, look)?)
            }
            (None, Value::Object(_)) if field.ends_with("Config") => {
                (field.clone(), computed(draft, state, (field, value), input)?)
            }
            _ => {
                let template =
                    Template::json_path(value).map_err(|(why, _)| Error::runtime(why))?;
                (field.clone(), draft.render(&template, look, name)?.value().clone())
            }
        };
        members.push(made);
    }
    Ok(Value::object::<std::sync::Arc<str>>(members))
}
