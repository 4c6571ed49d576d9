//! ItemBatcher: iterations that get several items at once, `{"BatchInput": …, "Items": […]}` (AWS: ItemBatcher).

use super::super::data_flow::plain;
use super::super::draft::Draft;
use crate::asl::model::{QueryLanguage, State};
use crate::expr::path::Path;
use crate::expr::template::Template;
use crate::expr::{Document, Error, Value};

/// The inputs of the batches that the inputs of single iterations are put into.
///
/// # Errors
/// A field of the batcher cannot be evaluated.
pub(super) fn batches(
    draft: &Draft<'_>,
    state: &State,
    batcher: &Value,
    inputs: &[Value],
) -> Result<Vec<Value>, Error> {
    let input = draft.effective_input(state)?;
    let batcher = evaluated(draft, state, batcher, &input)?;
    let number = |field: &str| {
        let found = batcher.get(field).and_then(Value::as_f64);
        found.filter(|most| *most >= 1.0).map_or(usize::MAX, |most| most as usize)
    };
    let (items, bytes) = (number("MaxItemsPerBatch"), number("MaxInputBytesPerBatch"));
    let common = batcher.get("BatchInput").filter(|input| **input != Value::Null);
    let mut batches: Vec<Vec<Value>> = Vec::new();
    let mut size = 0;
    for input in inputs {
        let more = input.to_json().len() + 1;
        match batches.last_mut().filter(|batch| batch.len() < items && size + more <= bytes) {
            Some(batch) => batch.push(input.clone()),
            None => {
                batches.push(vec![input.clone()]);
                size = common.map_or(0, |common| common.to_json().len());
            }
        }
        size += more;
    }
    Ok(batches
        .into_iter()
        .map(|batch| {
            let common = common.map(|common| ("BatchInput", common.clone()));
            Value::object(common.into_iter().chain([("Items", Value::array(batch))]))
        })
        .collect())
}

/// The batcher with every field computed.
fn evaluated(
    draft: &Draft<'_>,
    state: &State,
    batcher: &Value,
    input: &Document,
) -> Result<Value, Error> {
    let look = plain(input, Draft::sight(state));
    if state.language == QueryLanguage::Jsonata {
        let template = Template::jsonata(batcher).map_err(|(why, _)| Error::query(why))?;
        return draft.render(&template, look, "ItemBatcher").map(|made| made.value().clone());
    }
    let mut members = Vec::new();
    for (name, value) in batcher.as_object().into_iter().flatten() {
        let made = match (name.strip_suffix("Path"), value.as_str()) {
            (Some(field), Some(path)) => {
                let path = Path::parse(path).map_err(|why| Error::runtime(why.to_string()))?;
                (field.into(), draft.read(&path, look)?)
            }
            _ => {
                let template =
                    Template::json_path(value).map_err(|(why, _)| Error::runtime(why))?;
                (name.clone(), draft.render(&template, look, "ItemBatcher")?.value().clone())
            }
        };
        members.push(made);
    }
    Ok(Value::object::<std::sync::Arc<str>>(members))
}
