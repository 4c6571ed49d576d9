//! Map states, and the parts that only a distributed one has.

use super::{Parser, resource};
use crate::asl::model::{Distributed, ExecutionType, FlowId, Map as MapState, Name, QueryLanguage};
use crate::asl::validate::schema::{is_expression, required};
use crate::asl::validate::{Here, fields, parts};
use crate::expr::path::Path;
use crate::expr::template::Template;
use crate::expr::value::{Map, Value};

impl Parser {
    /// The fields that only a Map has.
    pub(super) fn map(&mut self, object: &Map, here: &Here<'_>) -> MapState {
        let old_name =
            object.contains_key("Parameters") && here.language == QueryLanguage::JsonPath;
        let selector = if old_name { "Parameters" } else { "ItemSelector" };
        let max_concurrency = self.number(object, "MaxConcurrency", here);
        let tolerated_failure_count = self.number(object, "ToleratedFailureCount", here);
        let tolerated_failure_percentage = self.number(object, "ToleratedFailurePercentage", here);
        let (items_path, items) = self.items(object, here);
        let item_selector = self.template(object, selector, here);
        let (processor, execution_type) = self.processor(object, here);
        MapState {
            processor,
            items_path,
            items,
            item_selector,
            max_concurrency,
            tolerated_failure_count,
            tolerated_failure_percentage,
            distributed: self.distributed(execution_type, object, here),
        }
    }

    fn items(&mut self, object: &Map, here: &Here<'_>) -> (Option<Path>, Option<Template>) {
        match here.language {
            QueryLanguage::JsonPath => (self.reference(object, "ItemsPath", here), None),
            QueryLanguage::Jsonata => (None, self.items_template(object, here)),
        }
    }

    /// `Items` must be an array, an object or an expression.
    fn items_template(&mut self, object: &Map, here: &Here<'_>) -> Option<Template> {
        let items = object.get("Items")?;
        let expression = items.as_str().is_some_and(is_expression);
        if !expression && items.as_array().is_none() && items.as_object().is_none() {
            let message = "Value must be an array, an object or a JSONata expression";
            self.findings.schema(here.field("Items"), message);
            return None;
        }
        self.template(object, "Items", here)
    }

    /// The flow of the items, and the type of its executions if it is distributed.
    fn processor(&mut self, object: &Map, here: &Here<'_>) -> (FlowId, Option<ExecutionType>) {
        let old_name = !object.contains_key("ItemProcessor");
        let here = here.field(if old_name { "Iterator" } else { "ItemProcessor" });
        let definition = object.get("ItemProcessor").or_else(|| object.get("Iterator"));
        let Some(definition) = definition.and_then(Value::as_object) else {
            return (0, None);
        };
        self.check(&fields::PROCESSOR, definition, &here);
        let distributed = self.processor_config(definition, &here);
        let kind = distributed.unwrap_or(here.kind);
        if distributed.is_some() {
            self.scopes.close();
        }
        (self.nested_flow(definition, &Here { kind, ..here }), distributed)
    }

    fn processor_config(&mut self, processor: &Map, here: &Here<'_>) -> Option<ExecutionType> {
        let config = self.part(&parts::PROCESSOR_CONFIG, processor, here, "ProcessorConfig")?;
        let here = here.field("ProcessorConfig");
        let word = |field: &str| config.get(field).and_then(Value::as_str);
        if word("Mode") != Some("DISTRIBUTED") {
            return None;
        }
        if here.kind == ExecutionType::Express {
            let message = "Express state machine does not support 'DISTRIBUTED' mode";
            self.findings.schema(here.field("Mode"), message);
        }
        if !config.contains_key("ExecutionType") {
            self.findings.schema(here, required(&["ExecutionType"]));
        }
        Some(match word("ExecutionType") {
            Some("EXPRESS") => ExecutionType::Express,
            _ => ExecutionType::Standard,
        })
    }

    fn distributed(
        &mut self,
        execution_type: Option<ExecutionType>,
        object: &Map,
        here: &Here<'_>,
    ) -> Option<Distributed> {
        let label = self.label(object, &here.field("Label"));
        let item_reader = self.item_reader(object, here);
        let item_batcher = self.item_batcher(object, here);
        let result_writer = self.result_writer(object, here);
        let Some(execution_type) = execution_type else {
            let fields = ["ItemReader", "ItemBatcher", "ResultWriter"];
            for field in fields.into_iter().filter(|field| object.contains_key(*field)) {
                let message = format!("Field '{field}' is only supported in 'DISTRIBUTED' mode");
                self.findings.schema(here.field(field), message);
            }
            return None;
        };
        Some(Distributed { execution_type, label, item_reader, item_batcher, result_writer })
    }

    fn label(&mut self, object: &Map, here: &Here<'_>) -> Option<Name> {
        let label: Name = object.get("Label")?.as_str()?.into();
        if let Some(wrong) = wrong_label(&label) {
            self.findings.schema(here, wrong);
        }
        if !self.labels.insert(label.clone()) {
            self.findings
                .schema(here, format!("Label '{label}' is not unique in the state machine"));
        }
        Some(label)
    }

    fn item_reader(&mut self, object: &Map, here: &Here<'_>) -> Option<Value> {
        let reader = self.part(&parts::ITEM_READER, object, here, "ItemReader")?;
        let here = here.field("ItemReader");
        self.check_s3(reader, &here, &["getObject", "listObjectsV2"]);
        if let Some(config) = self.part(&parts::READER_CONFIG, reader, &here, "ReaderConfig") {
            self.check_reader_config(config, &here.field("ReaderConfig"));
        }
        object.get("ItemReader").cloned()
    }

    fn check_reader_config(&mut self, config: &Map, here: &Here<'_>) {
        self.number(config, "MaxItems", here);
        let given = config.get("CSVHeaderLocation").and_then(Value::as_str) == Some("GIVEN");
        if given && !config.contains_key("CSVHeaders") {
            self.findings.schema(here, required(&["CSVHeaders"]));
        }
        let headers = config.get("CSVHeaders").and_then(Value::as_array).unwrap_or_default();
        let place = here.field("CSVHeaders");
        for (index, _) in headers.iter().enumerate().filter(|(_, name)| name.as_str().is_none()) {
            self.findings.schema(place.item(index), "Expected value of type String");
        }
    }

    fn item_batcher(&mut self, object: &Map, here: &Here<'_>) -> Option<Value> {
        let batcher = self.part(&parts::ITEM_BATCHER, object, here, "ItemBatcher")?;
        let here = here.field("ItemBatcher");
        self.template(batcher, "BatchInput", &here);
        self.number(batcher, "MaxItemsPerBatch", &here);
        self.number(batcher, "MaxInputBytesPerBatch", &here);
        object.get("ItemBatcher").cloned()
    }

    fn result_writer(&mut self, object: &Map, here: &Here<'_>) -> Option<Value> {
        let writer = self.part(&parts::RESULT_WRITER, object, here, "ResultWriter")?;
        let here = here.field("ResultWriter");
        self.check_s3(writer, &here, &["putObject"]);
        self.part(&parts::WRITER_CONFIG, writer, &here, "WriterConfig");
        object.get("ResultWriter").cloned()
    }

    /// The resource and the arguments of a reader or writer.
    fn check_s3(&mut self, part: &Map, here: &Here<'_>, actions: &[&str]) {
        let arn = part.get("Resource").and_then(Value::as_str);
        if arn.is_some_and(|arn| !resource::is_s3_action(arn, actions)) {
            self.findings.schema(here.field("Resource"), "Value is not a valid resource ARN");
        }
        let arguments = match here.language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        self.template(part, arguments, here);
    }
}

/// What is wrong with a label (AWS: Label).
fn wrong_label(label: &str) -> Option<String> {
    if label.is_empty() {
        return Some("Label cannot be empty".to_owned());
    }
    if label.chars().count() > MAX_LABEL {
        return Some(format!("Label cannot exceed {MAX_LABEL} characters"));
    }
    let forbidden =
        |c: &char| c.is_whitespace() || c.is_control() || FORBIDDEN_IN_LABELS.contains(*c);
    let found = label.chars().find(forbidden)?;
    let shown = match found.is_control() {
        true => found.escape_default().to_string(),
        false => found.to_string(),
    };
    Some(format!("Label contains invalid character: '{shown}'"))
}

const MAX_LABEL: usize = 40;
const FORBIDDEN_IN_LABELS: &str = "?*<>{}[]:;,\\|^~$#%&`\"/";
