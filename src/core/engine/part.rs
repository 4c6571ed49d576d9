//! Parts of a state that the model holds as they are written (`ItemReader`, `ItemBatcher`, `ResultWriter`), computed when
//! they are needed: once for each visit of the state.

use super::data_flow::{integer, integer_at_path, no_number, plain, unexpected};
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
        let made = draft.render(&template, look, name)?.value().clone();
        check_numbers(part, &made, name)?;
        return Ok(made);
    }
    let mut members = Vec::new();
    for (field, value) in part.as_object().into_iter().flatten() {
        let made = match (field.strip_suffix("Path"), value) {
            (Some(short), Value::String(path)) => {
                let path = Path::parse(path).map_err(|why| Error::runtime(why.to_string()))?;
                let found = draft.read(&path, look)?;
                if NUMBERS.contains(&short) && integer_at_path(&found).is_none() {
                    return Err(no_number((short, "integer"), &found, path.source()));
                }
                (short.into(), found)
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

/// Holds what expressions made of the fields that are numbers against that.
fn check_numbers(part: &Value, made: &Value, place: &str) -> Result<(), Error> {
    for (name, written) in part.as_object().into_iter().flatten() {
        let Some(value) = made.get(name) else { continue };
        let place = format!("{place}/{name}");
        if name.ends_with("Config") {
            check_numbers(written, value, &place)?;
        } else if NUMBERS.contains(&&**name) && integer(value).is_none() {
            let wanted = if value.as_f64().is_some() { "integer" } else { "number" };
            let template = Template::jsonata(written).ok();
            let source = template.as_ref().and_then(Template::source);
            return Err(unexpected(source, &place, wanted, value));
        }
    }
    Ok(())
}

/// Fields of parts that are whole numbers.
const NUMBERS: [&str; 3] = ["MaxItems", "MaxItemsPerBatch", "MaxInputBytesPerBatch"];
