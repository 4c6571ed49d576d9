//! ItemBatcher: iterations that get several items at once, `{"BatchInput": …, "Items": […]}` (AWS: ItemBatcher).

use super::super::draft::Draft;
use super::super::map_run::Batcher;
use super::super::part;
use super::super::state::distributed::batch_of;
use crate::asl::model::State;
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
    let batch = batch_of(&part::computed(draft, state, ("ItemBatcher", batcher), &input)?);
    let mut batcher = Batcher::new(Some(&batch));
    let mut units = Vec::new();
    for input in inputs {
        units.extend(batcher.push(Document::from(input.clone())));
    }
    units.extend(batcher.finish());
    Ok(units.into_iter().map(|(_, input)| input.value().clone()).collect())
}
