//! CSV, as it comes in: bytes in, rows of cells out (AWS: ItemReader, CSV).
//!
//! Inside quotes two quotes stand for one; a backslash escapes itself, a quote or the delimiter, and is dropped before
//! anything else. A line without anything is no row.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::expr::{Map, Value};

/// Places and names of columns.
type Columns = Vec<(usize, Arc<str>)>;

/// Rows as objects of strings; a short row is filled up with empty ones, a long one is cut.
#[derive(Debug)]
pub(super) struct Csv {
    delimiter: u8,
    /// Places and names of the columns, or what is wrong with those that are given.
    headers: Option<Result<Columns, &'static str>>,
    quoted: bool,
    /// A backslash, a quote inside quotes or a carriage return whose meaning the next byte decides.
    pending: Option<u8>,
    cell: Vec<u8>,
    row: Vec<String>,
    /// Bytes and cells of the row so far, those included that are cut off.
    size: usize,
    cells: usize,
}

impl Csv {
    /// By `CSVDelimiter`, `CSVHeaderLocation` and `CSVHeaders`.
    pub(super) fn of(config: &Value) -> Csv {
        let delimiter = match config.get("CSVDelimiter").and_then(Value::as_str) {
            Some("PIPE") => b'|',
            Some("SEMICOLON") => b';',
            Some("SPACE") => b' ',
            Some("TAB") => b'\t',
            _ => b',',
        };
        let given = config.get("CSVHeaders").and_then(Value::as_array);
        let headers =
            given.map(|given| ordered(given.iter().filter_map(Value::as_str).map(Arc::from)));
        let (cell, row) = (Vec::new(), Vec::new());
        Csv { delimiter, headers, quoted: false, pending: None, cell, row, size: 0, cells: 0 }
    }

    /// How many columns there are; 0 as long as that is not known.
    pub(super) fn columns(&self) -> usize {
        self.headers().ok().flatten().map_or(0, Vec::len)
    }

    fn headers(&self) -> Result<Option<&Columns>, &'static str> {
        self.headers.as_ref().map(|headers| headers.as_ref().map_err(|wrong| *wrong)).transpose()
    }

    pub(super) fn feed(&mut self, bytes: &[u8], rows: &mut Vec<Value>) -> Result<(), String> {
        self.headers()?;
        bytes.iter().try_for_each(|byte| self.byte(*byte, rows))
    }

    pub(super) fn finish(&mut self, rows: &mut Vec<Value>) -> Result<(), String> {
        if self.pending == Some(b'\r') {
            self.cell.push(b'\r');
        }
        if !self.cell.is_empty() || !self.row.is_empty() {
            self.end_row(rows)?;
        }
        match self.headers()? {
            Some(_) => Ok(()),
            None => Err("The data has no row of headers.".to_owned()),
        }
    }

    fn byte(&mut self, byte: u8, rows: &mut Vec<Value>) -> Result<(), String> {
        self.size += 1;
        super::bounded(self.size)?;
        if self.headers.is_none() && self.size > LARGEST_HEADERS {
            return Err("The row of headers has more than 10 KiB.".to_owned());
        }
        match self.pending.take() {
            Some(b'\\') if [b'\\', b'"', self.delimiter].contains(&byte) => {
                self.cell.push(byte);
                return Ok(());
            }
            Some(b'"') if byte == b'"' => {
                self.cell.push(b'"');
                return Ok(());
            }
            Some(b'"') => self.quoted = false,
            Some(b'\r') if byte != b'\n' => self.cell.push(b'\r'),
            _ => {}
        }
        match byte {
            b'\\' => self.pending = Some(byte),
            b'"' if self.quoted => self.pending = Some(byte),
            b'"' => self.quoted = true,
            b'\r' if !self.quoted => self.pending = Some(byte),
            b'\n' if !self.quoted => self.end_row(rows)?,
            byte if byte == self.delimiter && !self.quoted => self.end_cell()?,
            byte => self.cell.push(byte),
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), String> {
        let cell = String::from_utf8(std::mem::take(&mut self.cell));
        let cell = cell.map_err(|_| super::NO_UTF8.to_owned())?;
        self.cells += 1;
        // Cells beyond the last column are cut off.
        if self.headers.is_none() || self.row.len() < self.columns() {
            self.row.push(cell);
        }
        Ok(())
    }

    fn end_row(&mut self, rows: &mut Vec<Value>) -> Result<(), String> {
        self.end_cell()?;
        self.size = 0;
        let cells = std::mem::take(&mut self.cells);
        let row = std::mem::take(&mut self.row);
        if cells == 1 && row.iter().all(String::is_empty) {
            return Ok(());
        }
        let Some(headers) = self.headers()? else {
            self.headers = Some(ordered(row.into_iter().map(Arc::from)));
            return self.headers().map(drop).map_err(str::to_owned);
        };
        let mut cells: Vec<Option<String>> = row.into_iter().map(Some).collect();
        let mut cell = |at: usize| cells.get_mut(at).and_then(Option::take).unwrap_or_default();
        let members = headers.iter().map(|(at, name)| (name.clone(), Value::from(cell(*at))));
        rows.push(Value::Object(members.collect::<Map>().into()));
        Ok(())
    }
}

/// Columns in the order in which AWS writes them: that of a Java HashMap (recorded), by a hash of the name in a table
/// with room for a third more.
fn ordered(names: impl IntoIterator<Item = Arc<str>>) -> Result<Columns, &'static str> {
    let mut columns: Columns = names.into_iter().enumerate().collect();
    let distinct: BTreeSet<&str> = columns.iter().map(|(_, name)| &**name).collect();
    if distinct.len() < columns.len() {
        return Err(DUPLICATES);
    }
    let mut places = 16u32;
    while columns.len() * 4 > places as usize * 3 {
        places *= 2;
    }
    columns.sort_by_key(|(_, name)| {
        let unit = |hash: u32, unit: u16| hash.wrapping_mul(31).wrapping_add(u32::from(unit));
        let hash = name.encode_utf16().fold(0, unit);
        (hash ^ hash >> 16) & (places - 1)
    });
    Ok(columns)
}

/// As AWS words it; not among the recordings.
const DUPLICATES: &str = "CSV headers cannot contain duplicates.";

/// Bytes of the row of headers (AWS: ItemReader, CSV).
const LARGEST_HEADERS: usize = 10 << 10;
