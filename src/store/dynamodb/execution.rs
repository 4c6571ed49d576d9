//! Executions: created, closed and opened again, each by one conditional write of the row.

use std::collections::HashMap;
use std::sync::Arc;

use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::attribute::{Attributes, number, string};
use super::row::{DEADLINE, END, REDRIVEN_AT, REDRIVES, WRITER, machine};
use super::schema::{EXPIRY, INDEX_PARTITION, INDEX_SORT};
use super::table::{Update, Written};
use super::{DynamoStore, key};
use crate::store::{Closing, Creation, Error, Execution, Redriven, Status};

impl DynamoStore {
    pub(super) async fn create_row(&self, execution: &Execution) -> Result<Creation, Error> {
        self.remember_machine(execution.list()).await?;
        let row = self.new_row(execution).await?;
        match self.table.insert(row.clone()).await? {
            Written::Done(_) => Ok(Creation::Created),
            Written::Refused(Some(there)) if there.get(WRITER) == row.get(WRITER) => {
                Ok(Creation::Created)
            }
            Written::Refused(Some(there)) => {
                Ok(Creation::Exists(self.execution_of(&there).await?.into()))
            }
            Written::Refused(None) => Err(Error::Unavailable("the row is just going".into())),
        }
    }

    pub(super) async fn read_row(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        match self.table.item(&key::row(id)).await? {
            Some(row) => Ok(Some(self.execution_of(&row).await?)),
            None => Ok(None),
        }
    }

    /// Rows by the hundred.
    pub(super) async fn read_rows(
        &self,
        ids: &[ExecutionId],
    ) -> Result<Vec<Option<Arc<Execution>>>, Error> {
        let keys: Vec<_> = ids.iter().map(key::row).collect();
        let mut rows = HashMap::with_capacity(ids.len());
        for row in self.table.items(&keys).await? {
            let row = self.execution_of(&row).await?;
            rows.insert(row.id.clone(), Arc::new(row));
        }
        Ok(ids.iter().map(|id| rows.get(id).cloned()).collect())
    }

    /// The machine of an execution, which never changes.
    pub(super) async fn machine_of(&self, id: &ExecutionId) -> Result<String, Error> {
        let row = self.table.constant(&key::row(id), INDEX_PARTITION).await?;
        Ok(machine(&row.ok_or_else(|| Error::no_execution(id))?)?.to_owned())
    }

    pub(super) async fn close_of(
        &self,
        machine: &str,
        id: &ExecutionId,
        closing: &Closing,
    ) -> Result<bool, Error> {
        let attributes = self.closing_attributes(id, closing).await?;
        let place = self.place_in_list(machine, closing.status, (closing.stopped, id));
        let mut change = "SET lp = :lp, ls = :ls, #ttl = :ttl".to_owned();
        let mut values = vec![
            (":lp", string(place.0)),
            (":ls", string(place.1)),
            (":ttl", number(self.expiry_of_closed(closing.stopped))),
            (":stopped", number(closing.stopped.0)),
        ];
        for ((name, value), placeholder) in attributes.into_iter().zip([":x", ":y", ":z"]) {
            change.push_str(&format!(", {name} = {placeholder}"));
            values.push((placeholder, string(value)));
        }
        let running = "attribute_exists(pk) AND attribute_not_exists(c) \
                       AND (attribute_not_exists(ra) OR ra <= :stopped)";
        let names = vec![("#ttl", EXPIRY.to_owned())];
        self.change_row(id, (&change, running), names, values).await
    }

    pub(super) async fn reopen_row(
        &self,
        id: &ExecutionId,
        redriven: Redriven,
        deadline: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let machine = self.machine_of(id).await?;
        let place = self.place_in_list(&machine, Status::Running, (redriven.at, id));
        let mut change = format!(
            "SET {INDEX_PARTITION} = :lp, {INDEX_SORT} = :ls, {REDRIVES} = :count, {REDRIVEN_AT} = :at"
        );
        let mut values = vec![
            (":lp", string(place.0)),
            (":ls", string(place.1)),
            (":count", number(redriven.count)),
            (":at", number(redriven.at.0)),
        ];
        if let Some(deadline) = deadline {
            change.push_str(&format!(", {DEADLINE} = :deadline"));
            values.push((":deadline", number(deadline.0)));
        }
        change.push_str(&format!(" REMOVE {END}, u, uh, f, fh, #ttl"));
        if deadline.is_none() {
            change.push_str(&format!(", {DEADLINE}"));
        }
        let closed = match redriven.count {
            1 => "attribute_exists(c) AND attribute_not_exists(rc)",
            _ => {
                values.push((":before", number(redriven.count - 1)));
                "attribute_exists(c) AND rc = :before"
            }
        };
        let names = vec![("#ttl", EXPIRY.to_owned())];
        self.change_row(id, (&change, closed), names, values).await
    }

    /// Changes a row if a condition holds; whether it did.
    async fn change_row(
        &self,
        id: &ExecutionId,
        (change, condition): (&str, &str),
        names: Vec<(&str, String)>,
        values: Vec<(&str, aws_sdk_dynamodb::types::AttributeValue)>,
    ) -> Result<bool, Error> {
        let condition = Some(condition);
        let update = Update { key: key::row(id), change, condition, names, values };
        match self.table.update(update).await? {
            Written::Done(_) => Ok(true),
            Written::Refused(Some(_)) => Ok(false),
            Written::Refused(None) => Err(Error::no_execution(id)),
        }
    }

    /// Notes that there is a machine, once in the life of this process: the sweep looks for executions by machine.
    async fn remember_machine(&self, arn: &str) -> Result<(), Error> {
        if self.machines().contains(arn) {
            return Ok(());
        }
        let item: Attributes = key::machine(arn).item();
        self.table.put_if(item, None, Vec::new()).await?;
        self.machines().insert(arn.into());
        Ok(())
    }
}
